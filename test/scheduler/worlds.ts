import fc from "fast-check";
import type { Node, Pod, PodSpec } from "../../src/model/index.ts";
import {
  Framework,
  loadConfiguration,
  pluginRegistry,
  podInfo,
  type SchedulerState,
  type Snapshot,
} from "../../src/scheduler/index.ts";

/** Small clusters in which everything that matters to scheduling happens often. */

const zones = ["a", "b", "c"];
const apps = ["web", "db", "job"];
const zoneKey = "topology.kubernetes.io/zone";
const hostKey = "kubernetes.io/hostname";

export interface NodeShape {
  readonly zone: string | undefined;
  readonly disk: string | undefined;
  readonly cpu: number;
  readonly memoryGi: number;
  readonly pods: number;
  readonly taint: "NoSchedule" | "PreferNoSchedule" | undefined;
  readonly cordoned: boolean;
  /** The image that it has already; most clusters tell of none. */
  readonly image?: string | undefined;
}

export const nodeShape: fc.Arbitrary<NodeShape> = fc.record({
  zone: fc.option(fc.constantFrom(...zones), { nil: undefined, freq: 6 }),
  disk: fc.constantFrom("ssd", "hdd", undefined),
  cpu: fc.integer({ min: 1, max: 8 }),
  memoryGi: fc.integer({ min: 1, max: 8 }),
  pods: fc.integer({ min: 1, max: 8 }),
  taint: fc.constantFrom("NoSchedule", "PreferNoSchedule", undefined, undefined, undefined),
  cordoned: fc.boolean().map((cordoned) => cordoned && true),
  image: fc.constantFrom("web:1", "db:1", ...Array.from({ length: 6 }, () => undefined)),
});

export function nodeOf(name: string, { zone, disk, cpu, memoryGi, pods, taint, cordoned, image }: NodeShape): Node {
  const labels: Record<string, string> = { [hostKey]: name };
  if (zone !== undefined) labels[zoneKey] = zone;
  if (disk !== undefined) labels["disk"] = disk;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels },
    spec: {
      ...(taint === undefined ? {} : { taints: [{ key: "dedicated", value: "x", effect: taint }] }),
      ...(cordoned ? { unschedulable: true } : {}),
    },
    status: {
      allocatable: { cpu: `${cpu}`, memory: `${memoryGi}Gi`, pods: `${pods}` },
      ...(image === undefined
        ? {}
        : { images: [{ names: [image], sizeBytes: image.startsWith("web") ? 700_000_000 : 1_800_000_000 }] }),
    },
  } as unknown as Node;
}

const selector = fc.constantFrom(...apps).map((app) => ({ matchLabels: { app } }));
const topologyKey = fc.constantFrom(zoneKey, hostKey);
const term = fc.record({ labelSelector: selector, topologyKey });

const affinity = fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 5).chain((kind) =>
  fc.tuple(term, fc.integer({ min: 1, max: 100 })).map(([podAffinityTerm, weight]) => {
    const required = { requiredDuringSchedulingIgnoredDuringExecution: [podAffinityTerm] };
    const preferred = { preferredDuringSchedulingIgnoredDuringExecution: [{ podAffinityTerm, weight }] };
    const disk = { matchExpressions: [{ key: "disk", operator: "In", values: ["ssd"] }] };
    switch (kind) {
      case 1:
        return { podAffinity: required };
      case 2:
        return { podAntiAffinity: required };
      case 3:
        return { podAffinity: preferred };
      case 4:
        return { podAntiAffinity: preferred };
      case 5:
        return { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight, preference: disk }] } };
      default:
        return undefined;
    }
  }),
);

const spread = fc.option(
  fc.record({
    maxSkew: fc.integer({ min: 1, max: 2 }),
    topologyKey,
    whenUnsatisfiable: fc.constantFrom("DoNotSchedule", "ScheduleAnyway"),
    labelSelector: selector,
    nodeTaintsPolicy: fc.constantFrom("Honor", "Ignore"),
  }),
  { nil: undefined, freq: 2 },
);

/** A pod's spec and labels; names are given by position. */
export interface PodShape {
  readonly app: string;
  readonly spec: Partial<PodSpec>;
}

export const podShape: fc.Arbitrary<PodShape> = fc
  .record({
    app: fc.constantFrom(...apps),
    milliCpu: fc.constantFrom(0, 100, 500, 1500, 3000),
    memoryMi: fc.constantFrom(0, 128, 1024, 3000),
    priority: fc.constantFrom(0, 0, 0, 10, 100),
    hostPort: fc.constantFrom(undefined, undefined, undefined, 8080),
    tolerates: fc.boolean(),
    ssd: fc.constantFrom(false, false, false, true),
    affinity,
    spread,
  })
  .map(({ app, milliCpu, memoryMi, priority, hostPort, tolerates, ssd, affinity, spread }) => {
    const requests: Record<string, string> = {};
    if (milliCpu > 0) requests["cpu"] = `${milliCpu}m`;
    if (memoryMi > 0) requests["memory"] = `${memoryMi}Mi`;
    const ports = hostPort === undefined ? {} : { ports: [{ containerPort: 80, hostPort }] };
    const spec = {
      containers: [{ name: "c", image: `${app}:1`, resources: { requests }, ...ports }],
      priority,
      ...(tolerates ? { tolerations: [{ key: "dedicated", operator: "Exists" }] } : {}),
      ...(ssd ? { nodeSelector: { disk: "ssd" } } : {}),
      ...(affinity === undefined ? {} : { affinity }),
      ...(spread === undefined ? {} : { topologySpreadConstraints: [spread] }),
    };
    return { app, spec: spec as unknown as Partial<PodSpec> };
  });

export function podOf(name: string, { app, spec }: PodShape): Pod {
  const metadata = { name, namespace: "default", uid: `uid-${name}`, labels: { app } };
  return { apiVersion: "v1", kind: "Pod", metadata, spec, status: {} } as unknown as Pod;
}

/** A pod that asks for nothing but cpu and memory. */
export function plain({ app, spec }: PodShape): PodShape {
  const { containers, priority } = spec;
  const [first] = containers!;
  return {
    app,
    spec: { containers: [{ name: first!.name, resources: first!.resources }], priority } as Partial<PodSpec>,
  };
}

export const worldShape = fc.record({
  nodes: fc.array(nodeShape, { minLength: 1, maxLength: 8 }),
  pods: fc.array(podShape, { minLength: 1, maxLength: 30 }),
});

export const nodeName = (index: number): string => `n${index}`;

export function emptyScheduler(snapshot: Snapshot): { framework: Framework; scheduler: SchedulerState } {
  const { profiles } = loadConfiguration();
  const framework = new Framework(profiles[0]!, pluginRegistry(), snapshot);
  return { framework, scheduler: { nextStartNodeIndex: 0, percentageOfNodesToScore: 0, random: () => 0 } };
}

export function bound(pod: Pod, nodeName: string): Pod {
  return { ...pod, spec: { ...pod.spec, nodeName } };
}

export { podInfo };
