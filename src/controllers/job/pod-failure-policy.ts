import {
  type ContainerStatus,
  keyOf,
  type Pod,
  type PodFailurePolicy,
  type PodFailurePolicyRule,
} from "../../model/index.ts";

export interface PolicyMatch {
  /** `undefined` when no rule speaks of the pod. */
  readonly action: string | undefined;
  /** Whether the failure counts against the back-off limit. */
  readonly counts: boolean;
  /** Why the Job fails, for FailJob. */
  readonly failJob?: string;
}

/** The first rule that matches a failed pod decides (matchPodFailurePolicy, v1.36). */
export function matchFailurePolicy(policy: PodFailurePolicy | undefined, pod: Pod, perIndex: boolean): PolicyMatch {
  for (const [index, rule] of (policy?.rules ?? []).entries()) {
    const why = matches(rule, pod);
    if (why === undefined) continue;
    if (rule.action === "FailIndex" && !perIndex) continue;
    const failJob = `${why} matching FailJob rule at index ${index}`;
    return { action: rule.action, counts: rule.action !== "Ignore", ...(rule.action === "FailJob" && { failJob }) };
  }
  return { action: undefined, counts: true };
}

function matches({ onExitCodes, onPodConditions }: PodFailurePolicyRule, pod: Pod): string | undefined {
  if (onExitCodes !== undefined) {
    const { containerStatuses = [], initContainerStatuses = [] } = pod.status;
    const wanted = ({ name, state }: ContainerStatus): boolean => {
      const code = state?.terminated?.exitCode;
      if (code === undefined || code === 0) return false;
      if (onExitCodes.containerName !== undefined && onExitCodes.containerName !== name) return false;
      return onExitCodes.values.includes(code) === (onExitCodes.operator === "In");
    };
    const found = [...containerStatuses, ...initContainerStatuses].find(wanted);
    if (found === undefined) return undefined;
    return `Container ${found.name} for pod ${keyOf(pod)} failed with exit code ${found.state!.terminated!.exitCode}`;
  }
  for (const { type, status = "True" } of onPodConditions ?? []) {
    const there = (pod.status.conditions ?? []).some(
      (condition) => condition.type === type && condition.status === status,
    );
    if (there) return `Pod ${keyOf(pod)} has condition ${type}`;
  }
  return undefined;
}
