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

/** The two points between which a container's CPU is measured, and what they come to. */
interface ContainerPoints {
  /** Changed in place: `cpuNanocores` is the mean between the points; `undefined`: there are no two, or the counter went back. */
  readonly usage: { readonly name: string; cpuNanocores: number | undefined; memoryBytes: number };
  last: Point;
  previous: Point | undefined;
}

interface Point {
  startUs: number;
  atUs: number;
  cpu: number;
}

/** The point that upstream finds where it kept none: Go's zero value. */
const zeroPoint: Point = { startUs: Number.NEGATIVE_INFINITY, atUs: Number.NEGATIVE_INFINITY, cpu: 0 };

/** What metrics-server 0.9 remembers of one pod from scrape to scrape (its `podStorage`). */
export class PodPoints {
  readonly #shownUs: (atUs: number) => number;
  readonly #answer: { pod: string; timestampUs: number; windowUs: number; readonly containers: ContainerUsage[] };
  #containers: ContainerPoints[] = [];
  #measured = false;

  /** `shownUs`: what the API shows for an instant; by default that instant. */
  constructor(pod: string, shownUs: (atUs: number) => number = (atUs) => atUs) {
    this.#shownUs = shownUs;
    this.#answer = { pod, timestampUs: 0, windowUs: 0, containers: [] };
  }

  /**
   * The kubelet's answer of one scrape. An empty one, or one with an idle container, makes the pod unknown. Says whether
   * what `usage` answers has changed, timestamp and window left aside. The samples are not kept.
   */
  store(samples: readonly Sample[], resolutionUs: number): boolean {
    const hadPrevious = this.#measured;
    this.#measured = false;
    if (samples.length === 0 || samples.some(isIdle)) {
      const changed = this.#containers.length > 0;
      this.#containers = [];
      return changed;
    }
    const known = this.#containers;
    // The usual case changes the entries in place; another set of containers is rare.
    const same =
      known.length === samples.length && samples.every(({ container }, at) => known[at]!.usage.name === container);
    if (!same)
      this.#containers = samples.map(
        (sample) => known.find(({ usage }) => usage.name === sample.container) ?? unmeasured(sample),
      );
    let changed = !same;
    for (const [at, sample] of samples.entries()) {
      const points = this.#containers[at]!;
      const isNew = !same && !known.includes(points);
      if (move(points, sample, isNew, resolutionUs, hadPrevious)) changed = true;
      if (points.previous !== undefined) this.#measured = true;
    }
    return changed;
  }

  /** What the API answers, or `undefined` while a container has one point only. Good until the next scrape: one object is used again. */
  usage(): PodUsage | undefined {
    if (!this.#measured) return undefined;
    const answer = this.#answer;
    let count = 0;
    let oldestUs = Number.POSITIVE_INFINITY;
    for (const { usage, last, previous } of this.#containers) {
      if (previous === undefined) return undefined;
      if (usage.cpuNanocores === undefined) continue;
      answer.containers[count] = usage as ContainerUsage;
      count += 1;
      if (last.atUs >= oldestUs) continue;
      oldestUs = last.atUs;
      answer.windowUs = windowOf(last, previous);
    }
    if (answer.containers.length !== count) answer.containers.length = count; // To set it costs, even to what it is.
    answer.timestampUs = this.#shownUs(oldestUs);
    return answer;
  }

  /** Whether scrapes at this period would find the same again while every container goes on as it did since the last one. */
  isSteady(periodUs: number): boolean {
    return this.#containers.every(
      ({ last, previous }) => previous !== undefined && last.atUs - previous.atUs === periodUs,
    );
  }

  /** As if it had been scraped at `atUs` and a period before, while everything went on as before. Only when steady. */
  advanceTo(atUs: number, periodUs: number): void {
    for (const { last, previous } of this.#containers) {
      if (last.atUs === atUs) continue;
      const used = last.cpu - previous!.cpu;
      last.cpu += (used / periodUs) * (atUs - last.atUs);
      last.atUs = atUs;
      previous!.cpu = last.cpu - used;
      previous!.atUs = atUs - periodUs;
    }
  }
}

function isIdle({ cpu, memoryBytes }: Sample): boolean {
  return cpu === 0 || memoryBytes === 0;
}

function unmeasured({ container, startUs, atUs, cpu, memoryBytes }: Sample): ContainerPoints {
  const usage = { name: container, cpuNanocores: undefined, memoryBytes };
  return { usage, last: { startUs, atUs, cpu }, previous: undefined };
}

/** Takes the next point up; says whether the usage is another. */
function move(
  points: ContainerPoints,
  sample: Sample,
  isNew: boolean,
  resolutionUs: number,
  hadPrevious: boolean,
): boolean {
  const { usage, last } = points;
  const { startUs, atUs, cpu, memoryBytes } = sample;
  const ageUs = atUs - startUs;
  let { previous } = points;
  // A young container needs one sample only: it began at nothing.
  if (ageUs >= freshContainerUs && ageUs < resolutionUs) previous = pointAt(previous, startUs, startUs, 0);
  else if (isNew || startUs >= last.atUs) previous = undefined;
  else if (atUs > last.atUs) previous = pointAt(previous, last.startUs, last.atUs, last.cpu);
  else if (hadPrevious) previous ??= { ...zeroPoint };
  else previous = undefined;
  points.previous = previous;
  last.startUs = startUs;
  last.atUs = atUs;
  last.cpu = cpu;
  const cpuNanocores = previous && meanNanocores(last, previous);
  const changed = isNew || usage.cpuNanocores !== cpuNanocores || usage.memoryBytes !== memoryBytes;
  usage.cpuNanocores = cpuNanocores;
  usage.memoryBytes = memoryBytes;
  return changed;
}

/** The point itself moved, where there is one. */
function pointAt(point: Point | undefined, startUs: number, atUs: number, cpu: number): Point {
  if (point === undefined) return { startUs, atUs, cpu };
  point.startUs = startUs;
  point.atUs = atUs;
  point.cpu = cpu;
  return point;
}

function windowOf(last: Point, previous: Point): number {
  return Math.min(last.atUs - previous.atUs, longestDurationUs);
}

/** Upstream leaves a container out whose counter or start went back ("unexpected decrease"). */
function meanNanocores(last: Point, previous: Point): number | undefined {
  if (last.startUs < previous.startUs || last.cpu < previous.cpu) return undefined;
  return Math.trunc((last.cpu - previous.cpu) / (windowOf(last, previous) / 1_000_000));
}
