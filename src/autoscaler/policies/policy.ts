import type { View } from "../../client/index.ts";
import type { GroupListing } from "../../cloud/index.ts";
import type { MetricsApi } from "../../model/index.ts";
import type { Order } from "./order.ts";

/** What a policy sees when it looks: caches that trail the API server, and metrics as their APIs answer at that instant. */
export interface Seen {
  /** Virtual microseconds. */
  readonly nowUs: number;
  /** Whole seconds since 1970: what a clock on the wall says. */
  readonly epochSeconds: number;
  readonly view: View;
  readonly metrics: Pick<MetricsApi, "resourceMetrics" | "podMetrics" | "objectMetric" | "externalMetrics">;
  /** Node pools as the provider lists them; empty unless the policy `asksProvider`, or where it did not answer. */
  readonly pools: readonly GroupListing[];
  /** Orders of the last look that were refused: the very objects that `decide` gave. */
  readonly refused: readonly Order[];
}

/** What a policy wants done, as data, and when it wants to look again. */
export interface Decision {
  readonly orders: readonly Order[];
  /** Not before this virtual instant; `"never"`: there is nothing left to do. Default, and after a refusal: at the next beat. */
  readonly lookAgainUs?: number | "never";
}

/**
 * A way of scaling: looks on its own beat and decides. `decide` is a pure function of what it is told; what it wants to
 * remember it keeps in its memory, which is lost with its process.
 */
export interface Policy<Memory = unknown> {
  /** Also the name of its process and of its client. */
  readonly name: string;
  /** Distance of two looks, in virtual microseconds: a second at least. */
  readonly everyUs: number;
  /** Looks on multiples of `everyUs` by the wall clock, as cron does; otherwise its phase is luck. Default false. */
  readonly onTheClock?: boolean;
  /** Lists the node pools before it looks, which is a call to the provider. Default false. */
  readonly asksProvider?: boolean;
  memory(): Memory;
  /** `options`: what the scenario says under `custom.options`, unchecked. */
  decide(seen: Seen, memory: Memory, options: unknown): Decision;
}

/** Declares a scaling policy of one's own; a scenario chooses it by name under `spec.policies`. */
export function definePolicy<Memory>(policy: Policy<Memory>): Policy<never> {
  return policy as unknown as Policy<never>;
}
