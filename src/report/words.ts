import type { Incident, RunResult, ServiceResult } from "./run-result.ts";

/** `09:41:00` of an instant, by the scenario's local clock; with the day once a run passes midnight. */
export function clockText(result: RunResult, atSeconds: number): string {
  const [, hours, minutes, seconds] = /T(\d\d):(\d\d):(\d\d)/.exec(result.start)!;
  const total = Math.floor(Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds) + atSeconds);
  const day = Math.floor(total / 86_400);
  const two = (value: number): string => String(value).padStart(2, "0");
  const clock = `${two(Math.floor(total / 3600) % 24)}:${two(Math.floor(total / 60) % 60)}:${two(total % 60)}`;
  return day === 0 ? clock : `day ${day + 1} ${clock}`;
}

/** `1 h 30 min`, `6 min 2 s`, `8.5 s`. */
export function durationText(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds * 10) / 10} s`;
  const whole = Math.round(seconds);
  const parts = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ] as const;
  return parts
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .slice(0, 2)
    .join(" ");
}

export function usdText(microUsd: number): string {
  return `$${(microUsd / 1_000_000).toFixed(2)}`;
}

/** Never rounds up to 100 %. */
export function percentText(share: number): string {
  return share === 1 ? "100 %" : `${(Math.floor(share * 100_000) / 1000).toFixed(3)} %`;
}

/** 1234567 as `1,234,567`. */
export function countText(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

export function failedOf({ refused, timedOut, failedCalls }: ServiceResult): number {
  return refused + timedOut + failedCalls;
}

/** The answer in one paragraph. */
export function answer(result: RunResult): string {
  const users = result.services.filter(({ users }) => users !== undefined);
  const asked = users.reduce((sum, { users }) => sum + users!.arrived, 0);
  const lost = users.reduce((sum, { users }) => sum + users!.failed, 0);
  const sentences: string[] = [];
  const broken = result.expectations.filter(({ held }) => !held);
  if (result.verdict === "held") sentences.push(`Yes: all ${result.expectations.length} expectations held.`);
  else if (result.verdict === "failed") {
    const list = broken.map(({ text, measured }) => `${text} (was ${measured})`).join("; ");
    sentences.push(
      broken.length > 0
        ? `No: ${broken.length} of ${result.expectations.length} expectations failed: ${list}.`
        : "No: an invariant broke.",
    );
  } else sentences.push("Nothing was expected, so nothing is judged.");
  if (asked > 0)
    sentences.push(
      `Of ${countText(asked)} requests ${countText(lost)} failed (${percentText(asked === 0 ? 1 : 1 - lost / asked)} answered).`,
    );
  const worst = slowest(result.incidents);
  if (worst !== undefined && worst.recoverySeconds !== null && worst.longestStage !== null) {
    sentences.push(
      `The longest recovery took ${durationText(worst.recoverySeconds)} (${worst.title}); most of it went into “${worst.longestStage}”.`,
    );
  }
  const unrecovered = result.incidents.filter(({ recoverySeconds }) => recoverySeconds === null);
  if (unrecovered.length > 0)
    sentences.push(
      `${unrecovered.length} ${unrecovered.length === 1 ? "incident was" : "incidents were"} not over at the end.`,
    );
  const { least, most } = result.machines;
  sentences.push(
    `It ran on ${least === most ? most : `${least} to ${most}`} machines for ${usdText(result.cost.microUsd)}.`,
  );
  return sentences.join(" ");
}

function slowest(incidents: readonly Incident[]): Incident | undefined {
  return [...incidents].sort((a, b) => (b.recoverySeconds ?? 0) - (a.recoverySeconds ?? 0))[0];
}
