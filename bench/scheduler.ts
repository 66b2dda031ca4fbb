import type { Node, Pod, PodSpec } from "../src/model/index.ts";
import {
  type Decision,
  FastCycle,
  Framework,
  loadConfiguration,
  pluginRegistry,
  podInfo,
  Snapshot,
  victimsOf,
} from "../src/scheduler/index.ts";

/** Pods per CPU-second of the real scheduler v1.36.2, adaptive and at 100 %, as measured by others on this machine's kind. */
interface Real {
  readonly adaptive: number;
  readonly all?: number;
}

interface Workload {
  readonly name: string;
  readonly nodes: number;
  readonly zones?: readonly string[];
  readonly initPods: number;
  readonly initOf: (number: number) => Pod;
  readonly measured: number;
  readonly measuredOf: (number: number) => Pod;
  readonly place?: (number: number) => number;
  readonly real?: Real;
  readonly hopelessEvery?: number;
  readonly preempts?: boolean;
}

interface World {
  readonly snapshot: Snapshot;
  readonly cycle: FastCycle;
  readonly scheduler: {
    nextStartNodeIndex: number;
    readonly percentageOfNodesToScore: number;
    readonly random: () => number;
  };
}

/** Parts of a template are shared and frozen, as they are in the simulated API server's store. */
function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}

function container(cpu: string, memory: string): PodSpec["containers"][number] {
  const list = { cpu, memory };
  return {
    name: "pause",
    image: "registry.k8s.io/pause:3.10.2",
    ports: [{ containerPort: 80 }],
    resources: { requests: list, limits: list },
  };
}

/** Pods made from one template: they differ in name only. */
function template(
  namespace: string,
  spec: Partial<PodSpec> = {},
  labels: Readonly<Record<string, string>> = {},
  cpu = "100m",
): (number: number) => Pod {
  const shared = deepFreeze({ containers: [container(cpu, "500Mi")], ...spec });
  const sharedLabels = deepFreeze(labels);
  return (number) => {
    const name = `${namespace}-${cpu}-${number}`;
    return {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace, uid: `${namespace}/${name}`, labels: sharedLabels },
      spec: shared,
      status: {},
    } as unknown as Pod;
  };
}

const namespaces = ["sched-1", "sched-0"];

function affinityTo(
  color: string,
  topologyKey: string,
): { labelSelector: object; topologyKey: string; namespaces: string[] } {
  return { labelSelector: { matchLabels: { color } }, topologyKey, namespaces };
}

const hostname = "kubernetes.io/hostname";
const zone = "topology.kubernetes.io/zone";
const moons = ["moon-1", "moon-2", "moon-3"];

const antiAffinity = {
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [affinityTo("green", hostname)] } },
};
const nearBlue = {
  affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [affinityTo("blue", zone)] } },
};
const preferRed = {
  affinity: {
    podAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: affinityTo("red", hostname) }],
    },
  },
};
const zones12 = {
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: zone, operator: "In", values: ["zone1", "zone2"] }] }],
      },
    },
  },
};
const spread = (whenUnsatisfiable: string): Partial<PodSpec> => ({
  topologySpreadConstraints: [
    { maxSkew: 5, topologyKey: zone, whenUnsatisfiable, labelSelector: { matchLabels: { color: "blue" } } },
  ],
});

