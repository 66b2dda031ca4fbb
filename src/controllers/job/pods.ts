import type { NewObject } from "../../apiserver/index.ts";
import type { Job, Pod, PodSpec } from "../../model/index.ts";
import { podFromTemplate } from "../pod-control.ts";
import {
  failureCountAnnotation,
  failuresBefore,
  ignoredFailureCountAnnotation,
  ignoredFailuresBefore,
  indexAnnotation,
} from "./indexes.ts";
import { matchFailurePolicy } from "./pod-failure-policy.ts";

/** Holds a pod until the Job has counted it. */
export const trackingFinalizer = "batch.kubernetes.io/job-tracking";

export function isTracked({ metadata }: Pod): boolean {
  return metadata.finalizers?.includes(trackingFinalizer) === true;
}

export function isIndexed({ spec }: Job): boolean {
  return spec.completionMode === "Indexed";
}

export function isPerIndex(job: Job): boolean {
  return isIndexed(job) && job.spec.backoffLimitPerIndex !== undefined;
}

/** Whether a pod is replaced only once it has really ended. */
export function replacesOnlyFailed({ spec }: Job): boolean {
  return spec.podReplacementPolicy === "Failed";
}

/** Pods that are being deleted count as failed, unless the Job waits for their real end. */
export function isFailed(pod: Pod, job: Job): boolean {
  if (pod.status.phase === "Failed") return true;
  if (replacesOnlyFailed(job)) return false;
  return pod.metadata.deletionTimestamp !== undefined && pod.status.phase !== "Succeeded";
}

/** The next pod of a Job; for an Indexed one of that index, in the place of `replaced`. */
export function jobPod(job: Job, index: number | undefined, replaced: Pod | undefined): NewObject {
  const pod = podFromTemplate(job, job.spec.template);
  const finalizers = [...(pod.metadata.finalizers ?? []), trackingFinalizer];
  if (index === undefined) return { ...pod, metadata: { ...pod.metadata, finalizers } };
  const name = `${job.metadata.name}-${index}`;
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      generateName: `${name}-`,
      labels: { ...pod.metadata.labels, [indexAnnotation]: `${index}` },
      annotations: {
        ...pod.metadata.annotations,
        [indexAnnotation]: `${index}`,
        ...(isPerIndex(job) && failureCounts(job, replaced)),
      },
      finalizers,
    },
    spec: indexedSpec(pod.spec as PodSpec, name),
  };
}

function failureCounts(job: Job, replaced: Pod | undefined): Record<string, string> {
  if (replaced === undefined) return { [failureCountAnnotation]: "0" };
  const { action } = matchFailurePolicy(job.spec.podFailurePolicy, replaced, true);
  const [counted, ignored] = action === "Ignore" ? [0, 1] : [1, 0];
  const ignoredCount = ignoredFailuresBefore(replaced) + ignored;
  return {
    [failureCountAnnotation]: `${failuresBefore(replaced) + counted}`,
    ...(ignoredCount > 0 && { [ignoredFailureCountAnnotation]: `${ignoredCount}` }),
  };
}

function indexedSpec(spec: PodSpec, hostname: string): PodSpec {
  const fieldPath = `metadata.labels['${indexAnnotation}']`;
  const variable = { name: "JOB_COMPLETION_INDEX", valueFrom: { fieldRef: { fieldPath } } };
  const withVariable = <C extends PodSpec["containers"][number]>(container: C): C =>
    container.env?.some(({ name }) => name === variable.name) === true
      ? container
      : { ...container, env: [...(container.env ?? []), variable] };
  return {
    ...spec,
    hostname,
    containers: spec.containers.map(withVariable),
    ...(spec.initContainers && { initContainers: spec.initContainers.map(withVariable) }),
  };
}
