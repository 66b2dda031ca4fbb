import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Curve } from "../traffic/index.ts";
import type { CurveText } from "./curve-schema.ts";
import type { ScenarioClock } from "./scenario-clock.ts";

/** What is wrong with a curve's file, in the words of a complaint. */
export interface CurveProblem {
  readonly code: string;
  readonly expected: string;
  readonly found: string;
}

/** A written curve in virtual time; files are read here. */
export function resolveCurve(
  text: CurveText,
  clock: ScenarioClock,
  folder: string,
  problem: (problem: CurveProblem) => void,
): Curve {
  const resolve = (inner: CurveText): Curve => resolveCurve(inner, clock, folder, problem);
  if (typeof text === "number") return { kind: "constant", perSecond: text };
  if ("sum" in text) return { kind: "sum", of: text.sum.map(resolve) };
  if ("product" in text) return { kind: "product", of: text.product.map(resolve) };
  if ("steps" in text) {
    const atUs = text.steps.map(({ at }) => clock.resolve(at));
    return { kind: "samples", atUs, perSecond: text.steps.map(({ rate }) => rate), between: "hold" };
  }
  if ("ramp" in text) {
    const { from, to, start, end } = text.ramp;
    return { kind: "ramp", from, to, fromUs: clock.resolve(start), toUs: clock.resolve(end) };
  }
  if ("sine" in text) {
    const { mean, amplitude, period, peak } = text.sine;
    return { kind: "sine", mean, amplitude, periodUs: period, peakAtUs: clock.resolve(peak) };
  }
  if ("decay" in text) {
    const { at, before, peak, towards, timeConstant } = text.decay;
    return { kind: "decay", atUs: clock.resolve(at), before, peak, towards, timeConstantUs: timeConstant };
  }
  return fromCsv(text, clock, folder, problem);
}

function fromCsv(
  text: Extract<CurveText, { readonly csv: string }>,
  clock: ScenarioClock,
  folder: string,
  problem: (problem: CurveProblem) => void,
): Curve {
  const nothing: Curve = { kind: "constant", perSecond: 0 };
  const path = join(folder, text.csv);
  if (!existsSync(path)) {
    problem({ code: "MISSING_FILE", expected: "a CSV file that exists", found: JSON.stringify(text.csv) });
    return nothing;
  }
  const lines = readFileSync(path, "utf8")
    .split(/\r?\n/)
    .filter((line) => line !== "" && !line.startsWith("#"));
  const header = (lines[0] ?? "").split(",").map((name) => name.trim());
  const column = header.indexOf(text.column);
  const time = header.indexOf(text.time);
  if (column < 0) {
    problem({ code: "BAD_COLUMN", expected: `a column of ${header.join(", ")}`, found: JSON.stringify(text.column) });
    return nothing;
  }
  if (time < 0 && text.every === undefined) {
    problem({
      code: "BAD_COLUMN",
      expected: `a time column of ${header.join(", ")}, or "every"`,
      found: JSON.stringify(text.time),
    });
    return nothing;
  }
  const originUs = text.from === undefined ? clock.warmUpUs : clock.resolve(text.from);
  const atUs: number[] = [];
  const perSecond: number[] = [];
  for (const [index, line] of lines.slice(1).entries()) {
    const cells = line.split(",");
    const value = Number(cells[column]);
    const seconds = time < 0 ? (index * text.every!) / 1_000_000 : Number(cells[time]);
    if (!Number.isFinite(value) || !Number.isFinite(seconds)) {
      problem({
        code: "BAD_NUMBER",
        expected: `a number in line ${index + 2} of ${text.csv}`,
        found: JSON.stringify(line),
      });
      return nothing;
    }
    atUs.push(originUs + Math.round(seconds * 1_000_000));
    perSecond.push(Math.max(0, text.base + text.scale * value));
  }
  if (atUs.length === 0) {
    problem({ code: "EMPTY_FILE", expected: "at least one row of data", found: JSON.stringify(text.csv) });
    return nothing;
  }
  return { kind: "samples", atUs, perSecond, between: text.between };
}
