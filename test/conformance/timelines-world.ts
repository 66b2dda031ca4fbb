import { ApiServer, type ApiReply, type ApiRequest, type NewObject, Store } from "../../src/apiserver/index.ts";
import { Process, type Surroundings } from "../../src/client/index.ts";
import { startControllers } from "../../src/kube-controller-manager.ts";
import {
  isNamespaced,
  type KubeObject,
  type MetricsApi,
  type ObjectKey,
  objectKey,
  parseTime,
  WallClock,
} from "../../src/model/index.ts";
import { parseScenario } from "../../src/scenario/index.ts";
import { KubeScheduler, loadConfiguration, pluginRegistry } from "../../src/scheduler/index.ts";
import { EventLoop, handler, phase, randomStreams } from "../../src/sim/index.ts";
import { World } from "../../src/world/index.ts";
import { createAs, patchAs } from "./timelines-actions.ts";
import { StandInKubelets } from "./timelines-kubelet.ts";
import { StableNames } from "./timelines-names.ts";
import type { Recording, Row, TimelineAction } from "./timelines-recording.ts";

/** A write of ours, or a refusal. Instants are milliseconds of the recording's clock. */
export interface OurRow extends Row {
  readonly before?: KubeObject;
  readonly after?: KubeObject;
}

const act = handler<() => void>("timeline", (task) => task());

/** The recording's cluster, with our API server, controllers and scheduler in virtual time. */
export class TimelineWorld {
  readonly rows: OurRow[] = [];
  readonly names = new StableNames();
  readonly api: ApiServer;
  readonly #recording: Recording;
  readonly #loop = new EventLoop();
  readonly #kubelets: StandInKubelets;
  readonly #startUs: number;
  readonly #clients = new WeakMap<ApiRequest, string>();
  #actor = "user";
  #verb = "";

  constructor(recording: Recording) {
    this.#recording = recording;
    this.#startUs = startOf(recording);
    const { seconds, micros } = parseTime(recording.startedAt)!;
    const clock = new WallClock(seconds * 1_000_000 + micros - this.#startUs);
    const loop = this.#loop;
    this.api = new ApiServer(new Store(loop, clock), recording.name);
    const world = new World(() => loop.nowUs);
    this.#listen();
    const surroundings: Surroundings = { loop, api: this.api, world, clock };
    this.#kubelets = new StandInKubelets(surroundings, recording, (actor, task) => this.#as(actor, task));
    const strike = (effect: { readonly do: string }): undefined => {
      if (effect.do !== "api") return;
      const { request, client } = effect as unknown as { request: ApiRequest; client: string };
      this.#clients.set(request, client);
    };
    const manager = new Process(surroundings, {
      name: "kube-controller-manager",
      limits: () => ({ perSecond: 20, burst: 30 }),
      watchUs: 1_000, // All of it ran on one machine.
      strike,
    });
    startControllers(manager, this.api, scenarioOf(recording), { onUsageChange: () => undefined } as unknown as MetricsApi);
    const scheduler = new Process(surroundings, {
      name: "kube-scheduler",
      limits: () => ({ perSecond: 50, burst: 100 }),
      watchUs: 1_000,
      strike,
    });
    const streams = randomStreams(recording.name);
    new KubeScheduler(scheduler, loadConfiguration(undefined as never), pluginRegistry(), streams("kube-scheduler"));
    this.#at(0, () => {
      for (const name of ["default", "kube-system", recording.namespace]) this.#create({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
      for (const name of ["default", "kube-system", recording.namespace])
        this.#create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: name } });
      manager.start();
      scheduler.start();
    });
    this.#at(500_000, () => {
      for (const node of nodesOf(recording)) this.#join(node);
    });
    for (const action of recording.actions) {
      const atUs = action.atMs < 0 ? 3_000_000 : this.#startUs + action.atMs * 1000;
      this.#at(atUs, () => this.#do(action));
    }
  }

  runUntil(atMs: number): void {
    while (this.#loop.step(100_000, this.#startUs + atMs * 1000) === "more");
  }

  #at(atUs: number, task: () => void): void {
    this.#loop.schedule(Math.round(atUs), phase.api, act, () => this.#as("user", task));
  }

  #as(actor: string, task: () => void): void {
    const before = this.#actor;
    this.#actor = actor;
    task();
    this.#actor = before;
  }

  get #nowMs(): number {
    return (this.#loop.nowUs - this.#startUs) / 1000;
  }

  #listen(): void {
    const { api } = this;
    const handle = api.handle.bind(api);
    api.handle = (request: ApiRequest): ApiReply => {
      let reply: ApiReply | undefined;
      this.#as(this.#clients.get(request) ?? this.#actor, () => {
        this.#verb = request.verb;
        reply = handle(request);
        if (!reply.ok) this.#refused(request, reply);
      });
      return reply!;
    };
    api.store.onCommit(({ before, after }) => {
      const object = (after ?? before)!;
      if (before === undefined) this.names.note(object);
      const verb = before === undefined ? "create" : after === undefined ? (this.#verb === "delete" ? "delete" : "finalize") : "update";
      this.rows.push({
        atMs: this.#nowMs,
        actor: this.#actor,
        verb,
        kind: object.kind,
        name: this.names.of(object),
        ...(before && { before }),
        ...(after && { after }),
      });
    });
    api.events.onRecord(({ kind, key, type, reason, message, source }) => {
      const text = this.names.inText(message);
      const row = { atMs: this.#nowMs, actor: source, verb: "event", kind, name: this.names.ofKey(kind, key) };
      this.rows.push({ ...row, type, reason, message: text });
    });
  }

  #refused(request: ApiRequest, reply: Extract<ApiReply, { ok: false }>): void {
    if (request.verb === "get") return;
    const kind = request.verb === "create" ? request.object.kind : request.verb === "update" ? request.next.kind : "kind" in request ? request.kind : "Pod";
    const { code, reason, message } = reply.error;
    const text = this.names.inText(message);
    this.rows.push({ atMs: this.#nowMs, actor: this.#actor, verb: request.verb, kind, name: "", code, reason, message: text });
  }

  #create(object: NewObject): void {
    createAs(this.api, object, this.#recording.namespace);
  }

  #join(node: NewObject): void {
    const name = node.metadata.name!;
    this.#create(node);
    const off = this.#recording.actions.find((action) => action.do === "node-power-off" && action.node === name);
    const lastMs = off?.lastLeaseRenewedAtMs ?? -5000;
    const periodUs = this.#recording.kubelet.leaseRenewEveryMs * 1000;
    const leaseUs = this.#startUs + Math.round(lastMs * 1000);
    this.#kubelets.join(name, "True", ((leaseUs % periodUs) + periodUs) % periodUs);
  }

  #key(kind: string, name: string): ObjectKey {
    return objectKey(isNamespaced(kind) ? this.#recording.namespace : undefined, this.names.real(name));
  }

  #do(action: TimelineAction): void {
    const pod = action.pod === undefined ? undefined : this.#key("Pod", action.pod);
    switch (action.do) {
      case "create":
        return this.#create(action.object!);
      case "patch":
        return void patchAs(this.api, action, this.#key(action.kind!, action.name!));
      case "delete": {
        const key = this.#key(action.kind!, action.name!);
        this.api.handle({ verb: "delete", kind: action.kind!, key, options: { ...action.options } });
        return;
      }
      case "evict":
        this.api.handle({ verb: "evict", key: pod! });
        return;
      case "node-joins":
        return this.#as("kubelet", () => this.#join(action.node as NewObject));
      case "node-power-off":
        this.#kubelets.powerOff(action.node as string);
        this.api.leases.end(action.node as string, this.#loop.nowUs);
        return;
      case "node-power-on":
        return this.#as("kubelet", () => {
          this.#kubelets.powerOn(action.node as string);
          this.#kubelets.join(action.node as string, "True", this.#loop.nowUs);
        });
      case "kubelet-reports":
        return this.#as("kubelet", () => this.#kubelets.join(action.node as string, action.ready as "True", undefined));
      case "readiness-probe-flips":
        return this.#as("kubelet", () => this.#kubelets.setReady(pod!, action.ready as boolean));
      case "container-restarts":
        return this.#as("kubelet", () => this.#kubelets.restart(pod!, action.restartCount!));
      default:
        throw new Error(`unknown action ${action.do}`);
    }
  }
}

