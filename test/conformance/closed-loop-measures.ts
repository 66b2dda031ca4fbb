import { demandAt } from "./closed-loop-load.ts";
import type { LoopRecording, RecordedLoad } from "./closed-loop-recording.ts";
import type { LoopCurves, Steps } from "./closed-loop-world.ts";

/** How far a run lies from the recording: the measures of closed-loop/README.md. Shares are fractions. */
export interface LoopErrors {
  /** Per Service, ∫|difference| over ∫recorded. */
  readonly ready: ReadonlyMap<string, number>;
  readonly served: ReadonlyMap<string, number>;
  readonly peakReadyMs: ReadonlyMap<string, readonly [recorded: number, got: number]>;
  readonly nodeReady: number;
  /** Pod-seconds without a node: recorded, got, and the integral of the difference. */
  readonly unassigned: readonly [recorded: number, got: number, difference: number];
}

const sampleMs = 5_000;

/** The recorded run as curves. */
export function recordedCurves(recording: LoopRecording): LoopCurves {
  const { summary, serving, servingColumns, series, cloudCalls } = recording;
  return {
    services: new Map(
      Object.entries(summary.services).map(([service, { desired, ready }]) => {
        const column = servingColumns.indexOf(service);
        const changes = serving.map((row): Steps[number] => [row[0]!, row[column]!]);
        return [service, { desired: [...desired] as unknown as Steps, ready: [...ready] as unknown as Steps, serving: changes }];
      }),
    ),
    registered: summary.nodes.map(([atMs, registered]) => [atMs, registered]),
    readyNodes: summary.nodes.map(([atMs, , ready]) => [atMs, ready]),
    // The first sample stands for five seconds and was taken while the first pods were being made.
    unassigned: series.filter(({ atMs }) => atMs > 1_000).map(({ atMs, nodes }) => [atMs, nodes![5]!]),
    calls: cloudCalls,
  };
}

export function errorsOf(recording: LoopRecording, recorded: LoopCurves, got: LoopCurves): LoopErrors {
  const { endMs, load } = recording;
  const ready = new Map<string, number>();
  const served = new Map<string, number>();
  const peakReadyMs = new Map<string, [number, number]>();
  for (const [service, curves] of recorded.services) {
    const ours = got.services.get(service)!;
    ready.set(service, distance(curves.ready, ours.ready, endMs) / integral(curves.ready, endMs));
    peakReadyMs.set(service, [peakOf(curves.ready), peakOf(ours.ready)]);
    const own = load.find((each) => each.service === service)!;
    served.set(service, servedError(own, curves.serving, ours.serving, endMs));
  }
  // The recording has this curve as samples only; ours is read at the same instants.
  const sampled = recorded.unassigned.map(([atMs]): Steps[number] => [atMs, valueAt(got.unassigned, atMs)]);
  const podSeconds = (steps: Steps): number => steps.reduce((sum, [, pods]) => sum + pods, 0) * (sampleMs / 1000);
  const apart = recorded.unassigned.map(([atMs, pods], index): Steps[number] => [atMs, Math.abs(pods - sampled[index]![1])]);
  return {
    ready,
    served,
    peakReadyMs,
    nodeReady: distance(recorded.readyNodes, got.readyNodes, endMs) / integral(recorded.readyNodes, endMs),
    unassigned: [podSeconds(recorded.unassigned), podSeconds(sampled), podSeconds(apart)],
  };
}

/** From 0 on; before its first step a curve is 0. */
function integral(steps: Steps, endMs: number): number {
  return distance(steps, [], endMs);
}

function distance(left: Steps, right: Steps, endMs: number): number {
  const instants = [...left, ...right].map(([atMs]) => Math.max(0, atMs)).filter((atMs) => atMs < endMs);
  const sorted = [...new Set([0, ...instants])].sort((a, b) => a - b);
  let sum = 0;
  for (const [index, atMs] of sorted.entries()) {
    const apart = Math.abs(valueAt(left, atMs) - valueAt(right, atMs));
    sum += apart * ((sorted[index + 1] ?? endMs) - atMs);
  }
  return sum;
}

export function valueAt(steps: Steps, atMs: number): number {
  return steps.findLast(([fromMs]) => fromMs <= atMs)?.[1] ?? 0;
}

function peakOf(steps: Steps): number {
  const peak = Math.max(0, ...steps.map(([, value]) => value));
  return steps.find(([, value]) => value === peak)?.[0] ?? 0;
}

/** Ten samples a second: the curves bend, and what is left out is below a thousandth. */
function servedError({ demandMilli, limitMilli }: RecordedLoad, recorded: Steps, got: Steps, endMs: number): number {
  let apart = 0;
  let whole = 0;
  const served = (demand: number, pods: number): number => Math.min(demand, pods * limitMilli);
  for (let atMs = 50; atMs < endMs; atMs += 100) {
    const demand = demandAt(demandMilli, atMs);
    const expected = served(demand, valueAt(recorded, atMs));
    whole += expected;
    apart += Math.abs(expected - served(demand, valueAt(got, atMs)));
  }
  return apart / whole;
}
