import type { CronJob, Job, JobSpec } from "../generated/api-types.ts";
import type { Draft } from "./draft.ts";
import { defaultPodTemplate } from "./pod.ts";

const maxInt32 = 2_147_483_647;

export function defaultJob({ metadata, spec }: Draft<Job>): void {
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  // Failures are counted per index then, and the Job as a whole has no limit of its own.
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : maxInt32;
  const labels = spec.template.metadata?.labels;
  if (labels !== undefined) metadata.labels ??= { ...labels };
  spec.completionMode ??= "NonIndexed";
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy === undefined ? "TerminatingOrFailed" : "Failed";
  spec.manualSelector ??= false;
  defaultJobTemplate(spec);
}

/** What a Job's spec gets wherever it stands; a CronJob's template gets no more than this. */
function defaultJobTemplate(spec: Draft<JobSpec>): void {
  defaultPodTemplate(spec.template);
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= "True";
  }
}

export function defaultCronJob({ spec }: Draft<CronJob>): void {
  spec.concurrencyPolicy ??= "Allow";
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= 3;
  spec.failedJobsHistoryLimit ??= 1;
  if (spec.jobTemplate.spec !== undefined) defaultJobTemplate(spec.jobTemplate.spec);
}
