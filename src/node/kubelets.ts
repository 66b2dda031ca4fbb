import type { ApiServer, LogEntry } from "../apiserver/index.ts";
import { type ObjectKey, type Pod, type WallClock, workloadOf } from "../model/index.ts";
import { type EventLoop, type Handler, handler, phase, type RandomStreams } from "../sim/index.ts";
import type { Behavior, Machine, RunningContainer, RunningPod, World, WorldChange } from "../world/index.ts";
import type { NodeDelays } from "./delays.ts";
import type { Kubelet } from "./kubelet.ts";
import type { KubeletSettings } from "./kubelet-settings.ts";
import { NodeAgent } from "./node-agent.ts";
import { SharedParts } from "./shared-parts.ts";
import { WorldHost } from "./world-host.ts";

const watchUs = 5_000;

export interface KubeletsOptions {
  readonly loop: EventLoop;
  readonly api: ApiServer;
  readonly world: World;
  readonly clock: WallClock;
  readonly streams: RandomStreams;
  readonly delays: NodeDelays;
  /** What the kubelets of a node pool are told. */
  readonly settingsOf: (pool: string) => KubeletSettings;
  /** Manifests in the files of each machine of a node pool. */
  readonly staticPodsOf: (pool: string) => readonly Pod[];
  /** How a pod's software behaves. */
  readonly behaviorOf: (pod: Pod) => Behavior;
}

/** All kubelets of a cluster behind one watch, which is routed by `spec.nodeName`. */
export class Kubelets {
  readonly #options: KubeletsOptions;
  readonly #agents = new Map<string, NodeAgent>();
  readonly #podsOnNode = new Map<string, Set<ObjectKey>>();
  readonly #shared = new SharedParts();
  readonly #born = new Map<string, number>();
  #podIPs = 0;
  #wakePending = false;
  readonly #killed: Handler<{ kubelet: Kubelet; change: Killed }> = handler("kubelet/exit", ({ kubelet, change }) => {
    const worker = kubelet.workers.get(change.pod.uid);
    if (worker === undefined) return;
    const container = worker.held.containers.find((one) => WorldHost.matches(one, change.pod, change.container));
    const reason = change.what === "container-killed" ? "Error" : "OOMKilled";
    if (change.what === "machine-out-of-memory") kubelet.nodeEvent("Warning", "SystemOOM", "System OOM encountered");
    if (container !== undefined) kubelet.runtime.exited(container, 137, reason);
  });

  constructor(options: KubeletsOptions) {
    this.#options = options;
    this.#watch();
    options.world.onChange((change) => this.#onWorld(change));
  }

  /** A machine that is up and registered from the beginning: no boot to wait for. */
  settle(machine: Machine): void {
    const agent = this.#agentOf(machine);
    this.#options.world.setPower(machine, true);
    agent.settle();
  }

  #nextPodIP(): string {
    const n = this.#podIPs;
    this.#podIPs += 1;
    return `10.${128 + (Math.floor(n / 65_536) % 128)}.${Math.floor(n / 256) % 256}.${n % 256}`;
  }

  #watch(): void {
    const { api, loop } = this.#options;
    const log = api.store.log("Pod");
    const cursor = log.openCursor();
    const deliver: Handler<undefined> = handler("kubelet/watch", () => {
      this.#wakePending = false;
      for (;;) {
        const entry = log.peek(cursor);
        if (entry === undefined) return;
        if (entry.atUs > loop.nowUs - watchUs) {
          this.#wakePending = true;
          loop.schedule(entry.atUs + watchUs, phase.deliver, deliver, undefined);
          return;
        }
        cursor.next += 1;
        this.#seen(entry);
      }
    });
    log.onAppend(() => {
      if (this.#wakePending) return;
      this.#wakePending = true;
      loop.schedule(loop.nowUs + watchUs, phase.deliver, deliver, undefined);
    });
  }

  #seen({ key, before, after }: LogEntry<Pod>): void {
    const pod = (after ?? before)!;
    const node = pod.spec.nodeName ?? "";
    if (node === "") return;
    let keys = this.#podsOnNode.get(node);
    if (keys === undefined) {
      keys = new Set();
      this.#podsOnNode.set(node, keys);
    }
    if (after === undefined) keys.delete(key);
    else keys.add(key);
    this.#agents.get(node)?.seen(pod, after === undefined);
  }

  #assigned(node: string): Pod[] {
    const { store } = this.#options.api;
    const pods = [...(this.#podsOnNode.get(node) ?? [])].flatMap((key) => store.get("Pod", key) ?? []);
    return pods.filter(({ spec }) => spec.nodeName === node);
  }

  #softwareOf(pod: Pod): { readonly behavior: Behavior; readonly ordinal: number } {
    const workload = workloadOf(pod);
    const ordinal = this.#born.get(workload) ?? 0;
    this.#born.set(workload, ordinal + 1);
    return { behavior: this.#options.behaviorOf(pod), ordinal };
  }

  #agentOf(machine: Machine): NodeAgent {
    const { name } = machine.spec;
    let agent = this.#agents.get(name);
    if (agent === undefined) {
      const { loop, api, world, clock, delays, streams, settingsOf, staticPodsOf } = this.#options;
      agent = new NodeAgent({
        loop,
        api,
        world,
        clock,
        shared: this.#shared,
        delays,
        machine,
        random: streams(`kubelet/${name}`),
        drawOf: (beat, tick) => streams(`kubelet/${name}/${beat}/${tick}`)(),
        settings: settingsOf(machine.spec.pool),
        staticPods: staticPodsOf(machine.spec.pool),
        softwareOf: (pod) => this.#softwareOf(pod),
        // What belongs to the n-th pod ever run of a workload is drawn from a stream of its name.
        luckOf: (pod, ordinal, what) =>
          streams(`kubelet/${workloadOf(pod)}/${ordinal}${what === "life" ? "" : "/retries"}`),
        nextPodIP: () => this.#nextPodIP(),
        assigned: () => this.#assigned(name),
      });
      this.#agents.set(name, agent);
    }
    return agent;
  }

  #onWorld(change: WorldChange): void {
    switch (change.what) {
      case "machine-power":
      case "machine-kubelet":
        this.#agentOf(change.machine).onPower();
        break;
      case "machine-shutdown":
        this.#agentOf(change.machine).onShutdown();
        break;
      case "machine-runtime":
        this.#agents.get(change.machine.spec.name)?.kubelet?.syncLoop.look();
        break;
      case "machine-released":
        this.#options.api.leases.forget(change.machine.spec.name);
        this.#agents.delete(change.machine.spec.name);
        break;
      case "links":
        for (const agent of this.#agents.values()) agent.onLink();
        break;
      case "container-killed":
      case "machine-out-of-memory":
      case "memory-over-limit": {
        const kubelet = this.#kubeletOf(change.pod);
        const { loop } = this.#options;
        if (kubelet !== undefined) loop.schedule(loop.nowUs, phase.world, this.#killed, { kubelet, change });
        break;
      }
      case "machine-memory":
        this.#agents.get(change.machine.spec.name)?.onMemory();
        break;
      case "pod-accepting":
      case "pod-slow":
        this.#kubeletOf(change.pod)?.workers.lookAgain(change.pod.uid);
        break;
      default:
    }
  }

  #kubeletOf(pod: RunningPod): Kubelet | undefined {
    return this.#agents.get(pod.machine.spec.name)?.kubelet;
  }
}

interface Killed {
  readonly what: "container-killed" | "memory-over-limit" | "machine-out-of-memory";
  readonly pod: RunningPod;
  readonly container: RunningContainer;
}
