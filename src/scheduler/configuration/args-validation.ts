import {
  CompiledNodeSelector,
  CompiledNodeSelectorTerm,
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  type NodeAffinity,
  notSupported,
  required,
  type TopologySpreadConstraint,
} from "../../model/index.ts";
import type { ResourceWeight, ScoringStrategy } from "../plugins/resource-scores.ts";

type Args = Readonly<Record<string, unknown>>;

/**
 * What validation says about a plugin's arguments. NodeResourcesFit is not here: upstream checks it only when the plugin is made,
 * and so do we.
 */
export function argsErrors(plugin: string, args: unknown, path: string): FieldError[] {
  const given = (args ?? {}) as Args;
  switch (plugin) {
    case "DefaultPreemption":
      return preemptionErrors(given, path);
    case "InterPodAffinity":
      return rangeErrors(given["hardPodAffinityWeight"], 0, 100, `${path}.hardPodAffinityWeight`);
    case "NodeAffinity":
      return affinityErrors(given["addedAffinity"] as NodeAffinity | undefined, `${path}.addedAffinity`);
    case "NodeResourcesBalancedAllocation":
      return balancedErrors((given["resources"] ?? []) as readonly ResourceWeight[], `${path}.resources`);
    case "PodTopologySpread":
      return spreadErrors(given, path);
    case "VolumeBinding":
      return timeoutErrors(given["bindTimeoutSeconds"], `${path}.bindTimeoutSeconds`);
    default:
      return [];
  }
}

function rangeErrors(value: unknown, least: number, most: number, field: string): FieldError[] {
  if (value === undefined || ((value as number) >= least && (value as number) <= most)) return [];
  return [invalid(field, value, `not in valid range [${least}-${most}]`)];
}

function preemptionErrors(args: Args, path: string): FieldError[] {
  const percentage = (args["minCandidateNodesPercentage"] ?? 10) as number;
  const absolute = (args["minCandidateNodesAbsolute"] ?? 100) as number;
  const [percentageField, absoluteField] = [`${path}.minCandidateNodesPercentage`, `${path}.minCandidateNodesAbsolute`];
  const errors: FieldError[] = [];
  if (percentage < 0 || percentage > 100)
    errors.push(invalid(percentageField, percentage, "not in valid range [0, 100]"));
  if (absolute < 0) errors.push(invalid(absoluteField, absolute, "not in valid range [0, inf)"));
  if (percentage === 0 && absolute === 0) {
    const detail = (other: string): string => `cannot be zero at the same time as ${other}`;
    errors.push(invalid(percentageField, percentage, detail("minCandidateNodesAbsolute")));
    errors.push(invalid(absoluteField, absolute, detail("minCandidateNodesPercentage")));
  }
  return errors;
}

function affinityErrors(affinity: NodeAffinity | undefined, path: string): FieldError[] {
  const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const errors: FieldError[] = [];
  if (required !== undefined) {
    const field = `${path}.requiredDuringSchedulingIgnoredDuringExecution`;
    errors.push(...new CompiledNodeSelector(required, field).errors);
  }
  for (const [index, { preference }] of (affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    const field = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
    errors.push(...new CompiledNodeSelectorTerm(preference, field).errors);
  }
  return errors;
}

function balancedErrors(resources: readonly ResourceWeight[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, { name, weight }] of resources.entries()) {
    if (weight !== undefined && weight !== 1) {
      errors.push(invalid(`${path}[${index}].weight`, weight, `resource weight of ${name} should be 1`));
    }
    if (seen.has(name)) errors.push(duplicate(`${path}[${index}].name`, name));
    seen.add(name);
  }
  return errors;
}

const actions = ["DoNotSchedule", "ScheduleAnyway"];

