import { humanDuration } from "../age.ts";
import type {
  CronJob,
  DaemonSet,
  Deployment,
  HorizontalPodAutoscaler,
  Job,
  MetricSpec,
  MetricStatus,
  PodDisruptionBudget,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from "../generated/api-types.ts";
import { findCondition } from "../pod-state.ts";
import { parseTime } from "../wall-clock.ts";
import { ageOf, type Cells, containerCells, labelsText, selectorText } from "./cells.ts";

export function printDeployment({ metadata, spec, status }: Deployment, now: number): Cells {
  return {
    Name: metadata.name,
    Ready: `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    "Up-to-date": status?.updatedReplicas ?? 0,
    Available: status?.availableReplicas ?? 0,
    Age: ageOf(metadata.creationTimestamp, now),
    ...containerCells(spec.template),
    Selector: selectorText(spec.selector),
  };
}

export function printReplicaSet(replicaSet: ReplicaSet, now: number): Cells {
  return { ...replicaCells(replicaSet, now), Selector: selectorText(replicaSet.spec.selector) };
}

export function printReplicationController(controller: ReplicationController, now: number): Cells {
  return { ...replicaCells(controller, now), Selector: labelsText(controller.spec.selector) };
}

function replicaCells({ metadata, spec, status }: ReplicaSet | ReplicationController, now: number): Cells {
  return {
    Name: metadata.name,
    Desired: spec.replicas ?? 0,
    Current: status?.replicas ?? 0,
    Ready: status?.readyReplicas ?? 0,
    Age: ageOf(metadata.creationTimestamp, now),
    ...containerCells(spec.template),
  };
}

export function printStatefulSet({ metadata, spec, status }: StatefulSet, now: number): Cells {
  return {
    Name: metadata.name,
    Ready: `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    Age: ageOf(metadata.creationTimestamp, now),
    ...containerCells(spec.template),
  };
}

export function printDaemonSet({ metadata, spec, status }: DaemonSet, now: number): Cells {
  return {
    Name: metadata.name,
    Desired: status?.desiredNumberScheduled ?? 0,
    Current: status?.currentNumberScheduled ?? 0,
    Ready: status?.numberReady ?? 0,
    "Up-to-date": status?.updatedNumberScheduled ?? 0,
    Available: status?.numberAvailable ?? 0,
    "Node Selector": labelsText(spec.template.spec?.nodeSelector),
    Age: ageOf(metadata.creationTimestamp, now),
    ...containerCells(spec.template),
    Selector: selectorText(spec.selector),
  };
}

export function printJob({ metadata, spec, status }: Job, now: number): Cells {
  const succeeded = status?.succeeded ?? 0;
  const parallelism = spec.parallelism ?? 0;
  const wanted = spec.completions ?? (parallelism > 1 ? `1 of ${parallelism}` : 1);
  const seconds = (time: string): number => parseTime(time)!.seconds;
  const { startTime, completionTime } = status ?? {};
  const end = completionTime === undefined ? now : seconds(completionTime);
  const has = (type: string): boolean => findCondition(status?.conditions, type)?.status === "True";
  const states = ["Complete", "Failed", "Suspended", "FailureTarget", "SuccessCriteriaMet"];
  const state = states.find(has) ?? (metadata.deletionTimestamp === undefined ? "Running" : "Terminating");
  return {
    Name: metadata.name,
    Status: state,
    Completions: `${succeeded}/${wanted}`,
    Duration: startTime === undefined ? "" : humanDuration((end - seconds(startTime)) * 1000),
    Age: ageOf(metadata.creationTimestamp, now),
    ...containerCells(spec.template),
    Selector: selectorText(spec.selector),
  };
}

export function printCronJob({ metadata, spec, status }: CronJob, now: number): Cells {
  const suspend = spec.suspend === undefined ? "<unset>" : spec.suspend ? "True" : "False";
  return {
    Name: metadata.name,
    Schedule: spec.schedule,
    Timezone: spec.timeZone ?? "<none>",
    Suspend: suspend,
    Active: status?.active?.length ?? 0,
    "Last Schedule": status?.lastScheduleTime === undefined ? "<none>" : ageOf(status.lastScheduleTime, now),
    Age: ageOf(metadata.creationTimestamp, now),
    ...containerCells(spec.jobTemplate.spec?.template),
    Selector: selectorText(spec.jobTemplate.spec?.selector),
  };
}

export function printPodDisruptionBudget({ metadata, spec, status }: PodDisruptionBudget, now: number): Cells {
  return {
    Name: metadata.name,
    "Min Available": `${spec.minAvailable ?? "N/A"}`,
    "Max Unavailable": `${spec.maxUnavailable ?? "N/A"}`,
    "Allowed Disruptions": status?.disruptionsAllowed ?? 0,
    Age: ageOf(metadata.creationTimestamp, now),
  };
}

export function printHorizontalPodAutoscaler({ metadata, spec, status }: HorizontalPodAutoscaler, now: number): Cells {
  const targets = (spec.metrics ?? []).map((metric, index) => targetText(metric, status?.currentMetrics?.[index]));
  const shown = targets.slice(0, 2).join(", ");
  return {
    Name: metadata.name,
    Reference: `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`,
    Targets: targets.length === 0 ? "<none>" : targets.length > 2 ? `${shown} + ${targets.length - 2} more...` : shown,
    MinPods: `${spec.minReplicas ?? "<unset>"}`,
    MaxPods: spec.maxReplicas,
    Replicas: status?.currentReplicas ?? 0,
    Age: ageOf(metadata.creationTimestamp, now),
  };
}

/** `cpu: 73%/60%`: what is and what is wanted. */
function targetText(metric: MetricSpec, current: MetricStatus | undefined): string {
  const { resource, containerResource, pods, object, external } = metric;
  const target = (resource ?? containerResource ?? pods ?? object ?? external)?.target;
  const seen = (
    current?.resource ??
    current?.containerResource ??
    current?.pods ??
    current?.object ??
    current?.external
  )?.current;
  const unknown = "<unknown>";
  if (target?.averageUtilization !== undefined) {
    const name = resource?.name ?? containerResource?.name;
    const percent = seen?.averageUtilization === undefined ? unknown : `${seen.averageUtilization}%`;
    return `${name}: ${percent}/${target.averageUtilization}%`;
  }
  const prefix =
    resource !== undefined || containerResource !== undefined ? `${(resource ?? containerResource)!.name}: ` : "";
  if (target?.averageValue !== undefined) {
    const average = object !== undefined || external !== undefined ? " (avg)" : "";
    return `${prefix}${seen?.averageValue ?? unknown}/${target.averageValue}${average}`;
  }
  return `${prefix}${seen?.value ?? unknown}/${target?.value ?? unknown}`;
}
