import { type Container, keyOf, oomScoreAdj, type Pod, value, workloadOf } from "../model/index.ts";
import { draw, type EventLoop, handler, phase, type RandomStream } from "../sim/index.ts";
import type {
  Behavior,
  ContainerLimits,
  ImageLayer,
  Machine,
  RunningContainer,
  RunningPod,
  World,
} from "../world/index.ts";
import { amountsOf, cpuShares } from "./container-amounts.ts";
import type { NodeDelays } from "./delays.ts";
import { Downlink } from "./downlink.ts";
import type { PodUsage } from "./eviction-manager.ts";
import { type NodeStats, reclaimAmount, type Threshold, thresholdAmount } from "./eviction-signals.ts";
import { GrowingUse } from "./growing-use.ts";
import type { Host, Outcome, ProbeOutcome } from "./host.ts";
import type { ImageStore, StoredImage } from "./image-store.ts";
import { MachineDisk } from "./machine-disk.ts";
import { lastingContainers } from "./pod-containers.ts";
import type { RuntimeContainer, RuntimeSandbox } from "./runtime-pod.ts";
import type { Steps } from "./work.ts";

const runTask = handler<() => void>("host/process", (task) => task());

/** Software of one pod: how it behaves, and how much of its luck is used up: that of its life, and that of its waits for another try. */
interface Software {
  readonly behavior: Behavior;
  readonly ordinal: number;
  drawn: number;
  retried: number;
  running: RunningPod | undefined;
}

export interface WorldHostOptions {
  readonly loop: EventLoop;
  readonly world: World;
  readonly machine: Machine;
  readonly delays: NodeDelays;
  readonly random: RandomStream;
  /** Images on the machine's disk, which survive a reboot. */
  readonly images: ImageStore;
  /** `ordinal`: how many pods of its workload ran before it. */
  readonly softwareOf: (pod: Pod) => { readonly behavior: Behavior; readonly ordinal: number };
  /** What belongs to the n-th pod ever run of a workload, from its beginning; its waits for another try have luck of their own. */
  readonly luckOf: (pod: Pod, ordinal: number, what: "life" | "retries") => RandomStream;
  readonly nextPodIP: () => string;
  readonly hostIP: string;
  /** Used amounts of what the machine has so much of, at which the kubelet wants to look at it. */
  readonly noticed: (what: "bytes" | "inodes" | "processes", capacity: number) => readonly number[];
  /** −1 is no bound. */
  readonly podPidsLimit: number;
  /** The machine's power went off since it was begun. */
  readonly lost: () => boolean;
}

/** A machine of the world under a kubelet: drawn delays, declared behavior, processes that use CPU and memory. */
export class WorldHost implements Host {
  readonly steady = true;
  readonly #options: WorldHostOptions;
  readonly #software = new Map<string, Software>();
  readonly #startUs = new WeakMap<RuntimeContainer, number>();
  readonly #disk: MachineDisk;
  readonly #downlink: Downlink;
  readonly #processes: GrowingUse;
  /** More of the disk or of the process IDs is used than somebody allows. */
  useGrew: () => void = () => undefined;
  /** Other images are on the disk than before. */
  imagesChanged: () => void = () => undefined;
  exited: (uid: string, containerID: string, exitCode: number, reason: string) => void = () => undefined;
  /** The container runs and was not told to end. */
  runs: (uid: string, containerID: string) => boolean = () => false;

