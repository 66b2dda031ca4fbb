import { type Pod, value } from "../model/index.ts";
import { type EventLoop, handler, phase, type Sequence } from "../sim/index.ts";
import type { Machine, RunningPod } from "../world/index.ts";
import type { ImageStore } from "./image-store.ts";

/** What an image takes on the disk, in compressed sizes: its files unpacked. Assumption. */
export const unpackedFactor = 2;
/** What the system itself takes of the disk. Assumption. */
const systemShare = 0.1;
const wake = handler<MachineDisk>("host/disk", (disk) => disk.wake());

interface MachineDiskOptions {
  readonly loop: EventLoop;
  readonly machine: Machine;
  readonly images: ImageStore;
  readonly lost: () => boolean;
  /** Used bytes at which somebody wants to look at the disk. */
  readonly noticedBytes: (capacityBytes: number) => readonly number[];
  /** Somebody may want to look at the disk. */
  readonly tell: () => void;
}

interface Writer {
  readonly running: RunningPod;
  /** Bytes at which a limit of the pod's is passed. */
  readonly limits: readonly number[];
}

/** One machine's disk: images, and what pods write, which grows linearly. Instants at which a limit is passed are computed. */
export class MachineDisk {
  readonly #options: MachineDiskOptions;
  readonly #writers = new Map<RunningPod, Writer>();
  readonly capacityBytes: number;
  readonly #noticedBytes: readonly number[];
  #pending: Sequence | undefined;

  constructor(options: MachineDiskOptions) {
    this.#options = options;
    this.capacityBytes = value(options.machine.spec.type.capacity["ephemeral-storage"] ?? "0");
    this.#noticedBytes = options.noticedBytes(this.capacityBytes);
  }

  get availableBytes(): number {
    let used = Math.round(this.capacityBytes * systemShare) + this.#options.images.bytes;
    for (const { running } of this.#writers.values()) used += this.#writtenBy(running);
    return Math.max(0, this.capacityBytes - used);
  }

  started(pod: Pod, running: RunningPod): void {
    const { disk } = running.behavior;
    if (disk === undefined) return;
    this.#writers.set(running, { running, limits: limitsOf(pod, disk.volume) });
    this.changed();
  }

  gone(running: RunningPod): void {
    this.#writers.delete(running);
  }

  usageOf(running: RunningPod): {
    readonly diskBytes: ReadonlyMap<string, number>;
    readonly volumeBytes: ReadonlyMap<string, number>;
  } {
    const { disk } = running.behavior;
    const bytes = this.#writtenBy(running);
    const own = disk?.volume === undefined ? [[running.main.limits.name, bytes] as const] : [];
    return { diskBytes: new Map(own), volumeBytes: new Map(disk?.volume === undefined ? [] : [[disk.volume, bytes]]) };
  }

  /** More is there, or something grows: tells at once if a share is passed, and plans the next look. */
  changed(): void {
    const { loop, tell } = this.#options;
    if (this.#pending !== undefined) loop.cancel(this.#pending);
    this.#pending = undefined;
    const used = this.capacityBytes - this.availableBytes;
    if (this.#noticedBytes.some((bytes) => used > bytes)) tell();
    const atUs = this.#nextCrossingUs(used);
    if (atUs < Number.POSITIVE_INFINITY) this.#pending = loop.schedule(atUs, phase.world, wake, this);
  }

  wake(): void {
    this.#pending = undefined;
    if (this.#options.lost()) return;
    this.#options.tell();
    this.changed();
  }

  #nextCrossingUs(used: number): number {
    const { nowUs } = this.#options.loop;
    let atUs = Number.POSITIVE_INFINITY;
    let bytesPerSecond = 0;
    const passes = (room: number, rate: number): void => {
      if (room > 0 && rate > 0) atUs = Math.min(atUs, nowUs + Math.ceil((room * 1e6) / rate));
    };
    for (const { running, limits } of this.#writers.values()) {
      const rate = running.behavior.disk?.bytesPerSecond ?? 0;
      bytesPerSecond += rate;
      for (const limit of limits) passes(limit + 1 - this.#writtenBy(running), rate);
    }
    for (const bytes of this.#noticedBytes) passes(bytes + 1 - used, bytesPerSecond);
    return atUs;
  }

  #writtenBy({ behavior, main }: RunningPod): number {
    const { disk } = behavior;
    if (disk === undefined || main.startedAtUs === 0) return 0;
    return disk.baseBytes + Math.floor((disk.bytesPerSecond * (this.#options.loop.nowUs - main.startedAtUs)) / 1e6);
  }
}

/** What a pod may write where its software does: the volume's limit, or its container's; and the pod's own. */
function limitsOf({ spec }: Pod, volume: string | undefined): number[] {
  const own = spec.containers.map(({ resources }) => resources?.limits?.["ephemeral-storage"]);
  const sizeLimit = spec.volumes?.find(({ name }) => name === volume)?.emptyDir?.sizeLimit;
  const single = volume === undefined ? own[0] : sizeLimit;
  const total = own.every((text) => text !== undefined) ? own.reduce((sum, text) => sum + value(text!), 0) : undefined;
  return [...(single === undefined ? [] : [value(single)]), ...(total === undefined ? [] : [total])];
}
