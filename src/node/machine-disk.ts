import { type Pod, value } from "../model/index.ts";
import type { EventLoop } from "../sim/index.ts";
import type { Machine, RunningPod } from "../world/index.ts";
import { GrowingUse } from "./growing-use.ts";
import type { ImageStore } from "./image-store.ts";

/** What the system itself takes of the disk. Assumption. */
const systemShare = 0.1;
/** The file system has an inode for so many bytes: ext4's default. */
const bytesPerInode = 16_384;
/** Files of the system and of images are so large. Assumption. */
const bytesPerFile = 65_536;

interface MachineDiskOptions {
  readonly loop: EventLoop;
  readonly machine: Machine;
  readonly images: ImageStore;
  readonly lost: () => boolean;
  /** Used amounts at which somebody wants to look at the disk. */
  readonly noticed: (what: "bytes" | "inodes", capacity: number) => readonly number[];
  /** Somebody may want to look at the disk. */
  readonly tell: () => void;
}

/** One machine's disk: images, and what pods write, which grows linearly, in bytes and files. */
export class MachineDisk {
  readonly capacityBytes: number;
  readonly inodes: number;
  readonly #bytes: GrowingUse;
  readonly #files: GrowingUse;

  constructor({ machine, images, noticed, ...rest }: MachineDiskOptions) {
    this.capacityBytes = value(machine.spec.type.capacity["ephemeral-storage"] ?? "0");
    this.inodes = Math.floor(this.capacityBytes / bytesPerInode);
    const fixed = (): number => Math.round(this.capacityBytes * systemShare) + images.bytes;
    this.#bytes = new GrowingUse({
      ...rest,
      fixed,
      growthOf: ({ behavior: { disk } }) => disk && { base: disk.baseBytes, perSecond: disk.bytesPerSecond },
      noticed: noticed("bytes", this.capacityBytes),
    });
    this.#files = new GrowingUse({
      ...rest,
      fixed: () => Math.ceil(fixed() / bytesPerFile),
      growthOf: ({ behavior }) => behavior.disk?.files,
      noticed: noticed("inodes", this.inodes),
    });
  }

  get availableBytes(): number {
    return Math.max(0, this.capacityBytes - this.#bytes.used);
  }

  get freeInodes(): number {
    return Math.max(0, this.inodes - this.#files.used);
  }

  started(pod: Pod, running: RunningPod): void {
    this.#bytes.started(running, limitsOf(pod, running.behavior.disk?.volume));
    this.#files.started(running);
  }

  gone(running: RunningPod): void {
    this.#bytes.gone(running);
    this.#files.gone(running);
  }

  /** Other images are on it. */
  changed(): void {
    this.#bytes.changed();
    this.#files.changed();
  }

  usageOf(running: RunningPod): {
    readonly diskBytes: ReadonlyMap<string, number>;
    readonly volumeBytes: ReadonlyMap<string, number>;
    readonly inodes: number;
  } {
    const { disk } = running.behavior;
    const bytes = this.#bytes.of(running);
    const own = disk?.volume === undefined ? [[running.main.limits.name, bytes] as const] : [];
    return {
      diskBytes: new Map(own),
      volumeBytes: new Map(disk?.volume === undefined ? [] : [[disk.volume, bytes]]),
      inodes: this.#files.of(running),
    };
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