  constructor(options: WorldHostOptions) {
    this.#options = options;
    const { machine, noticed, podPidsLimit } = options;
    const tell = (): void => this.useGrew();
    this.#disk = new MachineDisk({ ...options, tell });
    const { loop, delays } = options;
    const bytesPerSecond = machine.spec.type.networkBytesPerSecond;
    this.#downlink = new Downlink({ loop, bytesPerSecond, mostEach: delays.unpackBytesPerSecond });
    this.#processes = new GrowingUse({
      ...options,
      fixed: () => systemProcesses,
      growthOf: ({ behavior }) => behavior.processes,
      ...(podPidsLimit >= 0 && { most: podPidsLimit }),
      noticed: noticed("processes", maxPids(machine)),
      tell,
    });
  }

  retryDraw(pod: Pod): number {
    return this.#luckOf(pod, "retries")();
  }

  runSandbox(sandbox: RuntimeSandbox): Outcome {
    const { pod } = sandbox;
    const tookUs = Math.ceil(draw(this.#options.delays.sandbox, this.#options.random));
    this.#after(tookUs, () => {
      sandbox.ip = pod.spec.hostNetwork === true ? this.#options.hostIP : this.#options.nextPodIP();
      this.#begin(pod);
    });
    return { tookUs };
  }

  stopSandbox({ pod, ready }: RuntimeSandbox): number {
    const software = this.#software.get(pod.metadata.uid);
    if (software?.running !== undefined) {
      this.#disk.gone(software.running);
      this.#processes.gone(software.running);
      this.#options.world.removePod(software.running);
    }
    if (software !== undefined) software.running = undefined;
    return ready ? this.#options.delays.sandboxStopUs : 0;
  }

  removeSandbox({ pod }: RuntimeSandbox): void {
    this.#software.delete(pod.metadata.uid);
  }

  hasImage(image: string): boolean {
    return this.#options.images.has(image);
  }

  *pull(image: string, pod: Pod): Steps<string | undefined> {
    const { world, loop, delays, random, images } = this.#options;
    const slowdown = world.registrySlowdown;
    const setupUs = draw(delays.pullSetup, random);
    if (!Number.isFinite(slowdown)) {
      yield loop.nowUs + Math.ceil(setupUs);
      return `failed to pull and unpack image "${image}": registry unavailable`;
    }
    yield loop.nowUs + Math.ceil(setupUs * slowdown);
    // Of an image that is there only its digest is asked for.
    const bytes = images.missing(image, this.imageBytes(image, pod), this.#layersOf(pod));
    if (bytes > 0) yield this.#downlink.fetch(bytes * slowdown);
    return undefined;
  }

  #layersOf(pod: Pod): readonly ImageLayer[] {
    return this.#of(pod).behavior.imageLayers ?? [];
  }

  pulled(image: string, pod: Pod): void {
    const { images, loop } = this.#options;
    if (images.has(image)) return;
    const sizeBytes = this.imageBytes(image, pod);
    images.add(image, sizeBytes, this.#layersOf(pod), loop.nowUs);
    this.#disk.changed();
    this.imagesChanged();
  }

  images(): Iterable<StoredImage> {
    return this.#options.images.all();
  }

  removeImage(image: string): void {
    this.#options.images.remove(image);
    this.imagesChanged();
  }

  imageBytes(_image: string, pod: Pod): number {
    return this.#of(pod).behavior.imageBytes;
  }

  create(container: RuntimeContainer): Outcome {
    const bothUs = Math.ceil(draw(this.#options.delays.containerStart, this.#options.random));
    const tookUs = Math.floor((bothUs * 2) / 5);
    this.#startUs.set(container, bothUs - tookUs);
    return { tookUs };
  }

  start(container: RuntimeContainer): Outcome {
    return { tookUs: this.#startUs.get(container) ?? 0 };
  }

  started(container: RuntimeContainer): void {
    const { behavior, running } = this.#of(container.pod);
    const random = this.#luckOf(container.pod, "life");
    const process = this.#processOf(container);
    const { uid } = container.pod.metadata;
    const { id } = container.seen;
    const exits = (afterUs: number, code: number): void =>
      this.#after(Math.ceil(afterUs), () => this.exited(uid, id, code, code === 0 ? "Completed" : "Error"));
    if (process === undefined || running === undefined) {
      exits(draw(behavior.init ?? { medianUs: 1_000_000 }, random), 0);
      return;
    }
    const score = this.#oomScoreAdj(container.pod, container.spec);
    const limits = limitsOf(container.pod, container.spec.name, container.seen.resources, score);
    this.#options.world.setLimits(running, process, limits);
    this.#options.world.startContainer(running, process);
    this.#options.images.used(container.spec.image ?? "", this.#options.loop.nowUs);
    if (process !== running.main) return;
    this.#disk.started(container.pod, running);
    this.#processes.started(running);
    const { world } = this.#options;
    const startupUs = Math.ceil(draw(behavior.startup, random));
    const ifAlive = (task: () => void) => () => {
      if (this.runs(uid, id)) task();
    };
    this.#after(
      startupUs,
      ifAlive(() => world.setAccepting(running, true)),
    );
    if (behavior.cold !== undefined) {
      world.setCold(running, true);
      const warmUs = startupUs + Math.ceil(draw(behavior.cold.for, random));
      this.#after(
        warmUs,
        ifAlive(() => world.setCold(running, false)),
      );
    }
    if (behavior.exit !== undefined) exits(draw(behavior.exit.after, random), behavior.exit.code);
  }

  ended(container: RuntimeContainer): void {
    const { running } = this.#of(container.pod);
    const process = this.#processOf(container);
    this.#options.images.used(container.spec.image ?? "", this.#options.loop.nowUs);
    if (running === undefined || process === undefined || running.gone) return;
    if (process === running.main) this.#options.world.setAccepting(running, false);
    this.#options.world.stopContainer(running, process);
  }

  removeContainer(): void {}

  /** SIGTERM: no new requests from here on; what is in progress is finished. */
  terminate(container: RuntimeContainer): { readonly tookUs: number; readonly exitCode: number } {
    const { behavior, running } = this.#of(container.pod);
    container.terminating = true;
    if (running !== undefined && this.#processOf(container) === running.main)
      this.#options.world.setAccepting(running, false);
    return {
      tookUs: Math.ceil(draw(behavior.shutdown, this.#luckOf(container.pod, "life"))),
      exitCode: behavior.shutdownExitCode,
    };
  }

  probe(container: RuntimeContainer): ProbeOutcome {
    const { running } = this.#of(container.pod);
    const isMain = running !== undefined && this.#processOf(container) === running.main;
    const ok = container.seen.state === "running" && (!isMain || (running.answers && !running.slow));
    return { result: ok ? "ok" : "fail", tookUs: 0, output: "the software did not answer in time" };
  }

  /** A `sleep N` on its command line is what a hook takes; other hooks take no time. */
  hook({ spec }: RuntimeContainer, hook: "postStart" | "preStop"): Outcome {
    const command = spec.lifecycle?.[hook]?.exec?.command ?? [];
    const match = /(?:^|[\s;/])sleep\s+(\d+)\b/.exec(command.join(" "));
    return { tookUs: match === null ? 0 : Number(match[1]) * 1_000_000 };
  }

  stats(): NodeStats {
    const { machine } = this.#options;
    return {
      memoryCapacity: memoryCapacity(machine),
      memoryWorkingSet: Math.min(memoryCapacity(machine), systemMemory(machine) + inPages(machine.memoryBytes)),
      nodeFsCapacity: this.#disk.capacityBytes,
      nodeFsAvailable: this.#disk.availableBytes,
      nodeFsInodes: this.#disk.inodes,
      nodeFsInodesFree: this.#disk.freeInodes,
      maxPids: maxPids(machine),
      pids: Math.min(maxPids(machine), this.#processes.used),
    };
  }

  usage(pod: Pod): PodUsage | undefined {
    const { running } = this.#of(pod);
    if (running === undefined) return undefined;
    const memoryBytes = new Map(
      running.containers.map(({ limits, memoryBytes: bytes }) => [limits.name, inPages(bytes)] as const),
    );
    return { memoryBytes, ...this.#disk.usageOf(running), processes: this.#processes.of(running) || 1 };
  }

  resizePodCgroup(): void {}

  updateResources(container: RuntimeContainer): void {
    const { running } = this.#of(container.pod);
    const process = this.#processOf(container);
    if (running === undefined || process === undefined) return;
    const { oomScoreAdj } = process.limits; // A process keeps the score that it was started with.
    const limits = limitsOf(container.pod, container.spec.name, container.seen.resources, oomScoreAdj);
    this.#options.world.setLimits(running, process, limits);
  }

  /** The container behind a process of the world. */
  static matches(container: RuntimeContainer, pod: RunningPod, process: RunningContainer): boolean {
    return (
      container.seen.state === "running" && pod.containers[processIndex(container.pod, container.spec)] === process
    );
  }

  #begin(pod: Pod): void {
    const { world, machine } = this.#options;
    const software = this.#of(pod);
    const specs = lastingContainers(pod.spec);
    software.running = world.startPod({
      key: keyOf(pod),
      uid: pod.metadata.uid,
      machine,
      workload: workloadOf(pod),
      behavior: software.behavior,
      containers: specs.map((spec) => limitsOf(pod, spec.name, spec.resources, this.#oomScoreAdj(pod, spec))),
      mainIndex: specs.length - pod.spec.containers.length,
    });
  }

  #oomScoreAdj(pod: Pod, spec: Container): number {
    return oomScoreAdj(pod, spec, memoryCapacity(this.#options.machine));
  }

  #of(pod: Pod): Software {
    const { uid } = pod.metadata;
    let software = this.#software.get(uid);
    if (software === undefined) {
      software = { running: undefined, drawn: 0, retried: 0, ...this.#options.softwareOf(pod) };
      this.#software.set(uid, software);
    }
    return software;
  }

  /** The rest of the pod's luck. Its generator is made again each time: kept, it would weigh more than all else here. */
  #luckOf(pod: Pod, what: "life" | "retries"): RandomStream {
    const software = this.#of(pod);
    const count = what === "life" ? "drawn" : "retried";
    const stream = this.#options.luckOf(pod, software.ordinal, what);
    for (let drawn = 0; drawn < software[count]; drawn += 1) stream();
    return () => {
      software[count] += 1;
      return stream();
    };
  }

  #processOf(container: RuntimeContainer): RunningContainer | undefined {
    return this.#of(container.pod).running?.containers[processIndex(container.pod, container.spec)];
  }

  /** What the machine does lives and dies with its power. */
  #after(us: number, task: () => void): void {
    const { loop, lost } = this.#options;
    loop.schedule(loop.nowUs + us, phase.world, runTask, () => {
      if (!lost()) task();
    });
  }
}

function memoryCapacity({ spec }: Machine): number {
  return value(spec.type.capacity["memory"] ?? "0");
}

/** What the system and the kubelet use themselves: half of what is reserved for them. Assumption. */
function systemMemory(machine: Machine): number {
  const allocatable = value(machine.spec.type.allocatable["memory"] ?? "0");
  return inPages((memoryCapacity(machine) - allocatable) / 2);
}

/** Of the system and the kubelet. Assumption. */
const systemProcesses = 200;
/** The kernel allows a thread for so much memory, and so many at most. */
const bytesPerThread = 131_072;
const mostPids = 4_194_304;

function maxPids(machine: Machine): number {
  return Math.min(mostPids, Math.floor(memoryCapacity(machine) / bytesPerThread));
}

const pageBytes = 4096;

function inPages(bytes: number): number {
  return Math.ceil(bytes / pageBytes) * pageBytes;
}

/** Containers hold together so much when the first threshold of memory is met, what is to be reclaimed included. */
export function memoryAlarmBytes(machine: Machine, thresholds: readonly Threshold[]): number {
  const capacity = memoryCapacity(machine);
  const amounts = thresholds.flatMap((threshold) => {
    if (threshold.signal !== "memory.available") return [];
    return thresholdAmount(threshold, capacity) + reclaimAmount(threshold, capacity);
  });
  return capacity - systemMemory(machine) - Math.max(0, ...amounts);
}

function processIndex(pod: Pod, { name }: Container): number {
  return lastingContainers(pod.spec).findIndex((container) => container.name === name);
}

/** What a container's cgroup is given: the pod's limits where it has none of its own, and what they are worth where it requests no CPU. */
function limitsOf(
  { spec }: Pod,
  name: string,
  resources: Container["resources"],
  oomScoreAdj: number,
): ContainerLimits {
  const limits = { ...spec.resources?.limits, ...resources?.limits };
  const { cpuRequestMillicores, cpuLimitMillicores, memoryLimitBytes } = amountsOf({ ...resources, limits });
  const asked = resources?.requests?.["cpu"] === undefined ? cpuLimitMillicores : cpuRequestMillicores;
  return { name, cpuShares: cpuShares(asked), cpuLimitMillicores, memoryLimitBytes, oomScoreAdj };
}
