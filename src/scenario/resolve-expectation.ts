import type { ObjectKey } from "../model/index.ts";
import type { Complain } from "./complaint.ts";
import type { Comparison, Expectation } from "./expectation.ts";
import type { ExpectationText } from "./scenario-schema.ts";
import { type Instant, parseDuration } from "./values.ts";

/** What an expectation's text is resolved with. Instants are virtual microseconds. */
export interface ExpectationContext {
  /** Where it stands in the scenario. */
  readonly path: readonly PropertyKey[];
  readonly startUs: number;
  readonly endUs: number;
  instant(at: Instant, path: readonly PropertyKey[]): number;
  reference(text: string, path: readonly PropertyKey[]): { readonly short: string; readonly namespace: string };
  service(text: string, path: readonly PropertyKey[]): ObjectKey;
  readonly complain: Complain;
}

/** An expectation with its window in virtual time and its bound as a number. */
export function resolveExpectation(text: ExpectationText, context: ExpectationContext): Expectation {
  const { path, startUs, endUs } = context;
  const window: { readonly from?: Instant; readonly to?: Instant } = "from" in text || "to" in text ? text : {};
  const fromUs = window.from !== undefined ? context.instant(window.from, [...path, "from"]) : startUs;
  const toUs = window.to !== undefined ? context.instant(window.to, [...path, "to"]) : endUs;
  const base = { fromUs, toUs };
  for (const measure of ["p50", "p95", "p99", "availability"] as const) {
    if (!(measure in text)) continue;
    const { service, [measure]: written } = text as unknown as { service: string } & Record<typeof measure, string>;
    const comparison = resolveComparison(
      written,
      measure === "availability" ? "share" : "duration",
      [...path, measure],
      context,
    );
    const key = context.service(service, [...path, "service"]);
    return { ...base, text: `${service} ${measure} ${written}`, comparison, measure, service: key };
  }
  if ("workload" in text) {
    const { short, namespace } = context.reference(text.workload, [...path, "workload"]);
    const comparison = resolveComparison(text.ready, "count", [...path, "ready"], context);
    return {
      ...base,
      text: `${text.workload} ready ${text.ready}`,
      comparison,
      measure: "ready",
      workload: short,
      namespace,
    };
  }
  const measure = "cost" in text ? "cost" : "pending" in text ? "pending" : "recovery";
  const written = (text as unknown as Record<typeof measure, string>)[measure];
  const comparison = resolveComparison(written, measure === "cost" ? "usd" : "duration", [...path, measure], context);
  return { ...base, text: `${measure} ${written}`, comparison, measure };
}

function resolveComparison(
  text: string,
  unit: "duration" | "share" | "count" | "usd",
  path: readonly PropertyKey[],
  { complain }: ExpectationContext,
): Comparison {
  const [, operator, number, suffix = ""] = /^\s*(<=|>=|<|>)\s*([\d.]+)\s*(.*?)\s*$/.exec(text)!;
  const plain = Number(number);
  const bad = (expected: string): number => {
    complain("BAD_COMPARISON", path, expected, text);
    return 0;
  };
  let bound: number;
  if (unit === "duration")
    bound = parseDuration(number! + suffix) ?? bad('a comparison with a duration, such as "< 250ms"');
  else if (unit === "share")
    bound = suffix === "%" ? plain / 100 : bad('a comparison with a percentage, such as ">= 99.9%"');
  else if (unit === "usd")
    bound = /^(USD)?$/.test(suffix)
      ? Math.round(plain * 1_000_000)
      : bad('a comparison with dollars, such as "< 3 USD"');
  else bound = suffix === "" ? plain : bad('a comparison with a count, such as ">= 3"');
  return { operator: operator as Comparison["operator"], bound };
}
