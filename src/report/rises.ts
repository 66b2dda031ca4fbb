import type { Incident } from "./run-result.ts";
import { type Evidence, firstReady, lastOf, type Moment, stagesOf, tell } from "./story.ts";

/** An autoscaler's decision to resize a workload. */
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

/** The story of a rise: an autoscaler resized a workload up, again and again, until all it wanted was there. */
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
    const up = previous === undefined || resize.to > previous.to;
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
  const untilUs = last.atUs + quietUs;
  const born = [...evidence.histories.all()].filter(
    (pod) => pod.workload === workload && pod.createdUs >= first.atUs && pod.createdUs <= untilUs,
  );
  const readyUs = firstReady(workload, Math.min(last.to, ready + born.length), last.atUs, evidence);
  const recoveredUs = readyUs === undefined ? undefined : Math.max(readyUs, ...lastOf(born));
  const moments: Moment[] = [
    { name: "decided", atUs: last.atUs, detail: wave.map(({ to }) => to).join(" → ") },
    ...stagesOf(born, first.atUs, evidence),
  ];
  const title = `${workload} scaled from ${first.from} to ${last.to}`;
  return tell(title, { name: "first decision", detail: "" }, first.atUs, moments, recoveredUs, evidence);
}