function nodesOf({ nodes, nodesNote, actions }: Recording): NewObject[] {
  const later = new Set(actions.filter((action) => action.do === "node-joins").map(({ node }) => (node as NewObject).metadata.name));
  if (nodesNote === undefined) return nodes.filter(({ metadata }) => !later.has(metadata.name));
  const [first] = nodes;
  return Array.from({ length: 100 }, (_, index) => {
    const name = `n${index + 1}`;
    const labels = { ...first!.metadata.labels, "kubernetes.io/hostname": name };
    return { ...first!, metadata: { ...first!.metadata, name, labels } };
  });
}

/**
 * Virtual instant of the recording's 0. Ours tick from instant 0; the real ones ticked from when their process started,
 * which shows in when they acted: the start is chosen so that both beats agree.
 */
function startOf({ timeline, flags, actions }: Recording): number {
  const period = flagsOf(flags)["node-monitor-period"] === "2s" ? 2_000 : 5_000;
  const monitor = timeline.find(({ actor, reason }) => actor === "node-controller" && (reason === "NodeNotReady" || reason === "RegisteredNode"));
  const recovered = timeline.find(({ actor, kind, change }) => actor === "node-controller" && kind === "Node" && change?.["spec.taints"] === null);
  const collected = timeline.find(({ actor }) => actor === "pod-garbage-collector");
  const beatMs = collected !== undefined ? 20_000 : period;
  const atMs = Math.floor((collected ?? monitor ?? recovered)?.atMs ?? 0) - 10;
  const settleMs = actions.some((action) => action.atMs < 0) ? 40_000 : 20_000;
  return (settleMs + ((((-atMs - settleMs) % beatMs) + beatMs) % beatMs)) * 1000;
}

function flagsOf(flags: Recording["flags"]): Record<string, string> {
  const known: Record<string, string> = {};
  for (const flag of flags["kube-controller-manager"] ?? []) {
    const [, name, value] = /^--([a-z-]+)=(.*)$/.exec(flag) ?? [];
    if (name?.startsWith("node-") || name?.includes("eviction-rate") || name?.startsWith("large-") || name?.startsWith("unhealthy"))
      known[name] = value!;
  }
  return known;
}

function scenarioOf({ flags, name }: Recording) {
  const set = Object.entries(flagsOf(flags)).map(([flag, value]) => `${flag}: ${value}`);
  const text = `
apiVersion: seatrial.io/v1alpha1
kind: Scenario
metadata: { name: ${name} }
spec:
  question: Do the controllers keep the real timetable?
  duration: 10m
  cluster:
    nodePools: [{ name: general, instanceType: m6i.large, zones: [a], min: 1 }]
    kubeControllerManager: { ${set.join(", ")} }
`;
  return parseScenario(text, "/");
}
