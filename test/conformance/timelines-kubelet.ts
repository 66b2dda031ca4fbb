import type { ApiServer } from "../../src/apiserver/index.ts";
import { isPodTerminal, keyOf, objectKey, type Node, type ObjectKey, type Pod, type WallClock } from "../../src/model/index.ts";
import { type EventLoop, handler, phase } from "../../src/sim/index.ts";
import type { Recording } from "./timelines-recording.ts";

const run = handler<() => void>("stand-in-kubelet", (task) => task());
/** From a write to its being seen, and from there to the kubelet's answer being stored. */
const seenUs = 10_000;

/** The stand-in for kubelets that the recordings were made with: exact delays from annotations of the pod. */
export class StandInKubelets {
  readonly #loop: EventLoop;
  readonly #api: ApiServer;
  readonly #clock: WallClock;
  readonly #recording: Pick<Recording, "kubelet">;
  readonly #as: (actor: string, act: () => void) => void;
  readonly #off = new Set<string>();
  readonly #begun = new Set<string>();
  readonly #ending = new Set<string>();
  readonly #births = new Map<string, number>();
  readonly #nth = new Map<string, number>();
  #nextIP = 2;

  constructor(
    surroundings: { loop: EventLoop; api: ApiServer; clock: WallClock },
    recording: Pick<Recording, "kubelet">,
    as: (actor: string, act: () => void) => void,
  ) {
    this.#loop = surroundings.loop;
    this.#api = surroundings.api;
    this.#clock = surroundings.clock;
    this.#recording = recording;
    this.#as = as;
    this.#api.store.onCommit(({ before, after }) => {
      const object = after ?? before;
      if (object?.kind !== "Pod") return;
      if (before === undefined) this.#born(object as Pod);
      if (after !== undefined) this.#look(after as Pod);
    });
  }

  #born(pod: Pod): void {
    const owner = pod.metadata.ownerReferences?.[0]?.uid ?? pod.metadata.uid;
    const nth = this.#births.get(owner) ?? 0;
    this.#births.set(owner, nth + 1);
    this.#nth.set(pod.metadata.uid, nth);
  }

  powerOff(node: string): void {
    this.#off.add(node);
  }

  powerOn(node: string): void {
    this.#off.delete(node);
    for (const pod of this.#api.store.list("Pod")) if (pod.spec.nodeName === node) this.#look(pod);
  }

  #later(delayUs: number, node: string, task: () => void): void {
    const act = (): void => {
      if (!this.#off.has(node)) this.#as("kubelet", task);
    };
    this.#loop.schedule(this.#loop.nowUs + delayUs, phase.api, run, act);
  }

  #ms(pod: Pod, name: string): number {
    const text = pod.metadata.annotations?.[`sim/${name}`] ?? this.#recording.kubelet.defaultsMs[name];
    return Number(text ?? 0);
  }

  #look(pod: Pod): void {
    const { nodeName = "" } = pod.spec;
    const { uid, deletionTimestamp } = pod.metadata;
    if (nodeName === "" || this.#off.has(nodeName)) return;
    const key = keyOf(pod);
    if (deletionTimestamp !== undefined && !this.#ending.has(uid)) {
      this.#ending.add(uid);
      const ran = pod.status.phase === "Running";
      const graceMs = 1000 * (pod.metadata.deletionGracePeriodSeconds ?? 0);
      const delayMs = ran ? Math.min(this.#ms(pod, "term-ms"), graceMs) : 20;
      this.#later(seenUs + delayMs * 1000, nodeName, () => this.#end(key, uid, ran));
    } else if (deletionTimestamp === undefined && !this.#begun.has(uid)) {
      this.#begun.add(uid);
      const ready = this.#ms(pod, "ready-ms");
      this.#later(seenUs + this.#ms(pod, "run-ms") * 1000, nodeName, () => this.#start(key, uid, ready));
    }
  }

  #start(key: ObjectKey, uid: string, readyMs: number): void {
    const pod = this.#live(key, uid);
    if (pod === undefined || isPodTerminal(pod)) return;
    const podIP = `10.244.0.${this.#nextIP}`;
    this.#nextIP += 1;
    this.#status(pod, readyMs === 0, { podIP, phase: "Running", startTime: this.#clock.time(this.#loop.nowUs) });
    const node = pod.spec.nodeName!;
    if (readyMs > 0) this.#later(readyMs * 1000, node, () => this.setReady(key, true, uid));
    const exitMs = this.#ms(pod, "exit-ms");
    if (exitMs >= 0) this.#later(exitMs * 1000, node, () => this.#exit(key, uid));
  }

  #live(key: ObjectKey, uid: string): Pod | undefined {
    const pod = this.#api.store.get("Pod", key);
    return pod?.metadata.uid === uid ? pod : undefined;
  }

  setReady(key: ObjectKey, ready: boolean, uid?: string): void {
    const pod = this.#api.store.get("Pod", key);
    if (pod === undefined || (uid !== undefined && pod.metadata.uid !== uid) || isPodTerminal(pod)) return;
    this.#status(pod, ready, {});
  }

  restart(key: ObjectKey, restartCount: number): void {
    const pod = this.#api.store.get("Pod", key);
    if (pod === undefined) return;
    const containerStatuses = pod.status.containerStatuses?.map((status) => ({ ...status, restartCount }));
    this.#patch(pod, { ...pod.status, containerStatuses });
  }

  #exit(key: ObjectKey, uid: string): void {
    const pod = this.#live(key, uid);
    if (pod === undefined || isPodTerminal(pod) || this.#ending.has(uid)) return;
    this.#finish(pod, this.#exitCode(pod));
  }

  #exitCode(pod: Pod): number {
    const codes = `${pod.metadata.annotations?.["sim/exit-code"] ?? "0"}`.split(",").map(Number);
    const index = pod.metadata.annotations?.["batch.kubernetes.io/job-completion-index"];
    const at = index === undefined ? (this.#nth.get(pod.metadata.uid) ?? 0) : Number(index);
    return codes[Math.min(at, codes.length - 1)]!;
  }

  #finish(pod: Pod, exitCode: number): void {
    const finishedAt = this.#clock.time(this.#loop.nowUs);
    const phaseNow = exitCode === 0 ? "Succeeded" : "Failed";
    const reason = exitCode === 0 ? "PodCompleted" : "PodFailed";
    const terminated = { exitCode, finishedAt, reason: exitCode === 0 ? "Completed" : "Error" };
    this.#status(pod, false, { phase: phaseNow }, reason, { terminated });
  }

  #end(key: ObjectKey, uid: string, ran: boolean): void {
    const pod = this.#live(key, uid);
    if (pod === undefined) return;
    if (ran && !isPodTerminal(pod)) this.#finish(pod, 0);
    this.#api.handle({ verb: "delete", kind: "Pod", key, options: { gracePeriodSeconds: 0 } });
  }

  #status(pod: Pod, ready: boolean, fields: object, reason = "ContainersNotReady", state: object = { running: {} }): void {
    const time = this.#clock.time(this.#loop.nowUs);
    const names = pod.spec.containers.map(({ name }) => name);
    const message = `containers with unready status: [${names.join(" ")}]`;
    const why = ready ? {} : { reason, ...(reason === "ContainersNotReady" && { message }) };
    const was = pod.status.conditions?.find(({ type }) => type === "Ready");
    const status = ready ? "True" : "False";
    const since = was?.status === status ? was.lastTransitionTime : time;
    const others = (pod.status.conditions ?? []).filter(({ type }) => type !== "Ready" && type !== "ContainersReady");
    const conditions = ["Ready", "ContainersReady"].map((type) => ({ type, status, ...why, lastTransitionTime: since }));
    const containerStatuses = names.map((name) => {
      const seen = pod.status.containerStatuses?.find((each) => each.name === name);
      return { name, image: "", imageID: "", ready, started: ready, restartCount: seen?.restartCount ?? 0, state };
    });
    this.#patch(pod, { ...pod.status, ...fields, conditions: [...others, ...conditions], containerStatuses });
  }

  #patch(pod: Pod, status: object): void {
    const change = (stored: Pod): Pod => ({ ...stored, status: status as Pod["status"] });
    this.#api.handle({ verb: "patch", kind: "Pod", key: keyOf(pod), part: "status", change });
  }

  /** Posts the node's conditions, and renews its lease so that its last renewal was then. */
  join(name: string, ready: "True" | "False", leasePhaseUs: number | undefined): void {
    const time = this.#clock.time(this.#loop.nowUs);
    const [reason, message] =
      ready === "True"
        ? ["KubeletReady", "kubelet is posting ready status"]
        : ["KubeletNotReady", "container runtime network not ready"];
    const conditions = [
      { type: "MemoryPressure", status: "False", reason: "KubeletHasSufficientMemory", message: "kubelet has sufficient memory available" },
      { type: "DiskPressure", status: "False", reason: "KubeletHasNoDiskPressure", message: "kubelet has no disk pressure" },
      { type: "PIDPressure", status: "False", reason: "KubeletHasSufficientPID", message: "kubelet has sufficient PID available" },
    ];
    const all = [...conditions, { type: "Ready", status: ready, reason, message }].map((condition) => ({
      ...condition,
      lastHeartbeatTime: time,
      lastTransitionTime: time,
    }));
    const change = (stored: Node): Node => {
      const { allocatable } = stored.status;
      return { ...stored, status: { ...stored.status, capacity: allocatable, conditions: all } } as Node;
    };
    this.#api.handle({ verb: "patch", kind: "Node", key: objectKey(undefined, name), part: "status", change });
    if (leasePhaseUs === undefined) return;
    const periodUs = this.#recording.kubelet.leaseRenewEveryMs * 1000;
    this.#api.leases.begin(name, { phaseUs: leasePhaseUs % periodUs, periodUs }, this.#loop.nowUs);
  }
}
