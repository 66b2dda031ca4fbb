import { apiStruct, structOf } from "./api-schema.ts";
import { decodeObject, type JsonObject } from "./decode.ts";
import type { Pod, PodStatus } from "./generated/api-types.ts";
import { kindInfos } from "./kinds.ts";
import { qosClass } from "./qos.ts";

/** What the server knows when it creates an object. */
export interface CreationContext {
  readonly uid: string;
  /** API time of the request. */
  readonly now: string;
  /** From the request's path, for objects that name none. */
  readonly namespace?: string;
}

/** Kinds whose registry strategy counts generations; the others never have one. */
const kindsWithGeneration: ReadonlySet<string> = new Set([
  "Pod",
  "Deployment",
  "ReplicaSet",
  "StatefulSet",
  "DaemonSet",
  "ReplicationController",
  "Job",
  "CronJob",
  "PodDisruptionBudget",
  "EndpointSlice",
  "NetworkPolicy",
  "Ingress",
  "IngressClass",
  "PriorityClass",
  "ValidatingWebhookConfiguration",
  "MutatingWebhookConfiguration",
]);

/** Whether the kind's `metadata.generation` starts at 1 and counts changes of the spec; custom resources always do. */
export function countsGenerations(apiVersion: string, kind: string): boolean {
  return kindsWithGeneration.has(kind) || structOf(apiVersion, kind) === undefined;
}

const clusterScoped: ReadonlySet<string> = new Set([
  ...Object.entries(kindInfos).flatMap(([kind, { namespaced }]) => (namespaced ? [] : [kind])),
  ..."ClusterRole ClusterRoleBinding IngressClass RuntimeClass VolumeAttributesClass".split(" "),
  ..."ValidatingWebhookConfiguration MutatingWebhookConfiguration CustomResourceDefinition".split(" "),
]);

/** Whether objects of the kind live in namespaces; custom resources do unless they say otherwise. */
export function isNamespaced(kind: string): boolean {
  return !clusterScoped.has(kind);
}

/**
 * What a registry strategy makes of a defaulted object before it is validated and stored: status is the server's, generation starts,
 * Jobs get their selector. Name, uid, resourceVersion and creationTimestamp are the store's to give.
 */
export function prepareForCreate(object: JsonObject, context: CreationContext): JsonObject {
  const kind = object["kind"] as string;
  const { generation, deletionTimestamp, deletionGracePeriodSeconds, ...given } = (object["metadata"] ??
    {}) as JsonObject;
  const metadata: JsonObject = { ...given };
  if (!clusterScoped.has(kind) && context.namespace !== undefined) metadata["namespace"] ??= context.namespace;
  if (countsGenerations(object["apiVersion"] as string, kind)) metadata["generation"] = 1;
  const prepared: JsonObject = convertThroughInternal({ ...object, metadata });
  const struct = structOf(object["apiVersion"] as string, kind);
  if (struct !== undefined && apiStruct(struct).has("status") && kind !== "Node" && kind !== "Pod") {
    const empty = decodeObject({ apiVersion: object["apiVersion"], kind, metadata: {} }).object["status"];
    if (empty !== undefined) prepared["status"] = empty;
  }
  strategies.get(kind)?.(prepared, context);
  return prepared;
}

/** Fields that only differ because every object passes through the internal version. */
function convertThroughInternal(object: JsonObject): JsonObject {
  const spec = object["spec"] as JsonObject | undefined;
  switch (object["kind"]) {
    case "Pod":
      return { ...object, spec: withServiceAccount(spec!) };
    case "Deployment":
    case "ReplicaSet":
    case "StatefulSet":
    case "DaemonSet":
    case "Job":
    case "ReplicationController":
      return { ...object, spec: withTemplate(spec!) };
    case "CronJob": {
      const jobTemplate = spec!["jobTemplate"] as JsonObject;
      const job = withTemplate(jobTemplate["spec"] as JsonObject);
      return { ...object, spec: { ...spec, jobTemplate: { ...jobTemplate, spec: job } } };
    }
    case "Secret":
      return withStringData(object);
    default:
      return { ...object };
  }
}

function withTemplate(spec: JsonObject): JsonObject {
  const template = spec["template"] as JsonObject | undefined;
  if (template?.["spec"] === undefined) return { ...spec };
  return { ...spec, template: { ...template, spec: withServiceAccount(template["spec"] as JsonObject) } };
}

/** The deprecated `serviceAccount` always equals `serviceAccountName`. */
function withServiceAccount(spec: JsonObject): JsonObject {
  const name = spec["serviceAccountName"] ?? spec["serviceAccount"];
  return name === undefined ? { ...spec } : { ...spec, serviceAccountName: name, serviceAccount: name };
}

