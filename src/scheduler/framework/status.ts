/** Outcome kinds of an extension point, under upstream's names. */
export type Code = "Success" | "Error" | "Unschedulable" | "UnschedulableAndUnresolvable" | "Wait" | "Skip" | "Pending";

/** What a plugin answers when it does not simply succeed; success is `undefined`, so that the usual path allocates nothing. */
export interface Status {
  readonly code: Exclude<Code, "Success">;
  readonly reasons: readonly string[];
  /** The plugin that gave this answer; filled in by the framework. */
  readonly plugin?: string;
}

/** Rejected, but removing pods may help: a candidate for preemption. */
export function unschedulable(...reasons: string[]): Status {
  return { code: "Unschedulable", reasons };
}

/** Rejected, and removing pods would not help. */
export function unresolvable(...reasons: string[]): Status {
  return { code: "UnschedulableAndUnresolvable", reasons };
}

/** An internal failure: no decision, the pod counts as an error for the scheduling queue. */
export function failure(message: string): Status {
  return { code: "Error", reasons: [message] };
}

/** The plugin has nothing to do for this pod. */
export const skip: Status = { code: "Skip", reasons: [] };

/** Whether this status says that the pod does not fit (as opposed to an error). */
export function isRejected(status: Status): boolean {
  return status.code === "Unschedulable" || status.code === "UnschedulableAndUnresolvable" || status.code === "Pending";
}

/** Most plugins reject with one and the same object. A memo of a pure function. */
const named = new WeakMap<Status, Status>();

/** `status` as given by `plugin`; a plugin that already named itself keeps its name. */
export function byPlugin(status: Status, plugin: string): Status {
  if (status.plugin !== undefined) return status;
  const known = named.get(status);
  if (known?.plugin === plugin) return known;
  const given = { ...status, plugin };
  named.set(status, given);
  return given;
}
