// Writes src/model/generated/api-fields.ts: every field of the kinds below, as decoding, defaulting and patching need it:
//   node scripts/generate-api-fields.mjs DIRECTORY-OF-OPENAPI-V3 TEMPLATE-HASH.TYPES.JSON
// The OpenAPI documents do not say which scalars are Go pointers (whose zero values are kept); for what stands in a pod template
// the recorded Go types do, for the rest the list below does.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const groups = [
  "api__v1",
  "apis__apps__v1",
  "apis__batch__v1",
  "apis__autoscaling__v1",
  "apis__autoscaling__v2",
  "apis__policy__v1",
  "apis__discovery.k8s.io__v1",
  "apis__scheduling.k8s.io__v1",
  "apis__storage.k8s.io__v1",
  "apis__coordination.k8s.io__v1",
  "apis__networking.k8s.io__v1",
  "apis__rbac.authorization.k8s.io__v1",
  "apis__node.k8s.io__v1",
  "apis__admissionregistration.k8s.io__v1",
  "apis__apiextensions.k8s.io__v1",
];
const skipped = /List$|^(APIGroup|APIResource|Status|WatchEvent|DeleteOptions|TokenRequest|CustomResourceDefinition)/;

/** Scalars that are pointers outside pod templates: `Type.field`, or `*.field` for all types that have it. */
const pointers = new Set(
  `
  *.replicas *.revisionHistoryLimit *.progressDeadlineSeconds *.partition *.parallelism *.completions *.backoffLimit
  *.backoffLimitPerIndex *.maxFailedIndexes *.manualSelector *.ttlSecondsAfterFinished *.suspend *.completionMode
  *.podReplacementPolicy *.managedBy *.activeDeadlineSeconds *.startingDeadlineSeconds *.successfulJobsHistoryLimit
  *.failedJobsHistoryLimit *.timeZone *.minReplicas *.averageUtilization *.stabilizationWindowSeconds *.selectPolicy
  *.unhealthyPodEvictionPolicy *.internalTrafficPolicy *.allocateLoadBalancerNodePorts *.loadBalancerClass *.ipFamilyPolicy
  *.timeoutSeconds *.trafficDistribution *.appProtocol *.ingressClassName *.pathType *.endPort *.storageClassName *.volumeMode
  *.volumeAttributesClassName *.reclaimPolicy *.allowVolumeExpansion *.volumeBindingMode *.preemptionPolicy *.holderIdentity
  *.leaseDurationSeconds *.leaseTransitions *.immutable *.automountServiceAccountToken *.deletionGracePeriodSeconds
  *.controller *.blockOwnerDeletion *.apiGroup *.ready *.serving *.terminating *.hostname *.nodeName *.zone *.attachRequired
  *.podInfoOnMount *.storageCapacity *.fsGroupPolicy *.requiresRepublish *.seLinuxMount *.expirationSeconds *.failurePolicy
  *.matchPolicy *.sideEffects *.reinvocationPolicy *.scope *.started *.collisionCount *.succeededCount *.succeededIndexes *.allocatedResourcesStatus *.terminatingReplicas
  EndpointPort.name EndpointPort.port EndpointPort.protocol NetworkPolicyPort.protocol JobStatus.ready JobStatus.terminating
  PersistentVolumeClaimStatus.currentVolumeAttributesClassName PodFailurePolicyOnExitCodesRequirement.containerName
  HorizontalPodAutoscalerStatus.observedGeneration HorizontalPodAutoscalerSpec.targetCPUUtilizationPercentage
  IngressClassParametersReference.namespace PodStatus.startTime ContainerStatus.started PortStatus.error CSINodeDriver.count
  VolumeNodeResources.count
`
    .trim()
    .split(/\s+/),
);
const values = new Set([
  "ReplicaSetStatus.replicas",
  "DeploymentStatus.replicas",
  "StatefulSetStatus.replicas",
  "ReplicationControllerStatus.replicas",
  "IngressClassSpec.controller",
  "ContainerStatus.ready",
  "IngressPortStatus.error",
  "EndpointAddress.hostname",
  "LoadBalancerIngress.hostname",
  "ScaleSpec.replicas",
  "ScaleStatus.replicas",
  "ReplicaSetStatus.terminatingReplicas",
]);
values.delete("ReplicaSetStatus.terminatingReplicas");

const [, , directory, typesFile] = process.argv;
const goStructs = JSON.parse(readFileSync(typesFile, "utf8")).structs;
const definitions = {};
const kinds = new Map();
for (const file of readdirSync(directory).sort()) {
  if (!groups.includes(file.replace(/\.json$/, ""))) continue;
  const { schemas } = JSON.parse(readFileSync(join(directory, file), "utf8")).components;
  for (const [id, schema] of Object.entries(schemas)) {
    definitions[id] = schema;
    for (const { group, version, kind } of schema["x-kubernetes-group-version-kind"] ?? []) {
      const own = file === (group === "" ? `api__${version}.json` : `apis__${group}__${version}.json`);
      if (own && !skipped.test(kind) && schema.properties?.kind !== undefined)
        kinds.set(`${group === "" ? "" : `${group}/`}${version} ${kind}`, id);
    }
  }
}

