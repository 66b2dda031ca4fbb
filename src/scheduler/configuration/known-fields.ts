import { ConfigurationError, extensionPoints } from "./kube-scheduler-configuration.ts";

/** What may stand at a place: a scalar's type, a list of something, fields by name, or anything. */
type Shape =
  | "integer"
  | "number"
  | "string"
  | "boolean"
  | "any"
  | { readonly list: Shape }
  | { readonly fields: Fields };
type Fields = Readonly<Record<string, Shape>>;

const pluginList: Shape = { list: { fields: { name: "string", weight: "integer" } } };
const pluginSet: Shape = { fields: { enabled: pluginList, disabled: pluginList } };
const resources: Shape = { list: { fields: { name: "string", weight: "integer" } } };

const requirement: Shape = { fields: { key: "string", operator: "string", values: { list: "string" } } };
const selectorTerm: Shape = {
  fields: { matchExpressions: { list: requirement }, matchFields: { list: requirement } },
};
const nodeAffinity: Shape = {
  fields: {
    requiredDuringSchedulingIgnoredDuringExecution: { fields: { nodeSelectorTerms: { list: selectorTerm } } },
    preferredDuringSchedulingIgnoredDuringExecution: {
      list: { fields: { weight: "integer", preference: selectorTerm } },
    },
  },
};
const spreadConstraint: Shape = {
  fields: {
    maxSkew: "integer",
    topologyKey: "string",
    whenUnsatisfiable: "string",
    labelSelector: { fields: { matchLabels: "any", matchExpressions: { list: requirement } } },
    minDomains: "integer",
    nodeAffinityPolicy: "string",
    nodeTaintsPolicy: "string",
    matchLabelKeys: { list: "string" },
  },
};

const utilizationShape: Shape = { list: { fields: { utilization: "integer", score: "integer" } } };
const versioned: Fields = { apiVersion: "string", kind: "string" };

/** Arguments of the in-tree plugins; those of other plugins may hold anything. */
const args: Readonly<Record<string, Shape>> = {
  DefaultPreemption: {
    fields: { ...versioned, minCandidateNodesPercentage: "integer", minCandidateNodesAbsolute: "integer" },
  },
  InterPodAffinity: {
    fields: { ...versioned, hardPodAffinityWeight: "integer", ignorePreferredTermsOfExistingPods: "boolean" },
  },
  NodeAffinity: { fields: { ...versioned, addedAffinity: nodeAffinity } },
  NodeResourcesBalancedAllocation: { fields: { ...versioned, resources } },
  NodeResourcesFit: {
    fields: {
      ...versioned,
      ignoredResources: { list: "string" },
      ignoredResourceGroups: { list: "string" },
      scoringStrategy: {
        fields: { type: "string", resources, requestedToCapacityRatio: { fields: { shape: utilizationShape } } },
      },
    },
  },
  PodTopologySpread: {
    fields: { ...versioned, defaultConstraints: { list: spreadConstraint }, defaultingType: "string" },
  },
  VolumeBinding: { fields: { ...versioned, bindTimeoutSeconds: "integer", shape: utilizationShape } },
  DynamicResources: { fields: { ...versioned, filterTimeout: "string", bindingTimeout: "string" } },
};

const profile: Shape = {
  fields: {
    schedulerName: "string",
    percentageOfNodesToScore: "integer",
    plugins: { fields: Object.fromEntries([...extensionPoints, "multiPoint"].map((point) => [point, pluginSet])) },
    pluginConfig: { list: { fields: { name: "string", args: "any" } } },
  },
};

const configuration: Shape = {
  fields: {
    ...versioned,
    parallelism: "integer",
    leaderElection: "any",
    clientConnection: {
      fields: {
        kubeconfig: "string",
        acceptContentTypes: "string",
        contentType: "string",
        qps: "number",
        burst: "integer",
      },
    },
    enableProfiling: "boolean",
    enableContentionProfiling: "boolean",
    percentageOfNodesToScore: "integer",
    podInitialBackoffSeconds: "integer",
    podMaxBackoffSeconds: "integer",
    profiles: { list: profile },
    extenders: { list: "any" },
    delayCacheUntilActive: "boolean",
  },
};

/** Refuses fields that upstream's strict decoder does not know, and values of another type. */
export function checkFields(input: object): void {
  check(input, configuration, "");
  const profiles = (input as { profiles?: readonly { pluginConfig?: readonly { name?: string; args?: unknown }[] }[] })
    .profiles;
  for (const [index, { pluginConfig = [] }] of (profiles ?? []).entries()) {
    for (const [at, config] of pluginConfig.entries()) {
      const shape = config.name === undefined ? undefined : args[config.name];
      if (shape !== undefined) check(config.args, shape, `profiles[${index}].pluginConfig[${at}].args`);
    }
  }
}

function check(value: unknown, shape: Shape, path: string): void {
  if (value === undefined || value === null || shape === "any") return;
  if (typeof shape === "string") {
    if (!hasType(value, shape)) throw wrongType(value, shape, path);
  } else if ("list" in shape) {
    if (!Array.isArray(value)) throw wrongType(value, "array", path);
    for (const [index, item] of value.entries()) check(item, shape.list, `${path}[${index}]`);
  } else {
    if (typeof value !== "object" || Array.isArray(value)) throw wrongType(value, "object", path);
    for (const [name, child] of Object.entries(value)) {
      const at = path === "" ? name : `${path}.${name}`;
      const field = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
      if (field === undefined) {
        throw new ConfigurationError("decode", at, `strict decoding error: unknown field "${at}"`);
      }
      check(child, field, at);
    }
  }
}

function hasType(value: unknown, type: string): boolean {
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
}

function wrongType(value: unknown, type: string, path: string): ConfigurationError {
  const got = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
  const message = `json: cannot unmarshal ${got} into Go struct field KubeSchedulerConfiguration.${path} of type ${type}`;
  return new ConfigurationError("decode", path, message);
}
