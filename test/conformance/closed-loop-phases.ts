import type { LoopRecording } from "./closed-loop-recording.ts";

/** When the loops that nobody synchronizes do their work. Instants in ms of the recording's clock. */
export interface Phases {
  readonly firstRunMs: number;
  readonly scrapesMs: readonly number[];
  /** When a run of the Cluster Autoscaler that starts now should be over: the next timer counts from there. */
  runEndMs(nowMs: number): number;
  /** When a sync of this autoscaler that is due now reads its scale. */
  syncMs(service: string, nowMs: number): number;
}

const scanMs = 10_000;
const periodMs = 15_000;

/** The recorded phases: what begins within half a second of a recorded beginning takes as long as that did. */
export function alignedPhases(recording: LoopRecording): Phases {
  const { clusterAutoscalerLoopsAtMs: runs, hpaSyncsAtMs: syncs } = recording.phases;
  const usualRunMs = medianRunMs(runs);
  return {
    firstRunMs: runs[0]!,
    scrapesMs: preciseScrapesMs(recording),
    runEndMs: (nowMs) => {
      const index = nearest(runs, nowMs);
      const next = runs[index + 1];
      const isSame = Math.abs(runs[index]! - nowMs) < 500;
      if (isSame && next !== undefined && next - runs[index]! < 1_200) return Math.max(next, nowMs);
      // The run that the timer started next tells when this one ended, whatever pods started in between.
      const timer = runs.find((atMs) => atMs - nowMs > scanMs && atMs - nowMs < scanMs + 1_200);
      return timer === undefined ? nowMs + usualRunMs : timer - scanMs;
    },
    syncMs: (service, nowMs) => syncs[service]?.find((atMs) => Math.abs(atMs - nowMs) < periodMs / 2) ?? nowMs,
  };
}

/**
 * Scrapes stand in the phases as whole milliseconds. A window says how much longer or shorter than 15 s it was to the
 * microsecond, and that decides whether a pod that became ready 15 s before, in whole seconds, is taken for ready.
 */
function preciseScrapesMs({ phases, hpa }: LoopRecording): number[] {
  const windowsMs = new Map<number, number>();
  for (const { scrapeAtMs, metrics } of Object.values(hpa).flat()) {
    const windowMs = Object.values(metrics).find(([, each]) => Math.abs(each - periodMs) < 5)?.[1];
    if (windowMs !== undefined) windowsMs.set(scrapeAtMs, windowMs);
  }
  let lastMs = Number.NEGATIVE_INFINITY;
  return phases.metricsScrapesAtMs.map((atMs) => {
    const windowMs = windowsMs.get(atMs);
    const preciseMs = lastMs + (windowMs ?? 0);
    lastMs = windowMs !== undefined && Math.abs(preciseMs - atMs) < 2 ? preciseMs : atMs;
    return lastMs;
  });
}

/** Phases of the simulator's own: each a number in [0, 1) of its period. */
export function ownPhases({ endMs, phases }: LoopRecording, scrape: number, run: number): Phases {
  const usualRunMs = medianRunMs(phases.clusterAutoscalerLoopsAtMs);
  const scrapes = Math.ceil(endMs / periodMs) + 4;
  return {
    firstRunMs: (run - 3) * scanMs,
    scrapesMs: Array.from({ length: scrapes }, (_, index) => Math.round((index - 2 + scrape) * periodMs)),
    runEndMs: (nowMs) => nowMs + usualRunMs,
    syncMs: (_service, nowMs) => nowMs + usualDelayMs,
  };
}

/** Median drift of the recordings' syncs. */
const usualDelayMs = 10;

/** Of the runs that the timer followed. */
function medianRunMs(runs: readonly number[]): number {
  const gaps = runs.slice(1).map((atMs, index) => atMs - runs[index]! - scanMs);
  const runsMs = gaps.filter((gap) => gap > 0 && gap < 1_200).sort((a, b) => a - b);
  return runsMs[Math.floor(runsMs.length / 2)]!;
}

function nearest(sorted: readonly number[], wanted: number): number {
  const after = sorted.findIndex((each) => each >= wanted);
  if (after < 0) return sorted.length - 1;
  return after > 0 && wanted - sorted[after - 1]! < sorted[after]! - wanted ? after - 1 : after;
}
