import type { ObjectKey } from "../../model/index.ts";

/** One thing that a policy wants to be otherwise. What is left out stays as it is. */
export type Order =
  /** `spec.replicas`, by hand: an HPA of the same workload goes on from there. */
  | {
      readonly do: "scale";
      readonly kind: "Deployment" | "StatefulSet" | "ReplicaSet";
      readonly key: ObjectKey;
      readonly replicas: number;
    }
  /** The bounds of a HorizontalPodAutoscaler. */
  | {
      readonly do: "bounds";
      readonly autoscaler: ObjectKey;
      readonly minReplicas?: number;
      readonly maxReplicas?: number;
    }
  /** Sizes of a node pool: its bounds move its size into them, and `size` within them. Machines above it are not drained. */
  | {
      readonly do: "pool";
      readonly pool: string;
      readonly min?: number;
      readonly max?: number;
      readonly size?: number;
    };

/** `deployment default/web: 12 replicas`: how an order is told. */
export function orderText(order: Order): string {
  switch (order.do) {
    case "scale":
      return `${order.kind.toLowerCase()} ${order.key}: ${order.replicas} replicas`;
    case "bounds":
      return `hpa ${order.autoscaler}: ${sizesText([
        ["minReplicas", order.minReplicas],
        ["maxReplicas", order.maxReplicas],
      ])}`;
    case "pool":
      return `node pool ${order.pool}: ${sizesText([
        ["min", order.min],
        ["max", order.max],
        ["size", order.size],
      ])}`;
  }
}

function sizesText(sizes: readonly (readonly [string, number | undefined])[]): string {
  return sizes
    .filter(([, size]) => size !== undefined)
    .map(([name, size]) => `${name} ${size}`)
    .join(", ");
}
