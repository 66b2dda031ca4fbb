import { ClusterAutoscaler, type RunStatus } from "../../src/autoscaler/index.ts";
import { watchedKinds } from "../../src/autoscaler/cluster-autoscaler/cluster-lists.ts";
import { StaticAutoscaler } from "../../src/autoscaler/cluster-autoscaler/static-autoscaler.ts";
import { handler, phase } from "../../src/sim/index.ts";
import { firstDifference } from "./area.ts";
import { describeRun, type LogEntry, optionsOf, RecordedWorld, type RecordedInput, rounded } from "./cluster-autoscaler-world.ts";

interface Iteration {
  readonly atMs: number;
  readonly iteration: number;
  readonly trigger?: string;
  readonly scaleUp: unknown;
  readonly scaleDown: unknown;
}

export interface RunsCase {
  readonly id: string;
  readonly name?: string;
  readonly input: RecordedInput & { readonly name: string };
  readonly expect: {
    readonly iterations: readonly Iteration[];
    readonly log?: readonly LogEntry[];
    readonly finalTargetSizes: Readonly<Record<string, number>>;
    readonly runs?: readonly (readonly [number, string])[];
  };
}

/** Which of the autoscaler's events a file records. */
export type RecordedEvents = "none" | "status" | "all";

/** Runs at given instants; `lives`: the recording leaves boot and stop of machines and pods to the world. */
export function checkRuns({ input, expect }: RunsCase, lives: boolean, events: RecordedEvents): string | undefined {
  const world = new RecordedWorld(input, { lives, recording: expect.log ?? [], watchUs: 0 });
  const times = timesOf(input.runAtMs, expect.iterations);
  const iterations: Iteration[] = [];
  let autoscaler: StaticAutoscaler | undefined;
  for (const kind of watchedKinds) world.process.informer(kind);
  world.process.start();
  world.process.onStart(() => {
    autoscaler = new StaticAutoscaler(optionsOf(input.options), world.groups, () => 0, world.process.view);
  });
  const start = handler<number>("recorded/run", (iteration) => {
    world.process.run(autoscaler!.runOnce(world.process.view), (status) => {
      iterations.push({ atMs: world.loop.nowUs / 1000, iteration, ...described(status, autoscaler!) });
    });
  });
  for (const [iteration, atMs] of times.entries()) {
    // Deletions in the background get their turn first.
    world.loop.schedule(atMs * 1000, phase.observe, start, iteration);
  }
  replayEnvironment(world, expect.log ?? []);
  const lastMs = Math.max(times.at(-1)!, ...(expect.log ?? []).map(({ atMs }) => atMs));
  world.run(lastMs + (lives ? 60_000 : 0));
  return (
    iterationsDifference(expect.iterations, changesOf(iterations)) ??
    firstDifference(expect.finalTargetSizes, world.targets, "$.finalTargetSizes") ??
    logDifference(expect.log ?? [], world.log, events)
  );
}

/** Runs when the loop's own trigger says so. */
export function checkFrequentRuns({ input, expect }: RunsCase): string | undefined {
  const world = new RecordedWorld(input, { watchUs: 5_000, chances: expect.log ?? [], recording: expect.log ?? [] });
  const iterations: Iteration[] = [];
  const runs: [number, string][] = [];
  const autoscaler = new ClusterAutoscaler({
    process: world.process,
    options: optionsOf(input.options),
    groups: world.groups,
    choose: (groups) => world.recordedChoice(groups),
    runUs: input.runDurationMs! * 1000,
    sleeps: false,
    onRun: (status, startedUs, trigger) => {
      const iteration = runs.length;
      runs.push([startedUs / 1000, trigger]);
      iterations.push({ atMs: world.loop.nowUs / 1000, iteration, trigger, ...described(status, autoscaler.autoscaler!) });
    },
  });
  world.at(130_000, () => world.process.start());
  replayEnvironment(world, expect.log ?? []);
  world.run(input.endMs! + 20_000);
  const kept = runs.slice(0, expect.runs!.length);
  return (
    firstDifference(expect.runs, kept, "$.runs") ??
    iterationsDifference(expect.iterations, changesOf(iterations.slice(0, expect.runs!.length), false)) ??
    logDifference(expect.log ?? [], world.log, "all")
  );
}

