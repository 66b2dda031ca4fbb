/** `< 250ms`, with its bound in the measure's own unit: microseconds, a fraction, pods, micro-USD. */
export interface Comparison {
  readonly operator: "<" | "<=" | ">" | ">=";
  readonly bound: number;
}

/** What must hold. Windows are virtual microseconds. */
export type Expectation = {
  /** As the user wrote it, for reports. */
  readonly text: string;
  readonly comparison: Comparison;
  readonly fromUs: number;
  readonly toUs: number;
} & (
  | { readonly measure: "p50" | "p95" | "p99" | "availability"; readonly service: string }
  | { readonly measure: "ready"; readonly workload: string; readonly namespace: string }
  | { readonly measure: "pending" | "recovery" | "cost" }
);

export function holds({ operator, bound }: Comparison, value: number): boolean {
  switch (operator) {
    case "<":
      return value < bound;
    case "<=":
      return value <= bound;
    case ">":
      return value > bound;
    case ">=":
      return value >= bound;
  }
}
