import type { HorizontalPodAutoscaler } from "../../model/index.ts";
import type { Conditions } from "./conditions.ts";
import type { AutoscalerMemory } from "./memory.ts";
import type { AutoscalerFlags, Ports } from "./ports.ts";

/** One sync under way: the autoscaler, and what becomes of its status. */
export interface Sync {
  readonly hpa: HorizontalPodAutoscaler;
  readonly ports: Ports;
  readonly flags: AutoscalerFlags;
  readonly memory: AutoscalerMemory;
  readonly conditions: Conditions;
  readonly startedUs: number;
  readonly written: { status: boolean };
}
