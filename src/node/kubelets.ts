import type { ApiReply, ApiRequest, ApiServer } from "../apiserver/index.ts";
import { keyOf, type Node, type ObjectKey, objectKey, type Pod, type WallClock, workloadOf } from "../model/index.ts";
import {
  type EventLoop,
  type Handler,
  handler,
  phase,
  type RandomStreams,
  type Sequence,
  type Ticker,
} from "../sim/index.ts";
import {
  type Behavior,
  type ContainerLimits,
  controlPlane,
  type Machine,
  type RunningPod,
  type World,
  type WorldChange,
} from "../world/index.ts";
import { admissionRejection } from "./admission.ts";
import type { ContainerState } from "./container-state.ts";
import type { NodeDelays } from "./delays.ts";
import { Kubelet } from "./kubelet.ts";
import { newNode, nodeConditions } from "./node-status.ts";
import { statusOf } from "./pod-status.ts";
import { PodWorker } from "./pod-worker.ts";
import type { Prober } from "./probe.ts";

const watchUs = 5_000;
const requestUs = 2_000;
const heartbeatUs = 10_000_000;
/** Requests that the server refused with an error of its own are sent again after this. */
const retryUs = 1_000_000;

export interface KubeletsOptions {
  readonly loop: EventLoop;
  readonly api: ApiServer;
  readonly world: World;
  readonly clock: WallClock;
  readonly streams: RandomStreams;
  readonly delays: NodeDelays;
  /** How a pod's software behaves. */
  readonly behaviorOf: (pod: Pod) => Behavior;
}

/** All kubelets of a cluster: small state machines over one watch, not processes with caches of their own. */
export class Kubelets {
  readonly loop: EventLoop;
  readonly api: ApiServer;
  readonly world: World;
  readonly delays: NodeDelays;
  readonly #options: KubeletsOptions;
  readonly #kubelets = new Map<string, Kubelet>();
  readonly #podsOnNode = new Map<string, Set<ObjectKey>>();
  readonly #born = new Map<string, number>();
  readonly #reporting = new Set<PodWorker>();
  #podIPs = 0;
  #wakePending = false;
  readonly probeHandler: Handler<Prober> = handler("kubelet/probe", (prober) => prober.turn());
  readonly #resume: Handler<PodWorker>;
  readonly #accept: Handler<PodWorker> = handler("kubelet/started", (worker) => worker.accept());
  readonly #sync: Handler<PodWorker> = handler("kubelet/relist", (worker) => worker.sync());
  readonly #exit: Handler<{ worker: PodWorker; container: ContainerState; life: number; code: number; reason: string }>;
  readonly #startup: Handler<{ worker: PodWorker; container: ContainerState; life: number }>;
  readonly #status: Handler<PodWorker>;
  readonly #request: Handler<{ kubelet: Kubelet; boot: number; request: ApiRequest; reply: (reply: ApiReply) => void }>;
  readonly #step: Handler<{ kubelet: Kubelet; boot: number; next: () => void }>;

