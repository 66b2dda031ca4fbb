import { ApiServer, type NewObject, Store } from "../../src/apiserver/index.ts";
import type { Surroundings } from "../../src/client/index.ts";
import { startControllers } from "../../src/kube-controller-manager.ts";
import { type Deployment, keyOf, type KubeObject, type Node, objectKey, type Pod } from "../../src/model/index.ts";
import { parseScenario } from "../../src/scenario/index.ts";
import { KubeScheduler, loadConfiguration, pluginRegistry } from "../../src/scheduler/index.ts";
import { EventLoop, handler, phase, randomStreams } from "../../src/sim/index.ts";
import { World } from "../../src/world/index.ts";
import { RecordedCloud } from "./closed-loop-cloud.ts";
import { Containers } from "./closed-loop-containers.ts";
import type { Phases } from "./closed-loop-phases.ts";
import { autoscalerProcess, PacedManager, schedulerProcess } from "./closed-loop-processes.ts";
import { clockOf, type LoopRecording, type RecordedCall } from "./closed-loop-recording.ts";
import { createAs, patchAs } from "./timelines-actions.ts";
import { StandInKubelets } from "./timelines-kubelet.ts";
import type { TimelineAction } from "./timelines-recording.ts";

/** A value from an instant on, in ms of the recording's clock. */
export type Steps = [atMs: number, value: number][];

/** What a run of the loop comes to, recorded or simulated. */
export interface LoopCurves {
  /** Per Service: what its autoscaler wrote, what was ready, what served. */
  readonly services: ReadonlyMap<string, { readonly desired: Steps; readonly ready: Steps; readonly serving: Steps }>;
  readonly registered: Steps;
  readonly readyNodes: Steps;
  /** Pods without a node. */
  readonly unassigned: Steps;
  readonly calls: readonly RecordedCall[];
}

const act = handler<() => void>("closed-loop", (task) => task());
/** The pass of the node monitor; its beat is aligned with the recorded one. */
const monitorMs = 5_000;

/** The recording's cluster under its load: our control plane, and a model of what the recording modelled. */
export class LoopWorld {
  readonly #recording: LoopRecording;
  readonly #loop = new EventLoop();
  readonly #api: ApiServer;
  readonly #startMs: number;
  readonly #kubelets: StandInKubelets;
  readonly #containers: Containers;
  readonly #cloud: RecordedCloud;
  readonly #services: Map<string, { desired: Steps; ready: Steps; serving: Steps }>;
  readonly #nodes = new Map<string, boolean>();
  readonly #registered: Steps = [];
  readonly #readyNodes: Steps = [];
  readonly #waiting = new Set<string>();
  readonly #unassigned: Steps = [];

  /** `luck`: names of pods, and draws among equals, which upstream leaves to Go's maps and random numbers. */
  constructor(recording: LoopRecording, phases: Phases, luck: number) {
    this.#recording = recording;
    this.#startMs = startOf(recording);
    const loop = this.#loop;
    const clock = clockOf(recording, this.#startMs * 1000);
    const store = new Store(loop, clock);
    const seed = `${recording.name}/${luck}`;
    this.#api = new ApiServer(store, seed);
    this.#services = new Map(recording.load.map(({ service }) => [service, { desired: [], ready: [], serving: [] }]));
    this.#containers = new Containers(
      store,
      () => loop.nowUs / 1000,
      this.#startMs,
      recording.load,
      (service, pods) => note(this.#services.get(service)!.serving, this.#nowMs, pods),
    );
    store.onCommit(({ before, after }) => this.#observe(before, after));
    const surroundings: Surroundings = { loop, api: this.#api, world: new World(() => loop.nowUs), clock };
    const { kubelet } = recording;
    const unending = { ...kubelet, defaultsMs: { "exit-ms": -1, ...kubelet.defaultsMs } };
    this.#kubelets = new StandInKubelets(surroundings, { kubelet: unending }, (_actor, task) => task());
    this.#cloud = new RecordedCloud(recording, {
      nowMs: () => this.#nowMs,
      later: (afterMs, then) => this.#at(this.#nowMs + afterMs, then),
      registers: (node) => this.#join(node, "False", this.#nowMs),
      isReady: (name) => this.#kubelets.join(name, "True", undefined),
      isGone: (name) => this.#release(name),
    });
    const nowMs = (): number => this.#nowMs;
    const manager = new PacedManager(surroundings, phases, nowMs);
    startControllers(manager, this.#api, parseScenario(scenario, "/"), this.#containers);
    const scheduler = schedulerProcess(surroundings);
    const streams = randomStreams(seed);
    new KubeScheduler(scheduler, loadConfiguration(undefined as never), pluginRegistry(), streams("kube-scheduler"));
    const autoscaler = autoscalerProcess(surroundings, this.#cloud, recording, phases, nowMs);
    this.#at(-this.#startMs, () => {
      this.#begin();
      manager.start();
      scheduler.start();
    });
    this.#at(phases.firstRunMs - 10_000, () => autoscaler.start());
    for (const scrapeMs of phases.scrapesMs) this.#at(scrapeMs, () => this.#containers.scrape());
    for (const action of recording.actions) this.#at(action.atMs, () => this.#do(action));
  }

  run(): LoopCurves {
    while (this.#loop.step(100_000, (this.#startMs + this.#recording.endMs) * 1000) === "more");
    return {
      services: this.#services,
      registered: this.#registered,
      readyNodes: this.#readyNodes,
      unassigned: this.#unassigned,
      calls: this.#cloud.calls,
    };
  }

  get #nowMs(): number {
    return this.#loop.nowUs / 1000 - this.#startMs;
  }

  #at(atMs: number, task: () => void): void {
    this.#loop.schedule(Math.round((this.#startMs + atMs) * 1000), phase.world, act, task);
  }

