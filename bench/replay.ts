import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { deepFreeze, type NewObject } from "../src/apiserver/index.ts";
import type { Node, Pod, PodSpec } from "../src/model/index.ts";
import { parseScenario, type Scenario } from "../src/scenario/index.ts";
import {
  assignedPodEvents,
  FastCycle,
  Framework,
  loadConfiguration,
  type PodInfo,
  pluginRegistry,
  podInfo,
  SchedulingQueue,
  Snapshot,
} from "../src/scheduler/index.ts";
import { EventLoop, handler, phase } from "../src/sim/index.ts";
import { Simulation } from "../src/simulate.ts";

/** A pod of the generated workloads: when it comes, and how long it runs once started. */
interface Arrival {
  readonly name: string;
  readonly atUs: number;
  readonly runUs: number;
  readonly spec: PodSpec;
}

interface Workload {
  readonly nodes: number;
  readonly file: string;
  readonly hours: number;
  /** What a Rust simulator takes that knows only fit and least-allocated, on two quiet cores. */
  readonly rust: string;
}

const workloads: readonly Workload[] = [
  { nodes: 1000, file: "replay-1000-nodes-50k-pods-1-day.csv.gz", hours: 24, rust: "10.6 s, 252 MB" },
  { nodes: 5000, file: "replay-5000-nodes-150k-pods-1-hour.csv.gz", hours: 1, rust: "190 s, 753 MB" },
];
const folder = resolve(import.meta.dirname, "../../../shared/data/bench");

/** What a replay came to. */
interface Outcome {
  readonly started: number;
  readonly events: number;
  /** Of the measured part: reading the trace is not. */
  readonly seconds: number;
}

const modes = {
  /** The same sketch of a cluster as the Rust simulator's: that profile, bare pods, no other components. */
  sketch: replaySketch,
  /** Every component of the control plane and all kubelets, the default profile. */
  cluster: replayCluster,
} as const;

/** `npm run bench -- replay [sketch|cluster] [nodes]`: each replay in a process of its own. */
export function benchReplay(): void {
  const [wantedMode, wantedNodes, alone] = process.argv.slice(3);
  for (const [mode, replay] of Object.entries(modes)) {
    if (wantedMode !== undefined && mode !== wantedMode) continue;
    for (const workload of workloads) {
      if (wantedNodes !== undefined && workload.nodes !== Number(wantedNodes)) continue;
      if (alone === undefined) {
        const words = [process.argv[1]!, "replay", mode, String(workload.nodes), "alone"];
        spawnSync(process.execPath, words, { stdio: "inherit" });
        continue;
      }
      const { started, events, seconds } = replay(workload, readArrivals(workload));
      const megabytes = Math.round(process.resourceUsage().maxRSS / 1024);
      console.log(
        `${mode} of ${workload.nodes} nodes: ${seconds.toFixed(2)} s, ${megabytes} MB, ${started} pods placed, ${events} events (Rust: ${workload.rust})`,
      );
    }
  }
}

function readArrivals({ file }: Workload): Arrival[] {
  const [, ...lines] = gunzipSync(readFileSync(resolve(folder, file)))
    .toString()
    .trimEnd()
    .split("\n");
  const specs = new Map<string, PodSpec>();
  return lines.map((line) => {
    const [name, at, cpu, memory, run] = line.split(",") as [string, string, string, string, string];
    let spec = specs.get(`${cpu}/${memory}`);
    if (spec === undefined) {
      const requests = { cpu: `${cpu}m`, memory };
      spec = deepFreeze({
        restartPolicy: "Never",
        containers: [{ name: "main", image: "replay:1", resources: { requests } }],
      } as PodSpec);
      specs.set(`${cpu}/${memory}`, spec);
    }
    const us = (seconds: string): number => Math.round(Number(seconds) * 1_000_000);
    return { name: name.replaceAll("_", "-"), atUs: us(at), runUs: us(run), spec };
  });
}

function bareNode(index: number): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: `node-${index}` },
    spec: {},
    status: { allocatable: { cpu: "64", memory: "256Gi", pods: "110" } },
  } as unknown as Node;
}

const fitAndLeastAllocated = {
  apiVersion: "kubescheduler.config.k8s.io/v1",
  kind: "KubeSchedulerConfiguration",
  percentageOfNodesToScore: 100,
  profiles: [
    {
      plugins: {
        multiPoint: {
          disabled: [{ name: "*" }],
          enabled: ["PrioritySort", "NodeResourcesFit", "DefaultBinder"].map((name) => ({ name })),
        },
      },
    },
  ],
};