const started =
  (of: (number: number) => Pod): ((number: number) => Pod) =>
  (number) => {
    const pod = of(number);
    const [minutes, seconds] = [Math.floor(number / 60), number % 60];
    const clock = `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
    return { ...pod, status: { startTime: `2026-01-01T${clock}:${String(seconds).padStart(2, "0")}Z` } };
  };

/** What most workloads have in common. */
const usual = {
  nodes: 5000,
  initPods: 5000,
  initOf: template("i"),
  measured: 1000,
  measuredOf: template("m"),
} as const;

/** Pods of two namespaces that are alike: some are there, more come. */
function alike(spec: object, labels: Readonly<Record<string, string>> = {}): Pick<Workload, "initOf" | "measuredOf"> {
  const own = spec as Partial<PodSpec>;
  return { initOf: template("sched-0", own, labels), measuredOf: template("sched-1", own, labels) };
}

const basic: Workload = { ...usual, name: "SchedulingBasic", initPods: 1000, real: { adaptive: 1012, all: 128 } };

const workloads: readonly Workload[] = [
  basic,
  { ...usual, name: "SchedulingBasic (500 nodes)", nodes: 500, initPods: 100 },
  { ...basic, name: "SchedulingBasic10k", measured: 10_000 },
  {
    ...usual,
    ...alike(antiAffinity, { color: "green" }),
    name: "SchedulingPodAntiAffinity",
    initPods: 1000,
    real: { adaptive: 295, all: 88 },
  },
  {
    ...usual,
    ...alike(nearBlue, { color: "blue" }),
    name: "SchedulingPodAffinity",
    zones: ["zone1"],
    real: { adaptive: 112, all: 44 },
  },
  {
    ...usual,
    ...alike(preferRed, { color: "red" }),
    name: "SchedulingPreferredPodAffinity",
    real: { adaptive: 113, all: 47 },
  },
  {
    ...usual,
    name: "TopologySpreading",
    zones: moons,
    measuredOf: template("m", spread("DoNotSchedule"), { color: "blue" }),
    real: { adaptive: 430, all: 84 },
  },
  {
    ...usual,
    name: "PreferredTopologySpreading",
    zones: moons,
    measuredOf: template("m", spread("ScheduleAnyway"), { color: "blue" }),
    real: { adaptive: 586, all: 92 },
  },
  { ...usual, ...alike(zones12), name: "SchedulingNodeAffinity", zones: ["zone1"], real: { adaptive: 709, all: 88 } },
  { ...usual, name: "Unschedulable", initPods: 100, hopelessEvery: 50, real: { adaptive: 821, all: 125 } },
  {
    ...usual,
    name: "PreemptionBasic",
    nodes: 1000,
    initPods: 4000,
    initOf: started(template("i", {}, {}, "900m")),
    place: (number) => Math.floor(number / 4),
    measuredOf: template("m", { priority: 10 }, {}, "3"),
    preempts: true,
    real: { adaptive: 312 },
  },
];

const hopeless = template("hopeless", { priority: 10 }, {}, "9");

function nodeOf(number: number, zones: readonly string[] | undefined): Node {
  const name = `scheduler-perf-${String(number).padStart(5, "0")}`;
  const labels: Record<string, string> = { [hostname]: name };
  if (zones !== undefined) labels[zone] = zones[number % zones.length]!;
  const allocatable = { cpu: "4", memory: "32Gi", pods: "110" };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels },
    spec: {},
    status: { allocatable },
  } as unknown as Node;
}

function worldOf(workload: Workload, percentageOfNodesToScore: number): World {
  const snapshot = new Snapshot();
  const names: string[] = [];
  for (let number = 0; number < workload.nodes; number++) {
    const node = nodeOf(number, workload.zones);
    names.push(node.metadata.name);
    snapshot.setNode(node);
  }
  for (let number = 0; number < workload.initPods; number++) {
    const pod = workload.initOf(number);
    const place = workload.place?.(number) ?? number % workload.nodes;
    snapshot.setPod({ ...pod, spec: { ...pod.spec, nodeName: names[place] } });
  }
  const configuration = loadConfiguration();
  const framework = new Framework(configuration.profiles[0]!, pluginRegistry(), snapshot);
  const random = lcg();
  return {
    snapshot,
    cycle: new FastCycle(framework),
    scheduler: { nextStartNodeIndex: 0, percentageOfNodesToScore, random },
  };
}

function lcg(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

interface Cost {
  readonly wallNs: number;
  /** Of all threads, the compiler's and the collector's among them. */
  readonly cpuNs: number;
}

/** Runs one world; what its measured pods cost. */
function measure(workload: Workload, percentage: number): Cost {
  const { snapshot, cycle, scheduler } = worldOf(workload, percentage);
  const pods = Array.from({ length: workload.measured }, (_, number) => podInfo(workload.measuredOf(number)));
  const retries = workload.preempts === true ? pods.map(({ pod }) => pod) : [];
  const failing = podInfo(hopeless(0));
  const cpuBefore = process.cpuUsage();
  const before = process.hrtime.bigint();
  for (let at = 0; at < pods.length; at++) {
    const pod = pods[at]!;
    if (workload.preempts === true) preempt(snapshot, cycle, scheduler, pod, retries[at]!);
    else {
      const decision = cycle.schedule(pod, scheduler);
      if (decision.result !== "scheduled") throw new Error(`${workload.name}: ${pod.key} found no node`);
      snapshot.assume(pod, decision.nodeName);
    }
    if (workload.hopelessEvery !== undefined && (at + 1) % workload.hopelessEvery === 0) {
      if (cycle.schedule(failing, scheduler).result !== "unschedulable") throw new Error("a hopeless pod found a node");
    }
  }
  const wallNs = Number(process.hrtime.bigint() - before);
  const { user, system } = process.cpuUsage(cpuBefore);
  return { wallNs, cpuNs: (user + system) * 1000 };
}

/** Fails, evicts three pods of one node, and comes back to it. */
function preempt(
  snapshot: Snapshot,
  cycle: FastCycle,
  scheduler: World["scheduler"],
  pod: ReturnType<typeof podInfo>,
  spec: Pod,
): void {
  const decision: Decision = cycle.schedule(pod, scheduler);
  const victims = victimsOf(decision);
  if (decision.result !== "unschedulable" || victims.length !== 3)
    throw new Error(`${pod.key} preempts ${victims.length} pods`);
  const nominatedNodeName = decision.postFilter!.nominatedNodeName!;
  for (const { metadata } of victims) snapshot.removePod(`${metadata.namespace}/${metadata.name}`);
  const again = podInfo({ ...spec, status: { nominatedNodeName } });
  const second = cycle.schedule(again, scheduler);
  if (second.result !== "scheduled" || second.nodeName !== nominatedNodeName)
    throw new Error(`${pod.key} lost its node`);
  snapshot.assume(again, nominatedNodeName);
}

interface Rates {
  /** Pods per second of each world, ascending. */
  readonly wall: readonly number[];
  readonly cpu: readonly number[];
}

/** One warm-up world, then fresh worlds until at least a second was measured, and three of them. */
function ratesOf(workload: Workload, percentage: number): Rates {
  measure(workload, percentage);
  const costs: Cost[] = [];
  let totalNs = 0;
  while (totalNs < 1e9 || costs.length < 3) {
    costs.push(measure(workload, percentage));
    totalNs += costs[costs.length - 1]!.wallNs;
  }
  const rates = (nsOf: (cost: Cost) => number): number[] =>
    costs.map((cost) => (workload.measured / nsOf(cost)) * 1e9).sort((left, right) => left - right);
  return { wall: rates(({ wallNs }) => wallNs), cpu: rates(({ cpuNs }) => cpuNs) };
}

const median = (sorted: readonly number[]): number => sorted[sorted.length >> 1]!;

const grouped = (rate: number): string => String(Math.round(rate)).replace(/\B(?=(\d{3})+$)/g, ",");

/** Prints pods per second of every workload (or those whose name contains the argument) beside the real scheduler's. */
export function benchScheduler(only = process.argv[3] ?? ""): void {
  for (const workload of workloads) {
    if (!workload.name.includes(only)) continue;
    for (const percentage of workload.preempts === true ? [0] : [0, 100]) {
      const { wall, cpu } = ratesOf(workload, percentage);
      const real = percentage === 0 ? workload.real?.adaptive : workload.real?.all;
      const ratio = real === undefined ? "" : `  ${(median(cpu) / real).toFixed(0)} x ${grouped(real)}`;
      const mode = percentage === 0 ? "adaptive" : "100 %";
      const name = `${workload.name} ${mode}`.padEnd(42);
      const range = `(${grouped(wall[0]!)} … ${grouped(wall[wall.length - 1]!)})`;
      console.log(
        `${name} ${grouped(median(wall)).padStart(9)} pods/s ${range.padEnd(21)} ${grouped(median(cpu)).padStart(9)} per CPU-second${ratio}`,
      );
    }
  }
}