function spreadErrors(args: Args, path: string): FieldError[] {
  const constraints = (args["defaultConstraints"] ?? []) as readonly TopologySpreadConstraint[];
  const defaultingType = (args["defaultingType"] ?? "System") as string;
  const field = `${path}.defaultConstraints`;
  const errors: FieldError[] = [];
  if (defaultingType !== "System" && defaultingType !== "List") {
    errors.push(notSupported(`${path}.defaultingType`, defaultingType, ["System", "List"]));
  }
  if (defaultingType === "System" && constraints.length > 0) {
    errors.push(invalid(field, constraints, 'when .defaultingType is "System"'));
  }
  for (const [index, constraint] of constraints.entries()) {
    const at = `${field}[${index}]`;
    if (constraint.maxSkew <= 0)
      errors.push(invalid(`${at}.maxSkew`, constraint.maxSkew, "not in valid range (0, inf)"));
    if (!constraint.topologyKey) errors.push(required(`${at}.topologyKey`, "can not be empty"));
    if (!constraint.whenUnsatisfiable) errors.push(required(`${at}.whenUnsatisfiable`, "can not be empty"));
    else if (!actions.includes(constraint.whenUnsatisfiable)) {
      errors.push(notSupported(`${at}.whenUnsatisfiable`, constraint.whenUnsatisfiable, actions));
    }
    if (constraint.labelSelector !== undefined) {
      errors.push(
        forbidden(`${at}.labelSelector`, "constraint must not define a selector, as they deduced for each pod"),
      );
    }
    const same = constraints.findIndex(
      ({ topologyKey, whenUnsatisfiable }) =>
        topologyKey === constraint.topologyKey && whenUnsatisfiable === constraint.whenUnsatisfiable,
    );
    if (same < index) errors.push(duplicate(at, `{${constraint.topologyKey}, ${constraint.whenUnsatisfiable}}`));
  }
  return errors;
}

function timeoutErrors(seconds: unknown, field: string): FieldError[] {
  if (seconds === undefined || (seconds as number) >= 0) return [];
  return [invalid(field, seconds, "invalid BindTimeoutSeconds, should not be a negative value")];
}

const strategies = ["LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"];

/** What NodeResourcesFit says about its arguments when it is made. */
export function fitArgsErrors(args: {
  readonly ignoredResources?: readonly string[];
  readonly ignoredResourceGroups?: readonly string[];
  readonly scoringStrategy?: ScoringStrategy;
}): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, group] of (args.ignoredResourceGroups ?? []).entries()) {
    if (group.includes("/")) {
      errors.push(invalid(`ignoredResourceGroups[${index}]`, group, "resource group name can't contain '/'"));
    }
  }
  const strategy = args.scoringStrategy;
  if (strategy === undefined) return errors;
  if (strategy.type !== undefined && !strategies.includes(strategy.type)) {
    errors.push(notSupported("scoringStrategy.type", strategy.type, strategies));
  }
  for (const [index, { name, weight = 1 }] of (strategy.resources ?? []).entries()) {
    if (weight > 0 && weight <= 100) continue;
    const detail = `resource weight of ${name} not in valid range (0, 100]`;
    errors.push(invalid(`scoringStrategy.resources[${index}].weight`, weight, detail));
  }
  if (strategy.type === "RequestedToCapacityRatio") errors.push(...shapeErrors(strategy));
  return errors;
}

function shapeErrors({ requestedToCapacityRatio }: ScoringStrategy): FieldError[] {
  const path = "scoringStrategy.requestedToCapacityRatio.shape";
  const shape = requestedToCapacityRatio?.shape ?? [];
  if (shape.length === 0) return [required(path, "at least one point must be specified")];
  const errors: FieldError[] = [];
  for (const [index, { utilization, score }] of shape.entries()) {
    const field = `${path}[${index}]`;
    if (utilization < 0 || utilization > 100) {
      errors.push(invalid(`${field}.utilization`, utilization, "not in valid range [0-100]"));
    }
    if (index > 0 && shape[index - 1]!.utilization >= utilization) {
      errors.push(invalid(`${field}.utilization`, utilization, "values must be sorted in increasing order"));
    }
    if (score < 0 || score > 10) errors.push(invalid(`${field}.score`, score, "not in valid range [0-10]"));
  }
  return errors;
}