/** Scheduling queue, snapshot and cycle in an event loop; everything else takes no time. */
function replaySketch({ nodes }: Workload, arrivals: readonly Arrival[]): Outcome {
  const began = process.hrtime.bigint();
  const loop = new EventLoop();
  const snapshot = new Snapshot();
  for (let index = 0; index < nodes; index++) snapshot.setNode(bareNode(index));
  const configuration = loadConfiguration(fitAndLeastAllocated);
  const { percentageOfNodesToScore } = configuration;
  const framework = new Framework(configuration.profiles[0]!, pluginRegistry(), snapshot);
  const cycle = new FastCycle(framework);
  const frameworks = new Map([["default-scheduler", framework]]);
  const queue = new SchedulingQueue({ frameworks, snapshot, initialBackoffUs: 1_000_000, maxBackoffUs: 10_000_000 });
  const scheduler = { nextStartNodeIndex: 0, percentageOfNodesToScore, random: () => 0 };
  const runUsOf = new Map<string, number>();
  let started = 0;
  let wakesAtUs = Number.POSITIVE_INFINITY;

  const drain = (): void => {
    queue.flush(loop.nowUs);
    for (let queued = queue.pop(); queued !== undefined; queued = queue.pop()) {
      const decision = cycle.schedule(queued.pod, scheduler);
      if (decision.result !== "scheduled") {
        const rejecting = decision.result === "unschedulable" ? decision.fitError.unschedulablePlugins : [];
        queue.fail(queued, rejecting, loop.nowUs);
        continue;
      }
      snapshot.assume(queued.pod, decision.nodeName);
      queue.done(queued.key);
      started++;
      loop.schedule(loop.nowUs + runUsOf.get(queued.key)!, phase.world, finish, queued.pod);
    }
    const nextUs = queue.nextWakeUs();
    if (nextUs >= wakesAtUs) return;
    wakesAtUs = nextUs;
    loop.schedule(Math.ceil(nextUs), phase.decide, wake, undefined);
  };
  const wake = handler("replay/wake", () => {
    wakesAtUs = Number.POSITIVE_INFINITY;
    drain();
  });
  const finish = handler<PodInfo>("replay/finish", (pod) => {
    snapshot.removePod(pod.key);
    for (const event of assignedPodEvents(pod.pod, undefined)) queue.move(event, loop.nowUs);
    if (queue.hasNext) drain();
  });
  const arrive = handler<number>("replay/arrival", (index) => {
    const { name, runUs, spec } = arrivals[index]!;
    const metadata = { name, namespace: "default", uid: name };
    const pod = podInfo({ apiVersion: "v1", kind: "Pod", metadata, spec, status: {} } as unknown as Pod);
    runUsOf.set(pod.key, runUs);
    queue.add(pod, loop.nowUs);
    if (index + 1 < arrivals.length) loop.schedule(arrivals[index + 1]!.atUs, phase.api, arrive, index + 1);
    drain();
  });
  loop.schedule(arrivals[0]!.atUs, phase.api, arrive, 0);
  while (loop.step(1_000_000, Number.MAX_SAFE_INTEGER) === "more");
  return { started, events: loop.firedEvents, seconds: Number(process.hrtime.bigint() - began) / 1e9 };
}

/** A scenario whose only workload is the trace. */
function scenarioOf({ nodes, hours }: Workload, arrivals: readonly Arrival[]): Scenario {
  const base = parseScenario(
    `apiVersion: seatrial.io/v1alpha1
kind: Scenario
metadata: { name: replay-${nodes} }
spec:
  question: What does a replay cost?
  duration: ${hours}h
  cluster:
    nodePools: [{ name: node, machine: { cpu: 64, memory: 256Gi }, min: ${nodes} }]
    kubeControllerManager: { kube-api-qps: 200, kube-api-burst: 300 }
    scheduler: { kube-api-qps: 500, kube-api-burst: 1000 }
`,
    ".",
  );
  const namespace = "default";
  const pods = arrivals.map(({ name, atUs, spec }) => {
    // How long a pod runs is told by its containers, so each has its own.
    const own = { ...spec, containers: [...spec.containers] };
    const object = { apiVersion: "v1", kind: "Pod", metadata: { name, namespace }, spec: own } as unknown as NewObject;
    return { atUs: base.warmUpUs + atUs, object };
  });
  const behaviors = arrivals.map(({ name, runUs }) => ({
    namespace,
    workload: `pod/${name}`,
    behavior: { calls: [], exit: { after: { medianUs: runUs }, code: 0 } },
  }));
  return { ...base, pods, behaviors };
}

function replayCluster(workload: Workload, arrivals: readonly Arrival[]): Outcome {
  const scenario = scenarioOf(workload, arrivals);
  const began = process.hrtime.bigint();
  let started = 0;
  const simulation = new Simulation(scenario, "1", {
    onCommit: ({ before, after }) => {
      if (after?.kind !== "Pod") return;
      const [was, is] = [before as Pod | undefined, after as Pod].map((pod) => pod?.spec.nodeName ?? "");
      if (was === "" && is !== "") started++;
    },
  });
  while (simulation.step(100_000) === "more");
  const { counts } = simulation.result();
  return { started, events: counts.events, seconds: Number(process.hrtime.bigint() - began) / 1e9 };
}
