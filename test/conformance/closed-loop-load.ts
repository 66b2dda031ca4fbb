import type { RecordedLoad } from "./closed-loop-recording.ts";

type Points = RecordedLoad["demandMilli"];

/** All that the pods of a Service have to do then, in millicores. At a jump: what comes after it. */
export function demandAt(points: Points, atMs: number): number {
  const next = points.findIndex(([pointMs]) => pointMs > atMs);
  if (next === 0) return points[0]![1];
  if (next < 0) return points.at(-1)![1];
  const [fromMs, from] = points[next - 1]!;
  const [untilMs, until] = points[next]!;
  return from + ((until - from) * (atMs - fromMs)) / (untilMs - fromMs);
}

/** What one of `serving` pods burns between two instants, in millicores times microseconds: its share, up to the limit. */
export function shareBetween({ demandMilli: points, limitMilli }: RecordedLoad, serving: number, fromMs: number, untilMs: number): number {
  let sum = 0;
  let startMs = fromMs;
  for (const endMs of [...points.map(([atMs]) => atMs).filter((atMs) => atMs > fromMs && atMs < untilMs), untilMs]) {
    if (endMs <= startMs) continue;
    const first = demandAt(points, startMs) / serving;
    // Within a piece demand is a line: the slope at its start leads to its end, whatever jump follows.
    const middle = demandAt(points, (startMs + endMs) / 2) / serving;
    sum += cappedLine(first, 2 * middle - first, limitMilli) * (endMs - startMs) * 1000;
    startMs = endMs;
  }
  return sum;
}

/** The mean of a line between two values where what lies above the cap is cut off. */
function cappedLine(first: number, last: number, cap: number): number {
  const [low, high] = first < last ? [first, last] : [last, first];
  if (high <= cap) return (low + high) / 2;
  if (low >= cap) return cap;
  const below = (cap - low) / (high - low);
  return below * ((low + cap) / 2) + (1 - below) * cap;
}

/** The pods that share one Service's demand, and what each has burnt for it so far. */
export class SharedLoad {
  readonly #load: RecordedLoad;
  readonly #serving = new Map<string, number>();
  /** What a pod would have burnt that has served since the beginning. */
  #share = 0;
  #reachedMs: number;

  constructor(load: RecordedLoad, fromMs: number) {
    this.#load = load;
    this.#reachedMs = fromMs;
  }

  get size(): number {
    return this.#serving.size;
  }

  /** From now on these pods serve, and no others. Says what each of those that leave has burnt, in millicore-microseconds. */
  serve(pods: ReadonlySet<string>, nowMs: number): Map<string, number> {
    this.#advance(nowMs);
    const left = new Map<string, number>();
    for (const [pod, since] of this.#serving) {
      if (pods.has(pod)) continue;
      left.set(pod, this.#share - since);
      this.#serving.delete(pod);
    }
    for (const pod of pods) if (!this.#serving.has(pod)) this.#serving.set(pod, this.#share);
    return left;
  }

  /** What the pod has burnt since it last began to serve. */
  burnt(pod: string, nowMs: number): number {
    const since = this.#serving.get(pod);
    if (since === undefined) return 0;
    this.#advance(nowMs);
    return this.#share - since;
  }

  #advance(nowMs: number): void {
    if (this.#serving.size > 0) this.#share += shareBetween(this.#load, this.#serving.size, this.#reachedMs, nowMs);
    this.#reachedMs = nowMs;
  }
}
