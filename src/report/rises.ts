import type { PodHistory } from "./pod-histories.ts";
import type { Incident } from "./run-result.ts";
import {
  bornAfter,
  type Evidence,
  firstReady,
  isGoneUnready,
  lastOf,
  latest,
  type Moment,
  stagesOf,
  tell,
} from "./story.ts";

/** Somebody wants another number of pods of a workload. */
export interface Resize {
  readonly atUs: number;
  readonly workload: string;
  /** How many were wanted before, and are now. */
  readonly from: number;
  readonly to: number;
}

/** Rises told of: the longest ones, so that a week of waves makes no book. */
const mostRises = 8;
const quietUs = 300_000_000;

/** The story of a rise: a workload was resized up, again and again, until all that was wanted was there. */
export function rises(allResizes: readonly Resize[], evidence: Evidence): Incident[] {
  const incidents: Incident[] = [];
  const byWorkload = new Map<string, Resize[]>();
  for (const resize of allResizes)
    byWorkload.set(resize.workload, [...(byWorkload.get(resize.workload) ?? []), resize]);
  for (const [workload, resizes] of byWorkload) {
    for (const wave of wavesOf(resizes)) incidents.push(rise(workload, wave, evidence));
  }
  const longest = (a: Incident, b: Incident): number => (b.recoverySeconds ?? 1e12) - (a.recoverySeconds ?? 1e12);
  return incidents
    .sort(longest)
    .slice(0, mostRises)
    .sort((a, b) => a.atSeconds - b.atSeconds);
}

/** Consecutive resizes upward; five quiet minutes, or a step down, end a wave. */
function wavesOf(resizes: readonly Resize[]): Resize[][] {
  const waves: Resize[][] = [];
  let previous: Resize | undefined;
  let rising = false;
  for (const resize of resizes) {
    const up = resize.to > resize.from;
    const quiet = previous !== undefined && resize.atUs - previous.atUs >= quietUs;
    if (up && rising && !quiet) waves.at(-1)!.push(resize);
    else if (up) waves.push([resize]);
    rising = up;
    previous = resize;
  }
  return waves;
}

function rise(workload: string, wave: readonly Resize[], evidence: Evidence): Incident {
  const first = wave[0]!;
  const last = wave.at(-1)!;
  const ready = evidence.histories.readyAt(workload, first.atUs);
  const bornBy = (us: number | undefined): PodHistory[] => {
    const all = bornAfter(first.atUs - 1, new Map([[workload, last.to - first.from]]), us, evidence);
    return all.filter(({ createdUs }) => createdUs <= last.atUs + quietUs);
  };
  const level = Math.min(last.to, ready + bornBy(first.atUs).length);
  const readyUs = firstReady(workload, level, last.atUs, evidence);
  const born = bornBy(readyUs);
  const recoveredUs = readyUs === undefined ? undefined : Math.max(readyUs, ...lastOf(born));
  // All that were born are ready, and yet there are not enough: others went meanwhile.
  const bornReadyUs = latest(born.filter((pod) => !isGoneUnready(pod)).map((pod) => pod.readyUs));
  const isSetBack = bornReadyUs !== undefined && bornReadyUs < (readyUs ?? evidence.endUs);
  const dropUs = isSetBack ? lastDrop(workload, first.atUs, readyUs ?? evidence.endUs, evidence) : undefined;
  const moments: Moment[] = [
    { name: "decided", atUs: last.atUs, detail: wave.map(({ to }) => to).join(" → ") },
    ...stagesOf(born, first.atUs, evidence),
    { name: "set back", atUs: dropUs, detail: "pods that were ready are not any more" },
    {
      name: "made good",
      atUs: isSetBack ? readyUs : undefined,
      detail: "in place of those there are others",
      needed: isSetBack,
    },
  ];
  const title = `${workload} scaled from ${first.from} to ${last.to}`;
  return tell(title, { name: "first decision", detail: "" }, first.atUs, moments, recoveredUs, evidence);
}

/** When a workload last had fewer ready pods than a moment before, between two instants. */
function lastDrop(workload: string, fromUs: number, toUs: number, { histories }: Evidence): number | undefined {
  const { atUs, ready } = histories.readiness.get(workload) ?? { atUs: [], ready: [] };
  const index = atUs.findLastIndex(
    (us, at) => us > fromUs && us < toUs && ready[at]! < (at === 0 ? 0 : ready[at - 1]!),
  );
  return atUs[index];
}
