import type { ContainerUsage, PodUsage } from "../model/index.ts";

/** A container younger than this is not measured from its start yet (`freshContainerMinMetricsResolution`). */
const freshContainerUs = 10_000_000;
/** Go's longest duration, in whole milliseconds: the distance from an instant that was never set. */
const longestDurationUs = 9_223_372_036_854_000;

/** What a kubelet reports of a container. */
export interface Sample {
  readonly container: string;
  readonly startUs: number;
  /** The kubelet's own time of the sample. */
  readonly atUs: number;
  /** Used since the start, in nanocore-seconds (which are millicore-microseconds too). */
  readonly cpu: number;
  readonly memoryBytes: number;
}

/** The two points between which a container's CPU is measured. */
interface ContainerPoints {
  last: Sample;
  previous: Previous | undefined;
  /** Mean between the two; `undefined`: there are no two, or the counter went back. */
  cpuNanocores: number | undefined;
}

type Previous = Pick<Sample, "startUs" | "atUs" | "cpu">;

/** The point that upstream finds where it kept none: Go's zero value. */
const zeroPoint: Previous = { startUs: Number.NEGATIVE_INFINITY, atUs: Number.NEGATIVE_INFINITY, cpu: 0 };

/** What metrics-server 0.9 remembers of one pod from scrape to scrape (its `podStorage`). */
export class PodPoints {
  #containers = new Map<string, ContainerPoints>();
  #measured = false;

  /**
   * The kubelet's answer of one scrape. An empty one, or one with an idle container, makes the pod unknown. Says whether
   * what `usage` answers has changed, timestamp and window left aside.
   */
  store(samples: readonly Sample[], resolutionUs: number): boolean {
    const whole = samples.every(({ cpu, memoryBytes }) => cpu !== 0 && memoryBytes !== 0);
    const hadPrevious = this.#measured;
    this.#measured = false;
    const known = this.#containers;
    if (!whole || samples.length === 0) {
      const changed = known.size > 0;
      known.clear();
      return changed;
    }
    let changed = false;
    // The usual case changes the entries in place; a container that is not reported any more is rare.
    if (known.size > samples.length || samples.some(({ container }) => !known.has(container))) {
      this.#containers = new Map();
      changed = true;
    }
    for (const last of samples) {
      const stored = known.get(last.container);
      const previous = previousOf(last, stored, resolutionUs, hadPrevious);
      if (previous !== undefined) this.#measured = true;
      const cpuNanocores = previous && meanNanocores(last, previous);
      if (stored === undefined) {
        this.#containers.set(last.container, { last, previous, cpuNanocores });
        continue;
      }
      if (stored.cpuNanocores !== cpuNanocores || stored.last.memoryBytes !== last.memoryBytes) changed = true;
      stored.last = last;
      stored.previous = previous;
      stored.cpuNanocores = cpuNanocores;
      if (this.#containers !== known) this.#containers.set(last.container, stored);
    }
    return changed;
  }

  /** What the API answers, or `undefined` while a container has one point only. `timestampUs` is not rounded yet. */
  usage(pod: string): PodUsage | undefined {
    if (!this.#measured) return undefined;
    const containers: ContainerUsage[] = [];
    let timestampUs = Number.POSITIVE_INFINITY;
    let windowUs = 0;
    for (const [name, { last, previous, cpuNanocores }] of this.#containers) {
      if (previous === undefined) return undefined;
      if (cpuNanocores === undefined) continue;
      const spanUs = windowOf(last, previous);
      containers.push({ name, cpuNanocores, memoryBytes: last.memoryBytes });
      if (last.atUs < timestampUs) {
        timestampUs = last.atUs;
        windowUs = spanUs;
      }
    }
    return { pod, timestampUs, windowUs, containers };
  }
}

function windowOf(last: Sample, previous: Previous): number {
  return Math.min(last.atUs - previous.atUs, longestDurationUs);
}

/** Upstream leaves a container out whose counter or start went back ("unexpected decrease"). */
function meanNanocores(last: Sample, previous: Previous): number | undefined {
  if (last.startUs < previous.startUs || last.cpu < previous.cpu) return undefined;
  return Math.trunc((last.cpu - previous.cpu) / (windowOf(last, previous) / 1_000_000));
}

/** From where the CPU of a sample is measured. */
function previousOf(
  { startUs, atUs }: Sample,
  stored: ContainerPoints | undefined,
  resolutionUs: number,
  hadPrevious: boolean,
): Previous | undefined {
  const ageUs = atUs - startUs;
  // A young container needs one sample only: it began at nothing.
  if (ageUs >= freshContainerUs && ageUs < resolutionUs) return { startUs, atUs: startUs, cpu: 0 };
  if (stored === undefined || startUs >= stored.last.atUs) return undefined;
  if (atUs > stored.last.atUs) return stored.last;
  return hadPrevious ? (stored.previous ?? zeroPoint) : undefined;
}
