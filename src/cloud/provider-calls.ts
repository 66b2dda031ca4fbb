/** What cluster-autoscaler asks of the provider: its cloud provider interface, as data. */
export type AutoscalerCall =
  | { readonly operation: "refresh" }
  | { readonly operation: "increaseSize"; readonly group: string; readonly delta: number }
  | { readonly operation: "deleteNodes"; readonly group: string; readonly nodes: readonly string[] }
  | { readonly operation: "decreaseTargetSize"; readonly group: string; readonly delta: number };

/** What a group's owner sets: its size is moved into its bounds. Machines above it are terminated, not drained. */
export interface ResizeCall {
  readonly operation: "resize";
  readonly group: string;
  readonly min?: number;
  readonly max?: number;
  readonly size?: number;
}

export type CloudCall = AutoscalerCall | ResizeCall;

/** One instance of a group as the provider lists it. */
export interface InstanceListing {
  /** Name of the machine, and of its Node once registered. */
  readonly name: string;
  readonly state: "creating" | "running" | "deleting";
  /** Why it could not be created: out of capacity, for one. */
  readonly error?: InstanceError;
}

/** A provider's complaint about one instance, in cluster-autoscaler's classes. */
export interface InstanceError {
  readonly class: "OutOfResource" | "Other";
  readonly code: string;
  readonly message: string;
}

export interface GroupListing {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly target: number;
  readonly instances: readonly InstanceListing[];
}

/** `error` is the provider's refusal, `RESOURCE_EXHAUSTED` when it has no such machine to sell. */
export type CloudReply =
  | { readonly ok: true; readonly groups?: readonly GroupListing[] }
  | { readonly ok: false; readonly error: string };
