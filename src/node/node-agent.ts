import type { ApiServer, NewObject } from "../apiserver/index.ts";
import { type Node, objectKey, type Pod, type WallClock } from "../model/index.ts";
import { draw, type EventLoop, nextTickAt, type RandomStream, type Ticker } from "../sim/index.ts";
import { controlPlane, type Machine, type World } from "../world/index.ts";
import { ApiLink } from "./api-link.ts";
import { nextLeaseAttemptUs, stretched } from "./beats.ts";
import type { NodeDelays } from "./delays.ts";
import { ImageStore } from "./image-store.ts";
import { Kubelet } from "./kubelet.ts";
import { defaultKubeletConfiguration, kubeletClocks } from "./kubelet-configuration.ts";
import { configurationOf, type KubeletSettings, noticedAmounts } from "./kubelet-settings.ts";
import type { NodeReport } from "./node-reporter.ts";
import { newNode, nodeConditions } from "./node-status.ts";
import { adopted } from "./reboot.ts";
import type { SharedParts } from "./shared-parts.ts";
import { staticPodOf } from "./static-pods.ts";
import { Execution } from "./work.ts";
import { memoryAlarmBytes, WorldHost, type WorldHostOptions } from "./world-host.ts";

const heartbeatUs = 10_000_000;
/** From the last pod's end to the power's: what is left is stopped, the kubelet among it. Assumption. */
const systemStopUs = 1_000_000;
/** A kubelet of a settled machine has been up for this long. */
const settledAgeUs = 400_000_000;

interface NodeAgentOptions {
  readonly loop: EventLoop;
  readonly api: ApiServer;
  readonly world: World;
  readonly clock: WallClock;
  readonly shared: SharedParts;
  readonly delays: NodeDelays;
  readonly machine: Machine;
  readonly random: RandomStream;
  /** From 0 to 1: how late the n-th instant of a beat comes. */
  readonly drawOf: (beat: "lease" | "status", tick: number) => number;
  readonly settings: KubeletSettings;
  readonly staticPods: readonly Pod[];
  readonly softwareOf: WorldHostOptions["softwareOf"];
  readonly luckOf: WorldHostOptions["luckOf"];
  readonly nextPodIP: () => string;
  /** Pods that are assigned to this machine, as stored. */
  readonly assigned: () => Pod[];
}

/** One machine's kubelet over reboots: registration, heartbeats, and what a lost link or power does to it. */
export class NodeAgent {
  readonly machine: Machine;
  readonly #options: NodeAgentOptions;
  readonly #hostIP: string;
  readonly #images = new ImageStore();
  #execution: Execution;
  #link: ApiLink;
  #startUs: number;
  kubelet: Kubelet | undefined;
  /** The kubelet's process is down or starts again, while containers run on. */
  #restarting = false;
  /** The beat of the lease's renewals, and since when they do not get through. */
  #lease: Ticker | undefined;
  #cutUs: number | undefined;
  /** Counts boots: what was begun before a power cut is not finished after it. */
  #boots = 0;

  constructor(options: NodeAgentOptions) {
    this.#options = options;
    this.machine = options.machine;
    const { index } = options.machine;
    this.#hostIP = `10.0.${Math.floor(index / 254) % 256}.${(index % 254) + 1}`;
    this.#startUs = Math.floor(options.random() * 1_000_000) - settledAgeUs;
    this.#execution = new Execution(options.loop);
    this.#link = this.#newLink();
  }

