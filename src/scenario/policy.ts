import type { Hold, PredictiveOptions } from "../autoscaler/index.ts";
import type { Curve } from "../traffic/index.ts";
import type { Location } from "./complaint.ts";

/** A scaling policy that a scenario chose: resolved, plain data. Durations in virtual microseconds. */
export type PolicyChoice =
  | { readonly kind: "scheduled"; readonly name: string; readonly holds: readonly Hold[] }
  | (Omit<PredictiveOptions, "forecast"> & {
      readonly kind: "predictive";
      readonly by: { readonly trendUs: number } | { readonly periodUs: number; readonly past: Curve | undefined };
    })
  /** Of an extension; `at` is where the scenario names it, for the complaint when there is none of that name. */
  | {
      readonly kind: "custom";
      readonly name: string;
      readonly options: unknown;
      readonly at: Location;
      readonly path: string;
    };
