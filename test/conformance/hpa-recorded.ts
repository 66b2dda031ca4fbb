import { milliValue, parseAmount, type Pod, type PodUsage, scaledValue } from "../../src/model/index.ts";
import type { CaseResult, Recordings } from "./area.ts";

/** Replays the cases of one file; what `check` throws is a difference too. */
export function* replayNamed<Line extends { readonly name: string }>(
  recordings: Recordings,
  file: string,
  groupOf: (line: Line) => string,
  check: (line: Line) => string | undefined,
): Generator<CaseResult> {
  for (const line of recordings.lines<Line>(file)) {
    let difference: string | undefined;
    try {
      difference = check(line);
    } catch (error) {
      difference = `threw ${(error as Error).stack?.split("\n").slice(0, 3).join(" | ")}`;
    }
    const result = { group: groupOf(line), id: line.name };
    yield difference === undefined ? result : { ...result, difference };
  }
}

/** Usage of one container from recorded quantities. */
export function containerUsage(name: string, usage: Readonly<Record<string, string>>): PodUsage["containers"][number] {
  const { cpu, memory } = usage;
  return {
    name,
    cpuNanocores: cpu === undefined ? undefined : Number(scaledValue(parseAmount(cpu), -9)),
    memoryBytes: memory === undefined ? undefined : milliValue(memory) / 1000,
  };
}

/** An int64 as the recordings write it: a number up to 2^53, text beyond. */
export function int64(value: number): number | string {
  if (Number.isSafeInteger(value)) return value;
  if (value >= 2 ** 63) return "9223372036854775807";
  return BigInt(value).toString();
}

/** Recorded pods are trimmed: what is missing is empty. */
export function wholePod(pod: Pod): Pod {
  return { ...pod, status: pod.status ?? {} };
}