function withStringData({ stringData, ...secret }: JsonObject): JsonObject {
  if (stringData === undefined) return secret;
  const data = { ...((secret["data"] ?? {}) as JsonObject) };
  for (const [key, text] of Object.entries(stringData as Record<string, string>)) data[key] = base64(text);
  return { ...secret, data };
}

/** Standard base64 of a text's UTF-8 bytes. */
export function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

const strategies: ReadonlyMap<string, (object: JsonObject, context: CreationContext) => void> = new Map([
  ["Pod", preparePod],
  ["Job", prepareJob],
  ["StatefulSet", prepareStatefulSet],
  ["DaemonSet", prepareDaemonSet],
  ["Namespace", prepareNamespace],
  ["PersistentVolume", preparePersistentVolume],
]);

function preparePod(pod: JsonObject, { now }: CreationContext): void {
  const spec = pod["spec"] as JsonObject;
  if ((spec["terminationGracePeriodSeconds"] as number) < 0) spec["terminationGracePeriodSeconds"] = 1;
  pod["status"] = initialPodStatus(pod as never, now);
}

/** A new pod's status: gates say at once that it is not to be scheduled. */
export function initialPodStatus(pod: Pick<Pod, "spec">, now: string): PodStatus {
  const status: PodStatus = { phase: "Pending", qosClass: qosClass(pod) };
  if ((pod.spec.schedulingGates ?? []).length === 0) return status;
  const message = "Scheduling is blocked due to non-empty scheduling gates";
  const gated = { type: "PodScheduled", status: "False", lastTransitionTime: now, reason: "SchedulingGated", message };
  return { ...status, conditions: [gated] };
}

/** The selector is the Job's uid unless the user manages selectors; the old label names are kept beside the new ones. */
function prepareJob(job: JsonObject, { uid }: CreationContext): void {
  const spec = job["spec"] as JsonObject;
  if (spec["manualSelector"] === true) return;
  const name = (job["metadata"] as JsonObject)["name"];
  const template = { ...(spec["template"] as JsonObject) };
  const metadata = { ...((template["metadata"] ?? {}) as JsonObject) };
  const ours = { "controller-uid": uid, "batch.kubernetes.io/controller-uid": uid };
  const names = { "job-name": name, "batch.kubernetes.io/job-name": name };
  metadata["labels"] = { ...(metadata["labels"] as JsonObject | undefined), ...ours, ...names };
  template["metadata"] = metadata;
  const selector = { ...(spec["selector"] as JsonObject | undefined) };
  const matchLabels = { ...(selector["matchLabels"] as JsonObject | undefined) };
  selector["matchLabels"] = { ...matchLabels, "batch.kubernetes.io/controller-uid": uid };
  Object.assign(spec, { template, selector });
}

function prepareStatefulSet(set: JsonObject): void {
  const spec = set["spec"] as JsonObject;
  const strategy = spec["updateStrategy"] as JsonObject | undefined;
  const rolling = strategy?.["rollingUpdate"] as JsonObject | undefined;
  if (rolling?.["maxUnavailable"] !== undefined) {
    const { maxUnavailable: _gatedOff, ...rest } = rolling; // MaxUnavailableStatefulSet is off by default.
    spec["updateStrategy"] = { ...strategy, rollingUpdate: rest };
  }
  const claims = spec["volumeClaimTemplates"] as JsonObject[] | undefined;
  if (claims === undefined) return;
  spec["volumeClaimTemplates"] = claims.map((claim) => ({ ...claim, apiVersion: "v1", kind: "PersistentVolumeClaim" }));
}

function prepareDaemonSet(set: JsonObject): void {
  const metadata = set["metadata"] as JsonObject;
  const annotations = metadata["annotations"] as JsonObject | undefined;
  metadata["annotations"] = { ...annotations, "deprecated.daemonset.template.generation": "1" };
}

function prepareNamespace(namespace: JsonObject): void {
  const spec = (namespace["spec"] ?? {}) as JsonObject;
  const finalizers = (spec["finalizers"] ?? []) as string[];
  if (!finalizers.includes("kubernetes")) namespace["spec"] = { ...spec, finalizers: [...finalizers, "kubernetes"] };
  namespace["status"] = { phase: "Active" };
}

function preparePersistentVolume(volume: JsonObject, { now }: CreationContext): void {
  volume["status"] = { phase: "Pending", lastPhaseTransitionTime: now };
}
