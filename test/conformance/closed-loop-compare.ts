import type { CaseResult } from "./area.ts";
import { errorsOf, type LoopErrors, recordedCurves } from "./closed-loop-measures.ts";
import { alignedPhases } from "./closed-loop-phases.ts";
import type { LoopRecording, RecordedCall } from "./closed-loop-recording.ts";
import { type LoopCurves, LoopWorld, type Steps } from "./closed-loop-world.ts";

const group = "closed loop, aligned phases";
/** Where an aligned simulator may still differ, says the recordings' README. */
const writeMs = 300;
const machineMs = 500;
const readyShare = 0.02;

/** How many lucks a run gets before it counts as different. */
const lucks = 12;

interface Attempt {
  readonly luck: number;
  readonly got: LoopCurves;
  readonly errors: LoopErrors;
  readonly checks: readonly (readonly [what: string, difference: string | undefined])[];
}

/**
 * The run again with the recorded phases: the same decisions in the same order, about then, and the same curves. Upstream
 * leaves some to chance, as in which of two waiting pods fills a machine on its way; so some luck must give the recording.
 */
export function* replayAligned(recording: LoopRecording): Iterable<CaseResult> {
  const recorded = recordedCurves(recording);
  const attempts: Attempt[] = [];
  for (let luck = 1; luck <= lucks && attempts.every(differs); luck += 1) attempts.push(attempt(recording, recorded, luck));
  const best = attempts.find((each) => !differs(each)) ?? attempts[0]!;
  for (const [index, [what, difference]] of best.checks.entries()) {
    const id = `${recording.name}: ${what}`;
    const figures = index === 0 ? { figures: figuresOf(recorded, best) } : {};
    yield { group, id, ...figures, ...(difference !== undefined && { difference }) };
  }
}

function attempt(recording: LoopRecording, recorded: LoopCurves, luck: number): Attempt {
  const got = new LoopWorld(recording, alignedPhases(recording), luck).run();
  const errors = errorsOf(recording, recorded, got);
  const checks = [
    ["desired replicas", differentSequence(desiredOf(recorded), desiredOf(got))],
    ["calls to the cloud", differentSequence(recorded.calls.map(callText), got.calls.map(callText))],
    ["instants", lateness(recorded, got)],
    ["ready replicas", tooFar(errors)],
  ] as const;
  return { luck, got, errors, checks };
}

function differs({ checks }: Attempt): boolean {
  return checks.some(([, difference]) => difference !== undefined);
}

export function desiredOf({ services }: LoopCurves): string[] {
  return [...services].map(([service, { desired }]) => `${service} ${desired.map(([, count]) => count).join(" ")}`);
}

/** Which of equal nodes goes is chance. */
export function callText({ call, group: pool, delta, nodes }: RecordedCall): string {
  return `${call} ${pool} ${delta ?? nodes?.length}`;
}

function differentSequence(expected: readonly string[], got: readonly string[]): string | undefined {
  const [left, right] = [expected.join(", "), got.join(", ")];
  return left === right ? undefined : `expected ${left}; got ${right}`;
}

function lateness(recorded: LoopCurves, got: LoopCurves): string | undefined {
  for (const [service, { desired }] of recorded.services) {
    const late = firstLate(desired, got.services.get(service)!.desired, writeMs);
    if (late !== undefined) return `replicas of ${service}: ${late}`;
  }
  const calls = (curves: LoopCurves): Steps => curves.calls.map(({ atMs, delta }) => [atMs, delta ?? 0]);
  const pairs: readonly [string, Steps, Steps][] = [
    ["calls", calls(recorded), calls(got)],
    ["nodes registered", recorded.registered, got.registered],
    ["nodes ready", recorded.readyNodes, got.readyNodes],
  ];
  for (const [what, left, right] of pairs) {
    const late = firstLate(changes(left), changes(right), machineMs);
    if (late !== undefined) return `${what}: ${late}`;
  }
  return undefined;
}

/** After the start: what the two sides begin with is set up at different instants. */
function changes(steps: Steps): Steps {
  return steps.filter(([atMs, value], index) => atMs > 5_000 && steps[index - 1]?.[1] !== value);
}

function firstLate(expected: Steps, got: Steps, toleranceMs: number): string | undefined {
  for (const [index, [atMs]] of expected.entries()) {
    const ourMs = got[index]?.[0];
    if (ourMs === undefined) return `nothing for that at ${Math.round(atMs)} ms`;
    if (Math.abs(ourMs - atMs) > toleranceMs) return `expected at ${Math.round(atMs)} ms, got ${Math.round(ourMs)} ms`;
  }
  return got.length > expected.length ? `one more at ${Math.round(got[expected.length]![0])} ms` : undefined;
}

function tooFar({ ready }: LoopErrors): string | undefined {
  for (const [service, error] of ready) if (error > readyShare) return `${service}: ${percent(error)} apart`;
  return undefined;
}

function figuresOf(recorded: LoopCurves, { luck, got, errors }: Attempt): string {
  const each = (values: ReadonlyMap<string, number>): string => [...values.values()].map(percent).join(" ");
  const peaks = [...errors.peakReadyMs.values()].map(([left, right]) => ((right - left) / 1000).toFixed(2)).join(" ");
  const [expected, ours, apart] = errors.unassigned;
  return [
    `luck ${luck}`,
    `readyError ${each(errors.ready)}`,
    `servedError ${each(errors.served)}`,
    `nodeReadyError ${percent(errors.nodeReady)}`,
    `pending pod-seconds ${expected} ${ours} ${apart}`,
    `peak ${peaks} s`,
    `desired ${desiredOf(recorded).join(", ")} | ${desiredOf(got).join(", ")}`,
  ].join("; ");
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
