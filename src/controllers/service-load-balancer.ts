import type { ApiError } from "../apiserver/index.ts";
import {
  type Change,
  type Controller,
  callApi,
  type Outcome,
  recordEvent,
  type Task,
  type View,
  waitUntil,
} from "../client/index.ts";
import { keyOf, type Node, type ObjectKey, otherFinalizers, type Service, sameContent } from "../model/index.ts";
import { Digest } from "../sim/index.ts";

const client = "service-controller";
const finalizer = "service.kubernetes.io/load-balancer-cleanup";
const excluded = "node.kubernetes.io/exclude-from-external-load-balancers";
const leaving = "ToBeDeletedByClusterAutoscaler";
/** From the call to the provider to its answer: no source was found. Assumption. */
const ensureUs = 3_000_000;

interface Memory {
  /** Services whose load balancers were made in this life, and those of them that have not heard of machines since. */
  readonly ensured: Set<ObjectKey>;
  readonly stale: Set<ObjectKey>;
}

/**
 * service-controller of cloud-controller-manager v1.36, and in one with it the provider: a Service of type LoadBalancer gets one,
 * with an address in its status, and keeps a finalizer until the load balancer is gone. Traffic does not run through it.
 */
export const serviceLoadBalancerController: Controller<Memory> = {
  name: client,
  workers: 1,
  retries: { baseUs: 5_000_000, maxUs: 300_000_000, bucket: { perSecond: 10, burst: 100 } },
  memory: () => ({ ensured: new Set(), stale: new Set() }),
  watches: [
    { kind: "Service", keys: serviceKeys },
    { kind: "Node", keys: nodeKeys },
  ],
  reconcile,
};

function wantsLoadBalancer({ metadata, spec }: Service): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  return spec.type === "LoadBalancer" && spec.loadBalancerClass === undefined;
}

function hasLoadBalancer({ metadata }: Service): boolean {
  return metadata.finalizers?.includes(finalizer) === true;
}

function serviceKeys({ key, after }: Change<Service>): ObjectKey[] {
  return after !== undefined && (wantsLoadBalancer(after) || hasLoadBalancer(after)) ? [key] : [];
}

/** Machines that come, go, or are about to go. */
function nodeKeys({ before, after }: Change<Node>, _view: View, { ensured, stale }: Memory): Iterable<ObjectKey> {
  if (isHost(before) === isHost(after)) return [];
  for (const key of ensured) stale.add(key);
  return ensured;
}

function isHost(node: Node | undefined): boolean {
  if (node === undefined || node.metadata.labels?.[excluded] !== undefined) return false;
  return !node.spec.taints?.some(({ key }) => key === leaving);
}

function* reconcile(key: ObjectKey, view: View, memory: Memory): Task<Outcome> {
  const service = view.get("Service", key);
  if (service === undefined) return "done";
  const error = wantsLoadBalancer(service)
    ? yield* ensure(service, view, memory)
    : yield* cleanUp(service, view, memory);
  return error === undefined || error.code === 404 ? "done" : { retry: error };
}

function* ensure(service: Service, view: View, { ensured, stale }: Memory): Task<ApiError | undefined> {
  const key = keyOf(service);
  const ingress = [{ hostname: hostnameOf(service) }];
  const done = hasLoadBalancer(service) && sameContent(service.status.loadBalancer?.ingress, ingress);
  if (done && ensured.has(key)) {
    if (!stale.delete(key)) return undefined;
    yield* waitUntil(view.nowUs + ensureUs);
    yield* recordEvent(client, service, "Normal", "UpdatedLoadBalancer", "Updated load balancer with new hosts");
    return undefined;
  }
  yield* recordEvent(client, service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer");
  const marked = yield* writeFinalizers(key, [finalizer]);
  if (marked !== undefined) return marked;
  yield* waitUntil(view.nowUs + ensureUs);
  ensured.add(key);
  yield* recordEvent(client, service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer");
  return yield* writeStatus(key, { ingress });
}

function* cleanUp(service: Service, view: View, { ensured, stale }: Memory): Task<ApiError | undefined> {
  const key = keyOf(service);
  ensured.delete(key);
  stale.delete(key);
  if (!hasLoadBalancer(service)) return undefined;
  yield* recordEvent(client, service, "Normal", "DeletingLoadBalancer", "Deleting load balancer");
  yield* waitUntil(view.nowUs + ensureUs);
  if (service.metadata.deletionTimestamp === undefined) {
    const error = yield* writeStatus(key, {});
    if (error !== undefined) return error;
  }
  const error = yield* writeFinalizers(key, []);
  if (error !== undefined) return error;
  yield* recordEvent(client, service, "Normal", "DeletedLoadBalancer", "Deleted load balancer");
  return undefined;
}

/** `own`: of this controller's; others' stay. */
function* writeFinalizers(key: ObjectKey, own: readonly string[]): Task<ApiError | undefined> {
  const change = (stored: Service): Service => {
    const { finalizers: _before, ...metadata } = stored.metadata;
    const next = [...otherFinalizers(stored, finalizer), ...own];
    return { ...stored, metadata: { ...metadata, ...(next.length > 0 && { finalizers: next }) } };
  };
  const reply = yield* callApi(client, { verb: "patch", kind: "Service", key, part: "main", change });
  return reply.ok ? undefined : reply.error;
}

function* writeStatus(key: ObjectKey, loadBalancer: Service["status"]["loadBalancer"]): Task<ApiError | undefined> {
  const change = (stored: Service): Service => ({ ...stored, status: { ...stored.status, loadBalancer } });
  const reply = yield* callApi(client, { verb: "patch", kind: "Service", key, part: "status", change });
  return reply.ok ? undefined : reply.error;
}

/** As the in-tree provider of AWS names them: a digest of the uid, the region. */
function hostnameOf({ metadata }: Service): string {
  const digest = new Digest();
  digest.mixText(metadata.uid);
  return `a${digest.text()}.elb.amazonaws.com`;
}