  constructor(options: KubeletsOptions) {
    this.#options = options;
    this.loop = options.loop;
    this.api = options.api;
    this.world = options.world;
    this.delays = options.delays;
    this.#resume = handler("kubelet/step", (worker) => {
      if (this.#thaws(worker)) this.resumeAt(this.loop.nowUs + 1_000_000, worker);
      else worker.resume();
    });
    this.#exit = handler("kubelet/exit", ({ worker, container, life, code, reason }) => {
      if (life === container.life) worker.exited(container, code, reason);
    });
    this.#startup = handler("kubelet/startup-probe", ({ worker, container, life }) => {
      if (life === container.life) worker.startupFailed(container);
    });
    this.#status = handler("kubelet/status", (worker) => this.#writeStatus(worker));
    this.#request = handler("kubelet/request", (call) => {
      const { kubelet, boot, request, reply } = call;
      if (boot !== kubelet.boot || !this.#connected(kubelet)) return;
      const answer = this.api.handle(request);
      if (!answer.ok && answer.error.code >= 500)
        this.loop.schedule(this.loop.nowUs + retryUs, phase.api, this.#request, call);
      else reply(answer);
    });
    this.#step = handler("kubelet/boot", ({ kubelet, boot, next }) => {
      if (boot === kubelet.boot) next();
    });
    const log = this.api.store.log("Pod");
    const cursor = log.openCursor();
    const deliver: Handler<undefined> = handler("kubelet/watch", () => {
      this.#wakePending = false;
      for (;;) {
        const entry = log.peek(cursor);
        if (entry === undefined) return;
        if (entry.atUs > this.loop.nowUs - watchUs) {
          this.#wakePending = true;
          this.loop.schedule(entry.atUs + watchUs, phase.deliver, deliver, undefined);
          return;
        }
        cursor.next += 1;
        this.#seen(entry.before, entry.after);
      }
    });
    log.onAppend(() => {
      if (this.#wakePending) return;
      this.#wakePending = true;
      this.loop.schedule(this.loop.nowUs + watchUs, phase.deliver, deliver, undefined);
    });
    this.world.onChange((change) => this.#onWorld(change));
  }

  kubelet(node: string): Kubelet | undefined {
    return this.#kubelets.get(node);
  }

  /** A machine that is up and registered from the beginning: no boot to wait for. */
  settle(machine: Machine): void {
    const kubelet = this.#kubeletOf(machine);
    this.world.setPower(machine, true);
    kubelet.boot += 1;
    kubelet.running = true;
    const node = newNode(machine, kubelet.hostIP, this.#time);
    this.api.handle({ verb: "create", object: node });
    this.#postReady(kubelet);
    this.#beginLease(kubelet);
  }

  // What kubelets and pod workers ask for.

  nextPodIP(): string {
    const n = this.#podIPs;
    this.#podIPs += 1;
    return `10.${128 + (Math.floor(n / 65_536) % 128)}.${Math.floor(n / 256) % 256}.${n % 256}`;
  }

  startProcesses(worker: PodWorker, containers: readonly ContainerLimits[], mainIndex: number): RunningPod {
    const { pod, behavior, kubelet } = worker;
    const { uid } = pod.metadata;
    const { machine } = kubelet;
    return this.world.startPod({
      key: keyOf(pod),
      uid,
      machine,
      workload: workloadOf(pod),
      behavior,
      containers,
      mainIndex,
    });
  }

  resumeAt(atUs: number, worker: PodWorker): Sequence {
    return this.loop.schedule(Math.max(atUs, this.loop.nowUs), phase.decide, this.#resume, worker);
  }

  acceptAt(atUs: number, worker: PodWorker): Sequence {
    return this.loop.schedule(atUs, phase.world, this.#accept, worker);
  }

  syncAt(atUs: number, worker: PodWorker): void {
    this.loop.schedule(atUs, phase.decide, this.#sync, worker);
  }

  exitAt(atUs: number, worker: PodWorker, container: ContainerState, code: number): void {
    const reason = code === 0 ? "Completed" : "Error";
    this.loop.schedule(atUs, phase.world, this.#exit, { worker, container, life: container.life, code, reason });
  }

  startupDeadline(atUs: number, worker: PodWorker, container: ContainerState): void {
    this.loop.schedule(atUs, phase.decide, this.#startup, { worker, container, life: container.life });
  }

  /** One status write per pod at a time; what happens until it is sent goes along. */
  report(worker: PodWorker): void {
    if (this.#reporting.has(worker)) return;
    this.#reporting.add(worker);
    this.loop.schedule(this.loop.nowUs + requestUs, phase.api, this.#status, worker);
  }

  deleteObject(worker: PodWorker): void {
    const { uid } = worker.pod.metadata;
    const options = { gracePeriodSeconds: 0, preconditions: { uid } };
    this.#send(worker.kubelet, { verb: "delete", kind: "Pod", key: keyOf(worker.pod), options }, () => undefined);
  }

  event(kubelet: Kubelet, pod: Pod, type: "Normal" | "Warning", reason: string, message: string): void {
    const { uid } = pod.metadata;
    const host = kubelet.machine.spec.name;
    this.api.events.create(
      { kind: "Pod", key: keyOf(pod), uid, type, reason, message, source: "kubelet", host },
      this.loop.nowUs,
    );
  }

  // The watch.

  #seen(before: Pod | undefined, after: Pod | undefined): void {
    const pod = (after ?? before)!;
    const node = pod.spec.nodeName ?? "";
    if (node === "") return;
    const key = keyOf(pod);
    let keys = this.#podsOnNode.get(node);
    if (keys === undefined) {
      keys = new Set();
      this.#podsOnNode.set(node, keys);
    }
    if (after === undefined) keys.delete(key);
    else keys.add(key);
    const kubelet = this.#kubelets.get(node);
    if (kubelet?.running === true && this.#connected(kubelet)) this.#handle(kubelet, pod, after === undefined);
  }

  #handle(kubelet: Kubelet, pod: Pod, gone: boolean): void {
    const { uid } = pod.metadata;
    const worker = kubelet.workers.get(uid);
    if (gone) {
      if (worker === undefined) return;
      this.#forget(kubelet, worker);
      // Removed by force: the processes are killed within the pod's own grace, while nobody counts them any more.
      if (!worker.ended) worker.terminate(undefined, false);
      return;
    }
    if (worker !== undefined) {
      worker.update(pod);
    } else if (pod.metadata.deletionTimestamp !== undefined) {
      const options = { gracePeriodSeconds: 0, preconditions: { uid } };
      this.#send(kubelet, { verb: "delete", kind: "Pod", key: keyOf(pod), options }, () => undefined);
    } else if (pod.status.phase !== "Succeeded" && pod.status.phase !== "Failed") {
      this.#admit(kubelet, pod, 0);
    }
  }

  #admit(kubelet: Kubelet, pod: Pod, restarts: number): void {
    const node = this.api.store.get("Node", objectKey(undefined, kubelet.machine.spec.name));
    const workload = workloadOf(pod);
    const ordinal = this.#born.get(workload) ?? 0;
    this.#born.set(workload, ordinal + 1);
    const random = this.#options.streams(`kubelet/${workload}/${ordinal}`);
    const worker = new PodWorker(kubelet, pod, this.#options.behaviorOf(pod), random);
    for (const container of worker.containers) container.restarts = restarts;
    kubelet.workers.set(pod.metadata.uid, worker);
    const others = [...kubelet.workers.values()].filter((other) => other !== worker && !other.ended);
    const rejection =
      node &&
      admissionRejection(
        pod,
        node,
        others.map((other) => other.pod),
      );
    if (rejection === undefined) {
      worker.start();
      return;
    }
    worker.ended = true;
    worker.terminating = true;
    worker.reason = rejection.reason;
    worker.message = rejection.message;
    this.event(kubelet, pod, "Warning", rejection.reason, rejection.message.slice("Pod was rejected: ".length));
    const status = {
      phase: "Failed",
      ...rejection,
      startTime: this.#time,
      observedGeneration: pod.metadata.generation,
    };
    const change = (stored: Pod): Pod => ({ ...stored, status: { qosClass: stored.status.qosClass, ...status } });
    this.#send(kubelet, { verb: "patch", kind: "Pod", key: keyOf(pod), part: "status", change }, () => undefined);
  }

  #forget(kubelet: Kubelet, worker: PodWorker): void {
    kubelet.workers.delete(worker.pod.metadata.uid);
  }

  #writeStatus(worker: PodWorker): void {
    this.#reporting.delete(worker);
    const { kubelet, pod } = worker;
    if (!this.#connected(kubelet) || kubelet.workers.get(pod.metadata.uid) !== worker) return;
    const key = keyOf(pod);
    const stored = this.api.store.get("Pod", key);
    if (stored === undefined || stored.metadata.uid !== pod.metadata.uid) return;
    const facts = {
      pod: stored,
      containers: worker.containers,
      startTimeUs: worker.startTimeUs,
      podIP: worker.podIP,
      hostIP: kubelet.hostIP,
      sandboxReady: worker.sandboxReady && !worker.ended,
      terminal: worker.ended,
      reason: worker.reason,
      message: worker.message,
    };
    const change = (current: Pod): Pod => ({
      ...current,
      status: statusOf(facts, this.#options.clock, this.loop.nowUs),
    });
    const reply = this.api.handle({ verb: "patch", kind: "Pod", key, part: "status", change });
    // What the server did not take is told again: the status manager's full sync.
    if (reply.ok || reply.error.code < 500) return;
    this.#reporting.add(worker);
    this.loop.schedule(this.loop.nowUs + heartbeatUs, phase.api, this.#status, worker);
  }

  // The machine and its links.

  #onWorld(change: WorldChange): void {
    switch (change.what) {
      case "machine-power":
      case "machine-kubelet":
        this.#onPower(change.machine);
        break;
      case "machine-released":
        this.api.leases.forget(change.machine.spec.name);
        this.#kubelets.delete(change.machine.spec.name);
        break;
      case "links":
        for (const kubelet of this.#kubelets.values()) this.#onLink(kubelet);
        break;
      case "container-killed":
      case "memory-over-limit": {
        const worker = this.#workerOf(change.pod);
        const index = change.pod.containers.indexOf(change.container);
        const container = worker?.containers.find(({ processIndex }) => processIndex === index);
        if (worker !== undefined && container !== undefined) {
          const reason = change.what === "memory-over-limit" ? "OOMKilled" : "Error";
          const argument = { worker, container, life: container.life, code: 137, reason };
          this.loop.schedule(this.loop.nowUs, phase.world, this.#exit, argument);
        }
        break;
      }
      case "pod-accepting":
      case "pod-slow":
        this.#workerOf(change.pod)?.lookAgain();
        break;
      default:
    }
  }

  #workerOf(pod: RunningPod): PodWorker | undefined {
    return this.#kubelets.get(pod.machine.spec.name)?.workers.get(pod.uid);
  }

  #kubeletOf(machine: Machine): Kubelet {
    const { name } = machine.spec;
    let kubelet = this.#kubelets.get(name);
    if (kubelet === undefined) {
      kubelet = new Kubelet(this, machine, this.#options.streams(`kubelet/${name}`));
      this.#kubelets.set(name, kubelet);
    }
    return kubelet;
  }

  #onPower(machine: Machine): void {
    const kubelet = this.#kubeletOf(machine);
    const { name } = machine.spec;
    if (machine.powered && machine.kubeletAlive) {
      if (machine.frozen) this.api.leases.end(name, this.loop.nowUs);
      else if (kubelet.running) this.#onLink(kubelet);
      else this.#boot(kubelet);
      return;
    }
    this.api.leases.end(name, this.loop.nowUs);
    kubelet.running = false;
    kubelet.boot += 1;
    if (machine.powered) return; // Only the kubelet is down: containers run on.
    kubelet.images.abortPulls();
    for (const worker of kubelet.workers.values()) worker.drop();
    kubelet.workers.clear();
  }

  /** From power on: the kubelet starts, registers, and reports Ready once the network plugin is up. */
  #boot(kubelet: Kubelet): void {
    kubelet.boot += 1;
    this.#later(kubelet, kubelet.draw(this.delays.kubeletStart), () => {
      kubelet.running = true;
      const key = objectKey(undefined, kubelet.machine.spec.name);
      const known = this.api.store.get("Node", key) !== undefined;
      if (!known)
        this.#send(
          kubelet,
          { verb: "create", object: newNode(kubelet.machine, kubelet.hostIP, this.#time) },
          () => undefined,
        );
      this.#beginLease(kubelet);
      this.#later(kubelet, known ? requestUs : kubelet.draw(this.delays.networkReady), () => {
        this.#postReady(kubelet);
        this.#resync(kubelet);
      });
    });
  }

  #later(kubelet: Kubelet, afterUs: number, next: () => void): void {
    this.loop.schedule(this.loop.nowUs + afterUs, phase.decide, this.#step, { kubelet, boot: kubelet.boot, next });
  }

  #beginLease(kubelet: Kubelet): void {
    if (!this.#connected(kubelet)) return;
    const ticker: Ticker = { phaseUs: this.loop.nowUs, periodUs: heartbeatUs };
    this.api.leases.begin(kubelet.machine.spec.name, ticker, this.loop.nowUs);
  }

  #postReady(kubelet: Kubelet): void {
    const key = objectKey(undefined, kubelet.machine.spec.name);
    const change = (node: Node): Node => {
      const before = node.status.conditions ?? [];
      if (before.find(({ type }) => type === "Ready")?.status === "True") return node;
      const others = before.filter(
        ({ type }) => !["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"].includes(type),
      );
      return {
        ...node,
        status: { ...node.status, conditions: [...others, ...nodeConditions(true, before, this.#time)] },
      };
    };
    this.#send(kubelet, { verb: "patch", kind: "Node", key, part: "status", change }, () => undefined);
  }

  /** The link or the machine is back, or was cut: heartbeats, reports and what was missed follow. */
  #onLink(kubelet: Kubelet): void {
    const { name } = kubelet.machine.spec;
    if (!this.#connected(kubelet)) {
      this.api.leases.end(name, this.loop.nowUs);
      return;
    }
    if (!kubelet.running || this.api.leases.beating(name)) return;
    this.#beginLease(kubelet);
    // A change is noticed by the next status tick only.
    this.#later(kubelet, heartbeatUs, () => this.#postReady(kubelet));
    this.#resync(kubelet);
  }

  /** Compares what runs with what should: after a boot, or after a time without a watch. */
  #resync(kubelet: Kubelet): void {
    const { store } = this.api;
    const seen = new Set<string>();
    for (const key of this.#podsOnNode.get(kubelet.machine.spec.name) ?? []) {
      const pod = store.get("Pod", key);
      if (pod === undefined || pod.spec.nodeName !== kubelet.machine.spec.name) continue;
      seen.add(pod.metadata.uid);
      const ran = (pod.status.containerStatuses ?? []).some(({ state }) => state?.waiting === undefined);
      if (!kubelet.workers.has(pod.metadata.uid) && ran && pod.metadata.deletionTimestamp === undefined) {
        const restarts = Math.max(0, ...(pod.status.containerStatuses ?? []).map(({ restartCount }) => restartCount));
        if (pod.status.phase === "Running" || pod.status.phase === "Pending") this.#admit(kubelet, pod, restarts + 1);
      } else {
        this.#handle(kubelet, pod, false);
      }
    }
    for (const worker of [...kubelet.workers.values()]) {
      if (seen.has(worker.pod.metadata.uid)) this.report(worker);
      else this.#handle(kubelet, worker.pod, true);
    }
  }

  #send(kubelet: Kubelet, request: ApiRequest, reply: (reply: ApiReply) => void): void {
    this.loop.schedule(this.loop.nowUs + requestUs, phase.api, this.#request, {
      kubelet,
      boot: kubelet.boot,
      request,
      reply,
    });
  }

  #connected({ machine }: Kubelet): boolean {
    return machine.alive && machine.kubeletAlive && this.world.links.reachable(machine.index, controlPlane);
  }

  #thaws({ kubelet }: PodWorker): boolean {
    return kubelet.machine.frozen;
  }

  get #time(): string {
    return this.#options.clock.time(this.loop.nowUs);
  }
}