  get #key(): ReturnType<typeof objectKey> {
    return objectKey(undefined, this.machine.spec.name);
  }

  get #time(): string {
    return this.#options.clock.time(this.#options.loop.nowUs);
  }

  get connected(): boolean {
    const { machine } = this;
    return machine.alive && machine.kubeletAlive && this.#options.world.links.reachable(machine.index, controlPlane);
  }

  #newNode(): NewObject {
    const images = this.kubelet?.imageList.images ?? [];
    return newNode(this.machine, { hostIP: this.#hostIP, time: this.#time, images });
  }

  /** Up and registered from the beginning. */
  settle(): void {
    this.#boots += 1; // Power on began a boot, which is over already.
    this.#startKubelet();
    this.#options.api.handle({ verb: "create", object: this.#newNode() });
    this.#postReady();
    // It has been up for a while: where in its beat it is, nobody knows.
    this.#beginLease(Math.floor(this.#options.drawOf("lease", 0) * heartbeatUs));
    this.#startStaticPods();
  }

  /** Power, the kubelet's process, or the machine's being frozen changed. */
  onPower(): void {
    const { machine } = this;
    const { api, loop } = this.#options;
    if (machine.powered && machine.kubeletAlive) {
      if (machine.frozen) {
        api.leases.end(machine.spec.name, loop.nowUs);
        this.#execution.stall();
      } else if (this.kubelet !== undefined && !this.#restarting) {
        this.#execution.resume();
        this.onLink();
      } else this.#boot();
      return;
    }
    api.leases.end(machine.spec.name, loop.nowUs);
    if (machine.powered) {
      this.#restarting = true; // Only the kubelet is down: containers run on.
      this.#execution.stall();
      return;
    }
    this.#execution.dead = true;
    this.kubelet = undefined;
  }

  /** From power on: the kubelet starts, registers, and reports Ready once the network plugin is up. */
  #boot(): void {
    const { loop, delays, random, api } = this.#options;
    const known = this.kubelet;
    const boot = new Execution(loop);
    if (known === undefined) {
      this.#execution = boot;
      this.#link = this.#newLink();
    }
    const execution = this.#execution;
    this.#boots += 1;
    const boots = this.#boots;
    const ifStill = (task: () => void) => () => {
      if (this.#boots === boots && this.machine.powered && this.machine.kubeletAlive) task();
    };
    boot.at(
      loop.nowUs + Math.ceil(draw(delays.kubeletStart, random)),
      ifStill(() => {
        this.#restarting = false;
        if (known === undefined) {
          this.#startUs = loop.nowUs;
          this.#startKubelet();
          if (this.#options.staticPods.length > 0)
            boot.at(
              loop.nowUs + this.#link.requestUs,
              ifStill(() => this.#startStaticPods()),
            );
        } else {
          execution.resume();
          known.restarted();
        }
        const registered = api.store.get("Node", this.#key) !== undefined;
        if (!registered) this.#link.send({ verb: "create", object: this.#newNode() });
        this.#beginLease();
        const readyUs = registered ? this.#link.requestUs : Math.ceil(draw(delays.networkReady, random));
        boot.at(
          loop.nowUs + readyUs,
          ifStill(() => {
            this.#postReady();
            this.#resync();
          }),
        );
      }),
    );
  }

  #newLink(): ApiLink {
    return new ApiLink(this.#options.api, this.#execution, this.machine.spec.name, () => this.connected);
  }

  #startKubelet(): void {
    const { loop, world, delays, random, softwareOf, luckOf, nextPodIP, clock, shared, api, settings } = this.#options;
    const { machine } = this;
    const execution = this.#execution;
    const hostIP = this.#hostIP;
    const configuration = configurationOf(settings, { ...defaultKubeletConfiguration, everyPodMounts: true });
    const host = new WorldHost({
      loop,
      world,
      machine,
      delays,
      random,
      images: this.#images,
      softwareOf,
      luckOf,
      nextPodIP,
      hostIP,
      noticed: (what, capacity) => noticedAmounts(configuration, what, capacity),
      podPidsLimit: configuration.podPidsLimit,
      lost: () => execution.dead,
    });
    const hostIPs = [{ ip: hostIP }];
    const kubelet = new Kubelet({
      name: machine.spec.name,
      execution,
      api: this.#link,
      attachments: this.#link.attachments,
      host,
      clock,
      shared,
      clocks: kubeletClocks(this.#startUs, (tick) => this.#options.drawOf("status", tick)),
      configuration,
      released: () => execution.at(loop.nowUs + systemStopUs, () => world.setPower(machine, false)),
      node: () => api.store.get("Node", this.#key),
      addressesOf: (_pod, sandbox) => ({
        hostIP,
        hostIPs,
        ...(sandbox?.ip !== undefined && { podIP: sandbox.ip, podIPs: [{ ip: sandbox.ip }] }),
      }),
      runtimeReady: () => machine.runtimeReady,
      networkError: () => undefined,
      complaints: () => [],
      patchNode: (report) => this.#patchStatus(report),
    });
    host.useGrew = () => {
      kubelet.eviction.look();
      kubelet.imageGc.look();
    };
    host.imagesChanged = () => kubelet.imageList.look();
    host.exited = (uid, containerID, code, reason) => kubelet.exited(uid, containerID, code, reason);
    host.runs = (uid, containerID) => kubelet.workers.runs(uid, containerID);
    this.kubelet = kubelet;
    machine.memoryFullBytes = memoryAlarmBytes(machine, []);
    machine.memoryAlarmBytes = memoryAlarmBytes(machine, configuration.eviction.thresholds);
  }

  /** What the files ask for, once the machine is registered. */
  #startStaticPods(): void {
    const { staticPods } = this.#options;
    for (const pod of staticPods) this.kubelet?.statics.add(staticPodOf(pod, this.machine.spec.name));
  }

  /** Somebody shuts the machine down: at once, unless the kubelet was given time to end its pods. */
  onShutdown(): void {
    const { kubelet } = this;
    if (kubelet === undefined || kubelet.configuration.shutdown.length === 0)
      this.#options.world.setPower(this.machine, false);
    else kubelet.shutdown.shutDown();
  }

  /** The machine's memory is short, or is not any more. */
  onMemory(): void {
    this.kubelet?.eviction.look();
  }

  #patchStatus({ conditions, images }: NodeReport): void {
    const change = (node: Node): Node => {
      const before = node.status.conditions ?? [];
      const time = this.#time;
      const next = conditions.map((condition) => {
        const known = before.find(({ type }) => type === condition.type);
        const lastTransitionTime = known?.status === condition.status ? known.lastTransitionTime : time;
        return { ...condition, lastHeartbeatTime: time, lastTransitionTime };
      });
      const others = before.filter(({ type }) => !conditions.some((condition) => condition.type === type));
      const status = { ...node.status, conditions: [...others, ...next], ...(images !== undefined && { images }) };
      return { ...node, status };
    };
    this.#link.send({ verb: "patch", kind: "Node", key: this.#key, part: "status", change });
  }

  /** The watch shows a pod of this machine. */
  seen(pod: Pod, gone: boolean): void {
    if (this.kubelet === undefined || !this.connected || this.#restarting) return;
    this.#tell(this.kubelet, pod, gone);
  }

  #tell(kubelet: Kubelet, pod: Pod, gone: boolean): void {
    const { uid } = pod.metadata;
    if (gone) kubelet.remove(uid);
    else if (kubelet.pod(uid) !== undefined) kubelet.update(pod);
    else kubelet.add(pod, adopted(pod, this.#options.clock));
  }

  #beginLease(agoUs = 0): void {
    if (!this.connected) return;
    const { loop, api, drawOf } = this.#options;
    this.#cutUs = undefined;
    this.#lease = stretched({ phaseUs: loop.nowUs - agoUs, periodUs: heartbeatUs }, (tick) => drawOf("lease", tick));
    api.leases.begin(this.machine.spec.name, this.#lease, loop.nowUs);
  }

  /** The link is back: the beat goes on, unless a renewal was missed and is being tried again and again. */
  #renewAgain(): void {
    const { loop, api } = this.#options;
    const { name } = this.machine.spec;
    const [lease, cutUs] = [this.#lease, this.#cutUs];
    const failedUs = lease === undefined || cutUs === undefined ? loop.nowUs : nextTickAt(lease, cutUs + 1);
    if (lease !== undefined && failedUs > loop.nowUs) {
      this.#cutUs = undefined;
      api.leases.begin(name, lease, loop.nowUs);
      this.#readyAgain();
      return;
    }
    this.#execution.at(nextLeaseAttemptUs(failedUs, loop.nowUs), () => {
      if (api.leases.beating(name)) return;
      this.#beginLease();
      this.#readyAgain();
    });
  }

  /** A change is noticed by the next status tick only, and what others say of the node meanwhile by the one after it. */
  #readyAgain(): void {
    const { kubelet } = this;
    if (kubelet === undefined) return;
    const { nodeStatus } = kubelet.clocks;
    const firstUs = nextTickAt(nodeStatus, this.#options.loop.nowUs + 1);
    for (const atUs of [firstUs, nextTickAt(nodeStatus, firstUs + 1)])
      this.#execution.at(atUs, () => this.#postReady());
  }

  #postReady(): void {
    const change = (node: Node): Node => {
      const before = node.status.conditions ?? [];
      if (before.find(({ type }) => type === "Ready")?.status === "True") return node;
      const own = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];
      const others = before.filter(({ type }) => !own.includes(type));
      const conditions = [...others, ...nodeConditions(true, before, this.#time)];
      return { ...node, status: { ...node.status, conditions } };
    };
    this.#link.send({ verb: "patch", kind: "Node", key: this.#key, part: "status", change });
  }

  /** The link or the machine is back, or was cut: heartbeats, reports and what was missed follow. */
  onLink(): void {
    const { api, loop } = this.#options;
    const { name } = this.machine.spec;
    if (!this.connected) {
      if (api.leases.beating(name)) this.#cutUs = loop.nowUs;
      api.leases.end(name, loop.nowUs);
      return;
    }
    if (this.kubelet === undefined || this.#restarting || api.leases.beating(name)) return;
    this.#renewAgain();
    this.#resync();
  }

  /** Compares what runs with what should: after a boot, or after a time without a watch. */
  #resync(): void {
    const { kubelet } = this;
    if (kubelet === undefined) return;
    kubelet.reporter.look(); // What was said while the link was cut is lost.
    const assigned = this.#options.assigned();
    const uids = new Set<string>(assigned.map(({ metadata }) => metadata.uid));
    for (const pod of assigned) this.#tell(kubelet, pod, false);
    for (const uid of kubelet.podUids()) {
      if (uids.has(uid)) kubelet.tellAgain(uid);
      else kubelet.remove(uid);
    }
  }
}
