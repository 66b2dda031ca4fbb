import type { NewObject, PropagationPolicy } from "../apiserver/index.ts";
import type { JsonObject, JsonPatchOperation, Kind, ObjectKey, Quantity, Taint } from "../model/index.ts";

interface Target {
  readonly kind: Kind;
  readonly key: ObjectKey;
}

/** How `kubectl drain` goes about it. */
export interface DrainOptions {
  /** Instead of the pods' own grace periods. */
  readonly gracePeriodSeconds?: number;
  /** Gives up after this; absent: never. */
  readonly timeoutUs?: number;
  /** Without it pods of DaemonSets make the drain fail; with it they stay. */
  readonly ignoreDaemonSets: boolean;
  /** Without it pods that nobody would replace make the drain fail. */
  readonly force: boolean;
  /** Without it pods with `emptyDir` volumes make the drain fail. */
  readonly deleteEmptyDirData: boolean;
  /** Deletes instead of evicting: budgets do not count. */
  readonly disableEviction: boolean;
}

/** What a resize changes; what is not named stays. */
export interface ComputeResources {
  readonly requests?: Readonly<Record<string, Quantity>>;
  readonly limits?: Readonly<Record<string, Quantity>>;
}

export type PatchText =
  | { readonly type: "strategic" | "merge"; readonly patch: JsonObject }
  | { readonly type: "json"; readonly patch: readonly JsonPatchOperation[] };

/** What a person does at an instant, as kubectl would: resolved, ready to be sent. */
export type Action = { readonly atUs: number; readonly text: string } & (
  | ({ readonly do: "scale"; readonly replicas: number } & Target)
  | { readonly do: "apply"; readonly objects: readonly NewObject[] }
  | ({
      readonly do: "delete";
      readonly propagationPolicy: PropagationPolicy;
      readonly gracePeriodSeconds?: number;
    } & Target)
  | ({ readonly do: "patch" } & PatchText & Target)
  | ({ readonly do: "rollout-restart" | "rollout-pause" | "rollout-resume" } & Target)
  /** Without `toRevision`: the last one but the present. */
  | ({ readonly do: "rollout-undo"; readonly toRevision?: number } & Target)
  | ({ readonly do: "set-image"; readonly container?: string; readonly image: string } & Target)
  /** `null` takes a label away. */
  | ({ readonly do: "label"; readonly labels: Readonly<Record<string, string | null>> } & Target)
  | { readonly do: "taint"; readonly node: string; readonly taint: Taint; readonly remove: boolean }
  | { readonly do: "cordon"; readonly node: string; readonly on: boolean }
  | ({ readonly do: "drain"; readonly node: string } & DrainOptions)
  /** So many pods of a workload, the oldest first, or one pod by name. */
  | ({ readonly do: "evict"; readonly count: number } & Target)
  /** Other resources for a container of so many pods of a workload, in place; absent: all of them, its first container. */
  | ({
      readonly do: "resize";
      readonly container?: string;
      readonly resources: ComputeResources;
      readonly count?: number;
    } & Target)
  | ({
      readonly do: "upgrade";
      readonly pools: readonly string[];
      /** New machines before the old ones go, so many at a time; or each machine restarted in its place. */
      readonly mode: "surge" | "in-place";
      readonly maxSurge: number;
      /** How long a machine is away for its restart. */
      readonly restartUs: number;
    } & DrainOptions)
);
