import type { Store } from "../apiserver/index.ts";
import {
  type Container,
  controllerOf,
  type DaemonSet,
  type Deployment,
  isPodTerminal,
  type Job,
  type KubeObject,
  type LabelSelector,
  type Node,
  type Pod,
  type PodDisruptionBudget,
  type ReplicaSet,
  type Service,
  type StatefulSet,
  type Taint,
} from "../model/index.ts";

/** A label and what stands behind it, on several lines if it has several; without a value it is left out. */
export type Field = readonly [label: string, value: string | number | undefined];

/** Labels on the left, values in one column (kubectl's describe). */
export function linesOf(fields: readonly Field[]): string {
  const shown = fields.filter(([, value]) => value !== undefined);
  const width = Math.max(...shown.map(([label]) => label.length)) + 3;
  return shown
    .flatMap(([label, value]) =>
      String(value)
        .split("\n")
        .map((line, index) => `${(index === 0 ? `${label}:` : "").padEnd(width)}${line}\n`),
    )
    .join("");
}

/** What kubectl tells of an object of its kind, between its annotations and its conditions. */
export function describedFields(object: KubeObject, store: Store): Field[] {
  const owner = controllerOf(object);
  const controlled: Field = ["Controlled By", owner && `${owner.kind}/${owner.name}`];
  const created: Field = ["CreationTimestamp", object.metadata.creationTimestamp];
  switch (object.kind) {
    case "Pod":
      return [...podFields(object as Pod), controlled, ...containerFields(object as Pod)];
    case "Node":
      return [created, ...nodeFields(object as Node, store)];
    case "Deployment":
      return [created, ...deploymentFields(object as Deployment, store)];
    case "ReplicaSet": {
      const { spec, status } = object as ReplicaSet;
      const replicas = `${status.replicas} current / ${spec.replicas} desired`;
      return [
        created,
        controlled,
        ["Selector", selectorText(spec.selector)],
        ["Replicas", replicas],
        podStatuses(object, store),
      ];
    }
    case "StatefulSet": {
      const { spec, status } = object as StatefulSet;
      const replicas = `${spec.replicas} desired | ${status.replicas} total`;
      const strategy = spec.updateStrategy?.type;
      return [
        created,
        ["Selector", selectorText(spec.selector)],
        ["Replicas", replicas],
        ["Update Strategy", strategy],
        podStatuses(object, store),
      ];
    }
    case "DaemonSet":
      return [created, ...daemonSetFields(object as DaemonSet), podStatuses(object, store)];
    case "Job": {
      const { spec, status } = object as Job;
      const counts = `${status.active ?? 0} Active (${status.ready ?? 0} Ready) / ${status.succeeded ?? 0} Succeeded / ${status.failed ?? 0} Failed`;
      return [
        controlled,
        ["Parallelism", spec.parallelism],
        ["Completions", spec.completions ?? "<unset>"],
        ["Completion Mode", spec.completionMode],
        ["Suspend", String(spec.suspend ?? false)],
        ["Backoff Limit", spec.backoffLimit],
        ["Start Time", status.startTime],
        ["Completed At", status.completionTime],
        ["Pods Statuses", counts],
      ];
    }
    case "Service": {
      const { spec } = object as Service;
      const ports = (spec.ports ?? []).map(({ name = "<unset>", port, protocol }) => `${name}  ${port}/${protocol}`);
      return [
        ["Selector", labelsText(spec.selector)],
        ["Type", spec.type],
        ["IP", spec.clusterIP],
        ["Port", ports.join("\n")],
      ];
    }
    case "PodDisruptionBudget": {
      const { spec, status } = object as PodDisruptionBudget;
      return [
        ["Min available", spec.minAvailable],
        ["Max unavailable", spec.maxUnavailable],
        ["Selector", selectorText(spec.selector)],
        ["Allowed disruptions", status.disruptionsAllowed],
        ["Current", status.currentHealthy],
        ["Desired", status.desiredHealthy],
        ["Total", status.expectedPods],
      ];
    }
    default:
      return [created, controlled];
  }
}

function podFields({ spec, status, metadata }: Pod): Field[] {
  return [
    ["Priority", spec.priority ?? 0],
    ["Node", spec.nodeName === undefined || spec.nodeName === "" ? "<none>" : spec.nodeName],
    ["Start Time", status.startTime],
    [
      "Status",
      metadata.deletionTimestamp === undefined ? status.phase : `Terminating (since ${metadata.deletionTimestamp})`,
    ],
    ["Reason", status.reason],
    ["Message", status.message],
    ["IP", status.podIP],
    ["QoS Class", status.qosClass],
    ["Node-Selectors", labelsText(spec.nodeSelector)],
    ["Nominated Node", status.nominatedNodeName],
  ];
}