function described(status: RunStatus, autoscaler: StaticAutoscaler): { scaleUp: unknown; scaleDown: unknown } {
  return describeRun(status, autoscaler) as { scaleUp: unknown; scaleDown: unknown };
}

/** A list that was shortened to a beat although one wait was longer shows its true times in the results. */
function timesOf(runAtMs: RecordedInput["runAtMs"], iterations: readonly Iteration[]): readonly number[] {
  if (!("firstMs" in runAtMs)) return runAtMs;
  const { firstMs, everyMs, count } = runAtMs;
  const times = Array.from({ length: count }, (_, index) => firstMs + index * everyMs);
  for (const { iteration, atMs } of iterations) if (atMs - times[iteration]! >= everyMs) times[iteration] = atMs;
  return times;
}

function replayEnvironment(world: RecordedWorld, log: readonly LogEntry[]): void {
  for (const entry of log) if (entry.who === "env") world.after(entry.atMs * 1000, () => world.replay(entry));
}

/** Recordings keep a run whose result differs from that before it, and the last. */
function changesOf(iterations: readonly Iteration[], keepsLast = true): Iteration[] {
  const result = ({ scaleUp, scaleDown }: Iteration): string => JSON.stringify([scaleUp, scaleDown]);
  return iterations.filter((run, index) => {
    const before = iterations[index - 1];
    const last = keepsLast && index === iterations.length - 1;
    return before === undefined || last || result(before) !== result(run);
  });
}

/** The first run that differs, by its place in the list: a list of another length says little. */
function iterationsDifference(expected: readonly Iteration[], actual: readonly Iteration[]): string | undefined {
  const [left, right] = [comparableRuns(expected), comparableRuns(actual)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = firstDifference(left[index], right[index], `$.iterations.${index}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function comparableRuns(iterations: readonly Iteration[]): Iteration[] {
  return JSON.parse(JSON.stringify(iterations), (key, value: unknown) =>
    key === "utilization" ? rounded(value as number) : value,
  ) as Iteration[];
}

/** The entries of one instant form a set; nodes that are deleted together may be one call or several. */
function logDifference(expected: readonly LogEntry[], actual: readonly LogEntry[], events: RecordedEvents): string | undefined {
  const [left, right] = [comparableLog(expected, events), comparableLog(actual, events)];
  for (const instant of new Set([...left.keys(), ...right.keys()].sort((a, b) => a - b))) {
    const difference = firstDifference(left.get(instant) ?? [], right.get(instant) ?? [], `$.log[${instant} ms]`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

const untilMs = 60_000;

function comparableLog(log: readonly LogEntry[], events: RecordedEvents): Map<number, string[]> {
  const instants = new Map<number, string[]>();
  for (const { who, atMs, ...entry } of log) {
    if (who !== "ca" || !isRecorded(entry, atMs, events)) continue;
    const parts = entry.what === "deleteNodes" ? (entry["nodes"] as string[]).map((node) => ({ ...entry, nodes: [node] })) : [entry];
    const known = instants.get(atMs) ?? [];
    known.push(...parts.map(ordered));
    instants.set(atMs, known);
  }
  for (const entries of instants.values()) entries.sort();
  return instants;
}

function isRecorded(entry: { readonly what: string; readonly [detail: string]: unknown }, atMs: number, events: RecordedEvents): boolean {
  // A call that the provider refused changed nothing; the event about it is compared.
  if (entry.what === "increaseSize" || entry.what === "decreaseTargetSize") return entry["error"] === undefined;
  if (entry.what !== "event") return true;
  if (events === "none") return false;
  const object = String(entry["object"]);
  if (events === "status") return object.startsWith("ConfigMap");
  const perPod = entry["reason"] === "TriggeredScaleUp" || entry["reason"] === "NotTriggerScaleUp";
  return !perPod || atMs <= untilMs;
}

/** One text for an entry, whatever the order of its keys and of the reasons in its message. */
function ordered(entry: { readonly [detail: string]: unknown }): string {
  const keys = Object.keys(entry).sort();
  return JSON.stringify(
    keys.map((key) => {
      const text = entry[key];
      const reasons = key === "message" && typeof text === "string" && entry["reason"] === "NotTriggerScaleUp";
      return [key, reasons ? text.split(": ").flatMap((part) => part.split(", ").sort()) : text];
    }),
  );
}
