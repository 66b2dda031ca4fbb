import type { ApiReply } from "../../apiserver/index.ts";
import { callApi, callProvider, type Task } from "../../client/index.ts";
import type { CloudCall, CloudReply } from "../../cloud/index.ts";
import type { HorizontalPodAutoscaler, KubeObject, ObjectKey } from "../../model/index.ts";
import type { Order } from "./order.ts";

/** How often a write is tried again that met a newer object (`retry.DefaultRetry` of client-go: five times in all). */
const attempts = 5;

interface Scalable extends KubeObject {
  readonly spec: { readonly replicas?: number };
}

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