const names = new Map();
/** A short name of a definition; the later of two that share one gets its group in front. */
function nameOf(id) {
  const known = names.get(id);
  if (known !== undefined) return known;
  const parts = id.split(".");
  const short = parts.at(-1);
  const taken = [...names.values()].includes(short);
  names.set(id, taken ? `${parts.at(-3)}.${parts.at(-2)}.${short}` : short);
  pending.push(id);
  return names.get(id);
}

const pending = [];
const special = {
  "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "intOrString",
  "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "time",
  "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "microTime",
  "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "raw",
  "io.k8s.apimachinery.pkg.runtime.RawExtension": "raw",
};

function typeOf(schema) {
  const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
  if (reference !== undefined) {
    const id = reference.split("/").at(-1);
    return special[id] ?? nameOf(id);
  }
  if (schema.type === "array") return `[]${typeOf(schema.items)}`;
  if (schema.type === "object")
    return schema.additionalProperties === undefined ? "raw" : `{}${typeOf(schema.additionalProperties)}`;
  if (schema.type === "string") return schema.format === "byte" ? "bytes" : "string";
  if (schema.type === "integer") return schema.format ?? "int64";
  return { boolean: "bool", number: "double" }[schema.type] ?? "raw";
}

/** A default that is no zero is applied by the API server and says nothing about what Go writes. */
const zeros = new Set(['""', "0", "false", "{}"]);

function flagsOf(typeName, field, schema, type, required) {
  const go = goStructs[`v1.${typeName}`]?.find(({ json }) => json?.split(",")[0] === field);
  const scalar = /^(string|int32|int64|bool|double|intOrString|quantity|time|microTime)$/.test(type);
  let flags = "";
  const structValue = schema.default !== undefined && !scalar && !/^(\[\]|\{\}|raw)/.test(type);
  const omitted = go?.json.includes("omitempty") || typeName === "ReplicationControllerSpec"; // Its 0 is a default of the server's.
  const written =
    structValue ||
    (!omitted && zeros.has(JSON.stringify(schema.default))) ||
    (required && !(go?.json.includes("omitempty") ?? false));
  if (written) flags += "!";
  if (scalar) {
    const pointer =
      go !== undefined
        ? go.kind === "ptr"
        : !values.has(`${typeName}.${field}`) && (pointers.has(`*.${field}`) || pointers.has(`${typeName}.${field}`));
    if (pointer) flags += "*";
  } else if (!structValue && !/^(\[\]|\{\}|raw)/.test(type)) flags += "*";
  if (typeName === "HPAScalingRules" && field === "policies") flags += "*"; // An empty list is not the same as none.
  const strategy = schema["x-kubernetes-patch-strategy"] ?? "";
  if (strategy.includes("merge")) flags += `@${schema["x-kubernetes-patch-merge-key"] ?? ""}`;
  if (strategy.includes("retainKeys")) flags += "%";
  return flags;
}

const kindLines = [...kinds].sort().map(([kind, id]) => `  ["${kind}", "${nameOf(id)}"],`);
const structLines = new Map();
while (pending.length > 0) {
  const id = pending.shift();
  const name = nameOf(id);
  const definition = definitions[id];
  const required = new Set(definition.required ?? []);
  const fields = Object.entries(definition.properties ?? {}).map(([field, schema]) => {
    const type = typeOf(schema);
    const flags = flagsOf(id.split(".").at(-1), field, schema, type, required.has(field));
    return `${field} ${type}${flags === "" ? "" : ` ${flags}`}`;
  });
  structLines.set(name, `  ["${name}", ${JSON.stringify(fields.join("; "))}],`);
}

writeFileSync(
  "src/model/generated/api-fields.ts",
  `// Generated by scripts/generate-api-fields.mjs from the OpenAPI documents of kube-apiserver v1.36.2. Do not edit.

/** Structs by "apiVersion kind". */
export const structOfKind: ReadonlyMap<string, string> = new Map([
${kindLines.join("\n")}
]);

/**
 * Fields of each struct: name, type, flags. Types: \`[]\` list of, \`{}\` map to. Flags: \`!\` written even when empty, \`*\` a pointer
 * (zero values are kept), \`@key\` merged by that key (\`@\` alone: a set) in strategic merge patches, \`%\` retains given keys only.
 */
export const structFields: ReadonlyMap<string, string> = new Map([
${[...structLines.entries()]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([, line]) => line)
  .join("\n")}
]);
`,
);
