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
  previous: { readonly startUs: number; readonly atUs: number; readonly cpu: number } | undefined;
}

/** The point that upstream finds where it kept none: Go's zero value. */
const zeroPoint = { startUs: Number.NEGATIVE_INFINITY, atUs: Number.NEGATIVE_INFINITY, cpu: 0 };

/** What metrics-server 0.9 remembers of one pod from scrape to scrape (its `podStorage`). */
export class PodPoints {
  #containers = new Map<string, ContainerPoints>();
  #measured = false;

  /** The kubelet's answer of one scrape. An empty one, or one with an idle container, makes the pod unknown. */
  store(samples: readonly Sample[], resolutionUs: number): void {
    const whole = samples.every(({ cpu, memoryBytes }) => cpu !== 0 && memoryBytes !== 0);
    const hadPrevious = this.#measured;
    this.#measured = false;
    if (!whole || samples.length === 0) {
      this.#containers.clear();
      return;
    }
    const known = this.#containers;
    // The usual case changes the entries in place; a container that is not reported any more is rare.
    if (known.size > samples.length || samples.some(({ container }) => !known.has(container))) {
      this.#containers = new Map();
    }
    for (const sample of samples) {
      const stored = known.get(sample.container);
      const previous = previousOf(sample, stored, resolutionUs, hadPrevious);
      if (previous !== undefined) this.#measured = true;
      if (stored !== undefined) {
        stored.last = sample;
        stored.previous = previous;
      }
      this.#containers.set(sample.container, stored ?? { last: sample, previous });
    }
  }

  /** What the API answers, or `undefined` while a container has one point only. `timestampUs` is not rounded yet. */
  usage(pod: string): PodUsage | undefined {
    if (!this.#measured) return undefined;
    const containers: ContainerUsage[] = [];
    let timestampUs = Number.POSITIVE_INFINITY;
    let windowUs = 0;
    for (const [name, { last, previous }] of this.#containers) {
      if (previous === undefined) return undefined;
      if (last.startUs < previous.startUs || last.cpu < previous.cpu) continue; // "unexpected decrease": left out.
      const spanUs = Math.min(last.atUs - previous.atUs, longestDurationUs);
      const cpuNanocores = Math.trunc((last.cpu - previous.cpu) / (spanUs / 1_000_000));
      containers.push({ name, cpuNanocores, memoryBytes: last.memoryBytes });
      if (last.atUs < timestampUs) {
        timestampUs = last.atUs;
        windowUs = spanUs;
      }
    }
    return { pod, timestampUs, windowUs, containers };
  }
}

/** From where the CPU of a sample is measured. */
function previousOf(
  { startUs, atUs }: Sample,
  stored: ContainerPoints | undefined,
  resolutionUs: number,
  hadPrevious: boolean,
): ContainerPoints["previous"] {
  const ageUs = atUs - startUs;
  // A young container needs one sample only: it began at nothing.
  if (ageUs >= freshContainerUs && ageUs < resolutionUs) return { startUs, atUs: startUs, cpu: 0 };
  if (stored === undefined || startUs >= stored.last.atUs) return undefined;
  if (atUs > stored.last.atUs) return stored.last;
  return hadPrevious ? (stored.previous ?? zeroPoint) : undefined;
}
