import type { Job, JobCondition, Pod } from "../../model/index.ts";
import { parseIndexes } from "./indexes.ts";
import { matchFailurePolicy } from "./pod-failure-policy.ts";
import { isFailed, isPerIndex } from "./pods.ts";

/** How a Job ends: the interim condition's type, and what it and the last one say. */
export interface Verdict {
  readonly type: "SuccessCriteriaMet" | "FailureTarget";
  readonly reason: string;
  readonly message: string;
}

export const completionsReached: Verdict = {
  type: "SuccessCriteriaMet",
  reason: "CompletionsReached",
  message: "Reached expected number of succeeded pods",
};

const failure = (reason: string, message: string): Verdict => ({ type: "FailureTarget", reason, message });

export const failedIndexesVerdict = failure("FailedIndexes", "Job has failed indexes");

export interface Counted {
  readonly succeeded: number;
  readonly failed: number;
  readonly succeededIndexes: ReadonlySet<number>;
  readonly failedIndexes: ReadonlySet<number>;
}

export function isFinished({ status }: Job): boolean {
  return condition(status.conditions, "Complete") !== undefined || condition(status.conditions, "Failed") !== undefined;
}

function condition(conditions: readonly JobCondition[] | undefined, type: string): JobCondition | undefined {
  return conditions?.find((candidate) => candidate.type === type && candidate.status === "True");
}

/** Why a Job is over although not all its completions are there; `undefined` while it goes on (syncJob, v1.36). */
export function verdictOf(
  job: Job,
  pods: readonly Pod[],
  counted: Counted,
  runUs: number | undefined,
): Verdict | undefined {
  const { spec, status } = job;
  for (const type of ["SuccessCriteriaMet", "FailureTarget"] as const) {
    const decided = condition(status.conditions, type);
    if (decided !== undefined) return { type, reason: decided.reason ?? "", message: decided.message ?? "" };
  }
  if (spec.podFailurePolicy !== undefined) {
    for (const pod of pods) {
      if (!isFailed(pod, job)) continue;
      const { failJob } = matchFailurePolicy(spec.podFailurePolicy, pod, isPerIndex(job));
      if (failJob !== undefined) return failure("PodFailurePolicy", failJob);
    }
  }
  if (counted.failed > (spec.backoffLimit ?? 6) || restartsExceed(job, pods))
    return failure("BackoffLimitExceeded", "Job has reached the specified backoff limit");
  if (
    runUs !== undefined &&
    spec.activeDeadlineSeconds !== undefined &&
    runUs >= spec.activeDeadlineSeconds * 1_000_000
  )
    return failure("DeadlineExceeded", "Job was active longer than specified deadline");
  if (isPerIndex(job) && spec.maxFailedIndexes !== undefined && counted.failedIndexes.size > spec.maxFailedIndexes)
    return failure("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes");
  return successPolicyVerdict(job, counted.succeededIndexes);
}

/** Containers that are restarted in place count by their restarts. */
function restartsExceed({ spec }: Job, pods: readonly Pod[]): boolean {
  if (spec.template.spec?.restartPolicy !== "OnFailure") return false;
  let restarts = 0;
  for (const { status } of pods) {
    if (status.phase !== "Running" && status.phase !== "Pending") continue;
    for (const { restartCount } of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])])
      restarts += restartCount;
  }
  const { backoffLimit = 6 } = spec;
  return backoffLimit === 0 ? restarts > 0 : restarts >= backoffLimit;
}

function successPolicyVerdict({ spec }: Job, succeeded: ReadonlySet<number>): Verdict | undefined {
  for (const [index, { succeededIndexes, succeededCount }] of (spec.successPolicy?.rules ?? []).entries()) {
    const wanted = succeededIndexes === undefined ? undefined : parseIndexes(succeededIndexes, spec.completions ?? 0);
    const met = wanted === undefined ? succeeded.size : [...wanted].filter((one) => succeeded.has(one)).length;
    const needed = succeededCount ?? wanted?.size ?? Number.POSITIVE_INFINITY;
    if (met >= needed)
      return { type: "SuccessCriteriaMet", reason: "SuccessPolicy", message: `Matched rules at index ${index}` };
  }
  return undefined;
}
