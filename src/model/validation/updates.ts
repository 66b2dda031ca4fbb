import { type FieldError, forbidden, invalid } from "../field-error.ts";
import type {
  DaemonSet,
  Deployment,
  Job,
  JobSpec,
  PodTemplateSpec,
  ReplicaSet,
  StatefulSet,
} from "../generated/api-types.ts";
import { sameContent } from "../same-content.ts";
import { unchanged } from "./checks.ts";

type WithSelector = Pick<Deployment | ReplicaSet | DaemonSet, "spec">;

/** Workloads keep their selector. */
export const fixedSelector = (after: WithSelector, before: WithSelector): FieldError[] =>
  unchanged(after.spec.selector, before.spec.selector, "spec.selector");

export function validateStatefulSetUpdate({ spec: after }: StatefulSet, { spec: before }: StatefulSet): FieldError[] {
  const free = { replicas: 0, ordinals: {}, template: {}, updateStrategy: {}, revisionHistoryLimit: 0 };
  const mask = { ...free, persistentVolumeClaimRetentionPolicy: {}, minReadySeconds: 0 };
  if (sameContent({ ...after, ...mask }, { ...before, ...mask })) return [];
  const detail =
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
  return [forbidden("spec", detail)];
}

const fixedFields = [
  "completionMode",
  "podFailurePolicy",
  "backoffLimitPerIndex",
  "managedBy",
  "successPolicy",
] as const;

/** Upstream: pkg/apis/batch/validation `ValidateJobSpecUpdate`. */
export function validateJobUpdate({ spec: after, status }: Job, { spec: before, status: was }: Job): FieldError[] {
  const waits = before.suspend === true && was?.startTime === undefined && status?.startTime === undefined;
  const template = waits ? withWaitingFields(before.template, after.template) : before.template;
  return [
    ...validateCompletionsUpdate(after, before),
    ...unchanged(after.selector, before.selector, "spec.selector"),
    ...unchanged(after.template, template, "spec.template"),
    ...fixedFields.flatMap((key) => unchanged(after[key], before[key], `spec.${key}`)),
  ];
}

/** A suspended Job that has not started may still be told where to run, and on how much. */
function withWaitingFields(before: PodTemplateSpec, after: PodTemplateSpec): PodTemplateSpec {
  if (before.spec === undefined || after.spec === undefined) return before;
  const { labels, annotations } = after.metadata ?? {};
  const { nodeSelector, tolerations, schedulingGates, affinity: wanted } = after.spec;
  const { nodeAffinity: _node, ...others } = before.spec.affinity ?? {};
  const affinity = { ...others, ...(wanted?.nodeAffinity !== undefined && { nodeAffinity: wanted.nodeAffinity }) };
  const resized = (list: PodTemplateSpec["spec"] extends infer Spec | undefined ? Spec : never): object => ({
    containers: list!.containers.map((container, index) => ({
      ...container,
      resources: after.spec!.containers[index]?.resources,
    })),
  });
  return {
    ...before,
    metadata: { ...before.metadata, labels, annotations } as PodTemplateSpec["metadata"],
    spec: {
      ...before.spec,
      ...resized(before.spec),
      nodeSelector,
      tolerations,
      schedulingGates,
      affinity: Object.keys(affinity).length === 0 ? undefined : affinity,
    } as PodTemplateSpec["spec"],
  } as PodTemplateSpec;
}

/** An Indexed Job may grow or shrink if its parallelism goes along. */
function validateCompletionsUpdate(after: JobSpec, before: JobSpec): FieldError[] {
  const field = "spec.completions";
  if (after.completions === before.completions) return [];
  if (after.completionMode !== "Indexed" || after.completions === undefined || before.completions === undefined) {
    return [invalid(field, after.completions ?? null, "field is immutable")];
  }
  if (after.completions === after.parallelism) return [];
  return [invalid(field, after.completions, "can only be modified in tandem with spec.parallelism")];
}
