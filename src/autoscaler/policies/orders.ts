import type { ApiReply } from "../../apiserver/index.ts";
import { callApi, callProvider, type Task } from "../../client/index.ts";
import type { CloudCall, CloudReply } from "../../cloud/index.ts";
import type { HorizontalPodAutoscaler, KubeObject, ObjectKey } from "../../model/index.ts";

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

/** How often a write is tried again that met a newer object (`retry.DefaultRetry` of client-go: five times in all). */
const attempts = 5;

/** Carries an order out; the text with which it was refused, if it was. An order that changes nothing is no write. */
export function* carryOut(client: string, order: Order): Task<string | undefined> {
  switch (order.do) {
    case "scale":
      return yield* edit(client, order.kind, order.key, (stored: Scalable) => ({
        ...stored,
        spec: { ...stored.spec, replicas: order.replicas },
      }));
    case "bounds":
      return yield* edit(client, "HorizontalPodAutoscaler", order.autoscaler, (stored: HorizontalPodAutoscaler) => {
        const { minReplicas = stored.spec.minReplicas, maxReplicas = stored.spec.maxReplicas } = order;
        return { ...stored, spec: { ...stored.spec, maxReplicas, ...(minReplicas !== undefined && { minReplicas }) } };
      });
    case "pool": {
      const { pool: group, do: _, ...sizes } = order;
      const reply = yield* callProvider<CloudReply>({ operation: "resize", group, ...sizes } as CloudCall);
      return reply.ok ? undefined : reply.error;
    }
  }
}

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

interface Scalable extends KubeObject {
  readonly spec: { readonly replicas?: number };
}

function sizesText(sizes: readonly (readonly [string, number | undefined])[]): string {
  return sizes
    .filter(([, size]) => size !== undefined)
    .map(([name, size]) => `${name} ${size}`)
    .join(", ");
}

function* edit<T extends KubeObject>(
  client: string,
  kind: string,
  key: ObjectKey,
  change: (stored: T) => T,
): Task<string | undefined> {
  let reply: ApiReply | undefined;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const found = yield* callApi(client, { verb: "get", kind, key });
    if (!found.ok) return found.error.message;
    reply = yield* callApi(client, { verb: "update", next: change(found.object as T), part: "main" });
    if (reply.ok || reply.error.reason !== "Conflict") break;
  }
  return reply?.ok === false ? reply.error.message : undefined;
}
