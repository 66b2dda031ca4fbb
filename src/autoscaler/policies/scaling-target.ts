import type { ObjectKey } from "../../model/index.ts";
import type { Order } from "./order.ts";
import type { Seen } from "./policy.ts";

/** What a schedule or a forecast moves. */
export type ScalingTarget =
  /** `minReplicas` of an HPA, which goes on reacting above it. */
  | { readonly kind: "hpa"; readonly key: ObjectKey; readonly maxReplicas: number }
  | {
      readonly kind: "workload";
      readonly workload: "Deployment" | "StatefulSet" | "ReplicaSet";
      readonly key: ObjectKey;
    }
  /** The least size of a node pool. */
  | { readonly kind: "pool"; readonly pool: string };

/** One text for each target. */
export function targetId(target: ScalingTarget): string {
  switch (target.kind) {
    case "hpa":
      return `hpa/${target.key}`;
    case "workload":
      return `${target.workload}/${target.key}`;
    case "pool":
      return `pool/${target.pool}`;
  }
}

/** The order that gives a target a size; of an HPA that is its least size, and never above its greatest. */
export function orderOf(target: ScalingTarget, size: number): Order {
  switch (target.kind) {
    case "hpa":
      return { do: "bounds", autoscaler: target.key, minReplicas: Math.min(size, target.maxReplicas) };
    case "workload":
      return { do: "scale", kind: target.workload, key: target.key, replicas: size };
    case "pool":
      return { do: "pool", pool: target.pool, min: size };
  }
}

/** The size that an order would change; `undefined` where nobody knows it. */
export function sizeNow({ view, pools }: Seen, target: ScalingTarget): number | undefined {
  switch (target.kind) {
    case "hpa":
      return view.get("HorizontalPodAutoscaler", target.key)?.spec.minReplicas;
    case "workload":
      return (view.get(target.workload, target.key) as { readonly spec: { readonly replicas?: number } } | undefined)
        ?.spec.replicas;
    case "pool":
      return pools.find(({ name }) => name === target.pool)?.min;
  }
}
