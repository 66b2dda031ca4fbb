import type { Policy } from "./autoscaler/index.ts";
import type { Invariant } from "./checkers/index.ts";
import type { Controller } from "./client/index.ts";
import type { PluginDefinition } from "./scheduler/index.ts";

/** What a user's module adds to runs: operators, scheduler plugins, scaling policies, invariants. The module's default export. */
export interface Extension {
  /** Each runs as a process of its own, with controller-runtime's 20 requests a second, burst 30. */
  readonly controllers?: readonly Controller<never>[];
  /** To be enabled by name in a KubeSchedulerConfiguration. */
  readonly plugins?: readonly PluginDefinition[];
  /** To be chosen by name under `spec.policies` of a scenario. Each runs as a process of its own. */
  readonly policies?: readonly Policy<never>[];
  readonly invariants?: readonly Invariant[];
}

/** Declares a controller of one's own: watches, a memory, and a reconcile that yields every request. */
export function defineController<Memory>(controller: Controller<Memory>): Controller<never> {
  return controller as unknown as Controller<never>;
}