  #begin(): void {
    for (const name of ["default", "kube-system", this.#recording.namespace]) {
      this.#create({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
      this.#create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: name } });
    }
    const { priorityExpander: priorities } = this.#recording;
    if (priorities !== undefined) {
      const metadata = { name: "cluster-autoscaler-priority-expander", namespace: "kube-system" };
      this.#create({ apiVersion: "v1", kind: "ConfigMap", metadata, data: { priorities } } as NewObject);
    }
    for (const node of this.#recording.nodes) {
      const off = this.#recording.actions.find((action) => action.do === "node-power-off" && action.node === node.metadata.name);
      this.#join(node, "True", off?.lastLeaseRenewedAtMs ?? 0);
    }
  }

  #create(object: NewObject): void {
    createAs(this.#api, object, this.#recording.namespace);
  }

  #join(node: NewObject, ready: "True" | "False", renewedMs: number): void {
    this.#create(node);
    const periodMs = this.#recording.kubelet.leaseRenewEveryMs;
    this.#kubelets.join(node.metadata.name!, ready, Math.round(((this.#startMs + renewedMs) % periodMs) * 1000));
  }

  #powerOff(name: string): void {
    this.#kubelets.powerOff(name);
    this.#containers.powerOff(name);
    this.#api.leases.end(name, this.#loop.nowUs);
  }

  #release(name: string): void {
    this.#powerOff(name);
    this.#api.handle({ verb: "delete", kind: "Node", key: objectKey(undefined, name) });
  }

  #do(action: TimelineAction): void {
    switch (action.do) {
      case "create":
        return this.#create(action.object!);
      case "patch":
        return void patchAs(this.#api, action, objectKey(this.#recording.namespace, action.name!));
      case "node-power-off":
        return this.#powerOff(action.node as string);
      default:
        throw new Error(`unknown action ${action.do}`);
    }
  }

  #observe(before: KubeObject | undefined, after: KubeObject | undefined): void {
    const object = (after ?? before)!;
    if (object.kind === "Deployment" && before !== undefined && after !== undefined) {
      this.#onDeployment(before as Deployment, after as Deployment);
    }
    if (object.kind === "Node") {
      if (after === undefined) this.#nodes.delete(object.metadata.name);
      else this.#nodes.set(object.metadata.name, isReady(after as Node));
      note(this.#registered, this.#nowMs, this.#nodes.size);
      note(this.#readyNodes, this.#nowMs, [...this.#nodes.values()].filter((ready) => ready).length);
    }
    if (object.kind === "Pod") {
      if (after !== undefined && (after as Pod).spec.nodeName === undefined) this.#waiting.add(keyOf(object));
      else this.#waiting.delete(keyOf(object));
      note(this.#unassigned, this.#nowMs, this.#waiting.size);
    }
  }

  #onDeployment(before: Deployment, after: Deployment): void {
    const curves = this.#services.get(after.metadata.name);
    if (curves === undefined) return;
    if (before.spec.replicas !== after.spec.replicas) note(curves.desired, this.#nowMs, after.spec.replicas ?? 1);
    note(curves.ready, this.#nowMs, after.status?.readyReplicas ?? 0);
  }
}

function note(steps: Steps, atMs: number, value: number): void {
  if ((steps.at(-1)?.[1] ?? 0) !== value) steps.push([atMs, value]);
}

function isReady({ status }: Node): boolean {
  return status.conditions?.find(({ type }) => type === "Ready")?.status === "True";
}

/** Virtual ms of the recording's 0: after all that began before, and so that the node monitor has the recorded beat. */
function startOf({ timeline }: LoopRecording): number {
  const pass = timeline.find(({ reason }) => reason === "NodeNotReady" || reason === "RegisteredNode");
  const passMs = Math.floor(pass?.atMs ?? 0) - 10;
  return 60_000 + monitorMs - (passMs % monitorMs);
}

const scenario = `
apiVersion: seatrial.io/v1alpha1
kind: Scenario
metadata: { name: closed-loop }
spec:
  question: Does the closed loop keep the recorded timetable?
  duration: 1h
  cluster:
    nodePools: [{ name: general, instanceType: m6i.large, zones: [a], min: 1 }]
`;