function containerFields({ spec, status }: Pod): Field[] {
  return spec.containers.flatMap((container) => {
    const known = status.containerStatuses?.find(({ name }) => name === container.name);
    const [state = "waiting", detail] = Object.entries(known?.state ?? {})[0] ?? [];
    const { reason } = (detail ?? {}) as { readonly reason?: string };
    const [last, lastDetail] = Object.entries(known?.lastState ?? {})[0] ?? [];
    const { reason: lastReason = "", exitCode } = (lastDetail ?? {}) as {
      readonly reason?: string;
      readonly exitCode?: number;
    };
    const lines = [
      `Image: ${container.image}`,
      `State: ${state}${reason === undefined ? "" : ` (${reason})`}`,
      ...(last === undefined ? [] : [`Last State: ${last} (${lastReason}, exit code ${exitCode})`]),
      `Ready: ${known?.ready ?? false}`,
      `Restart Count: ${known?.restartCount ?? 0}`,
      ...resourceLines(container),
    ];
    return [[`Container ${container.name}`, lines.join("\n")] as const];
  });
}

function resourceLines({ resources }: Container): string[] {
  const line = (what: string, amounts: Readonly<Record<string, string>> | undefined): string[] =>
    amounts === undefined ? [] : [`${what}: ${labelsText(amounts)}`];
  return [...line("Limits", resources?.limits), ...line("Requests", resources?.requests)];
}

function nodeFields({ spec, status, metadata: { name } }: Node, store: Store): Field[] {
  const taints = (spec.taints ?? []).map(taintText);
  const pods = [...store.list("Pod")].filter((pod) => pod.spec.nodeName === name && !isPodTerminal(pod));
  return [
    ["Taints", taints.length === 0 ? "<none>" : taints.join("\n")],
    ["Unschedulable", String(spec.unschedulable ?? false)],
    ["Capacity", labelsText(status.capacity)],
    ["Allocatable", labelsText(status.allocatable)],
    [
      "Non-terminated Pods",
      [`(${pods.length} in total)`, ...pods.map((pod) => `${pod.metadata.namespace}/${pod.metadata.name}`)].join("\n"),
    ],
  ];
}

function taintText({ key, value, effect }: Taint): string {
  return value === undefined || value === "" ? `${key}:${effect}` : `${key}=${value}:${effect}`;
}

function deploymentFields({ spec, status, metadata }: Deployment, store: Store): Field[] {
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0, unavailableReplicas = 0 } = status;
  const counts = [
    `${spec.replicas} desired`,
    `${updatedReplicas} updated`,
    `${replicas} total`,
    `${availableReplicas} available`,
    `${unavailableReplicas} unavailable`,
  ];
  const rolling = spec.strategy?.rollingUpdate;
  const sets = [...store.list("ReplicaSet")].filter((set) => controllerOf(set)?.uid === metadata.uid);
  const size = (set: ReplicaSet): string =>
    `${set.metadata.name} (${set.status.replicas}/${set.spec.replicas} replicas created)`;
  const current = (set: ReplicaSet): boolean =>
    set.metadata.annotations?.[revision] === metadata.annotations?.[revision];
  const old = sets.filter((set) => !current(set) && (set.spec.replicas ?? 0) > 0).map(size);
  return [
    ["Selector", selectorText(spec.selector)],
    ["Replicas", counts.join(" | ")],
    ["StrategyType", spec.strategy?.type],
    ["MinReadySeconds", spec.minReadySeconds ?? 0],
    ["RollingUpdateStrategy", rolling && `${rolling.maxUnavailable} max unavailable, ${rolling.maxSurge} max surge`],
    ["Paused", spec.paused === true ? "true" : undefined],
    ["OldReplicaSets", old.length === 0 ? "<none>" : old.join("\n")],
    ["NewReplicaSet", sets.filter(current).map(size).join("\n") || "<none>"],
  ];
}

const revision = "deployment.kubernetes.io/revision";

function daemonSetFields({ spec, status }: DaemonSet): Field[] {
  return [
    ["Selector", selectorText(spec.selector)],
    ["Desired Number of Nodes Scheduled", status.desiredNumberScheduled],
    ["Current Number of Nodes Scheduled", status.currentNumberScheduled],
    ["Number of Nodes Scheduled with Up-to-date Pods", status.updatedNumberScheduled ?? 0],
    ["Number of Nodes Scheduled with Available Pods", status.numberAvailable ?? 0],
    ["Number of Nodes Misscheduled", status.numberMisscheduled],
  ];
}

function podStatuses({ metadata: { uid } }: KubeObject, store: Store): Field {
  const counts = { Running: 0, Pending: 0, Succeeded: 0, Failed: 0 };
  for (const pod of store.list("Pod")) {
    if (controllerOf(pod)?.uid === uid) counts[pod.status.phase as keyof typeof counts] += 1;
  }
  const { Running, Pending, Succeeded, Failed } = counts;
  return ["Pods Status", `${Running} Running / ${Pending} Waiting / ${Succeeded} Succeeded / ${Failed} Failed`];
}

function selectorText(selector: LabelSelector | undefined): string {
  const expressions = (selector?.matchExpressions ?? []).map(
    ({ key, operator, values = [] }) => `${key} ${operator.toLowerCase()} (${values.join(",")})`,
  );
  return [labelsText(selector?.matchLabels), ...expressions].filter((text) => text !== "<none>").join(",") || "<none>";
}

function labelsText(labels: Readonly<Record<string, unknown>> | undefined): string {
  const entries = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return entries.length === 0 ? "<none>" : entries.join(",");
}
