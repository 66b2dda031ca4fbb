import { formatTime, type KubeObject, parseTime, type Pod, type Time } from "../../src/model/index.ts";

/** Changes of pods `web-<first>` to `web-<last>`; absent fields did not change. Instants in ms from the series' epoch. */
export interface PodEvent {
  readonly atMs: number;
  readonly pods: readonly [first: number, last: number];
  readonly phase?: string;
  readonly startAtMs?: number;
  readonly ready?: string;
  readonly readySinceMs?: number;
  readonly deletionAtMs?: number;
  readonly gone?: boolean;
}

/** The recorded pod cache, and times between the recording's milliseconds and API text. */
export class RecordedWorld {
  readonly #epochSeconds: number;
  readonly #events: readonly PodEvent[];
  readonly #template: Pick<Pod, "metadata" | "spec">;
  readonly #pods = new Map<string, Pod>();
  readonly #targets = new Map<string, KubeObject>();
  #next = 0;

  constructor(epoch: string, template: Pick<Pod, "metadata" | "spec">, events: readonly PodEvent[]) {
    this.#epochSeconds = parseTime(epoch)!.seconds;
    this.#template = template;
    this.#events = events;
  }

  /** The target's object while its counts are these: the same one, as in a store that nobody wrote to. */
  target(specReplicas: number, statusReplicas: number): KubeObject {
    const name = `${specReplicas}/${statusReplicas}`;
    const known = this.#targets.get(name) ?? ({ kind: "Deployment", metadata: { name } } as KubeObject);
    this.#targets.set(name, known);
    return known;
  }

  /** With milliseconds: the recording took conditions' times before the API cut them. */
  time(atMs: number): Time {
    const seconds = Math.floor(atMs / 1000);
    const millis = String(atMs - seconds * 1000).padStart(3, "0");
    return formatTime(this.#epochSeconds + seconds).replace("Z", `.${millis}Z`);
  }

  atMs(time: Time): number {
    const { seconds, micros } = parseTime(time)!;
    return (seconds - this.#epochSeconds) * 1000 + micros / 1000;
  }

  /** How many changes the cache has seen by then. */
  changesUntil(atMs: number): number {
    this.podsAt(atMs);
    return this.#next;
  }

  /** Pods as the cache has them then; asked in the order of time. */
  podsAt(atMs: number): Iterable<Pod> {
    for (; this.#next < this.#events.length; this.#next += 1) {
      const event = this.#events[this.#next]!;
      if (event.atMs > atMs) break;
      for (let index = event.pods[0]; index <= event.pods[1]; index += 1) this.#apply(`web-${index}`, event);
    }
    return this.#pods.values();
  }

  #apply(name: string, event: PodEvent): void {
    if (event.gone === true) {
      this.#pods.delete(name);
      return;
    }
    const { metadata, spec } = this.#template;
    const known = this.#pods.get(name) ?? ({ metadata: { ...metadata, name }, spec, status: {} } as Pod);
    const { phase, startAtMs, ready, readySinceMs, deletionAtMs } = event;
    const condition = ready !== undefined && {
      conditions: [{ type: "Ready", status: ready, lastTransitionTime: this.time(readySinceMs!) }],
    };
    this.#pods.set(name, {
      ...known,
      metadata: {
        ...known.metadata,
        ...(deletionAtMs !== undefined && { deletionTimestamp: this.time(deletionAtMs) }),
      },
      status: {
        ...known.status,
        ...(phase !== undefined && { phase }),
        ...(startAtMs !== undefined && { startTime: this.time(startAtMs) }),
        ...condition,
      },
    });
  }
}
