import type { ApiError } from "../../apiserver/index.ts";
import { type Change, type Controller, callApi, type Outcome, type Task, type View } from "../../client/index.ts";
import {
  controllerReference,
  type EndpointSlice,
  keyOf,
  type ObjectKey,
  objectKey,
  type Pod,
  podCondition,
  type Service,
} from "../../model/index.ts";
import { desiredGroups, type EndpointGroup } from "./desired-endpoints.ts";
import { packSlices } from "./pack-slices.ts";
import { SliceTracker } from "./slice-tracker.ts";

const client = "endpointslice-controller";

/** endpointslice-controller of kube-controller-manager v1.36. */
export const endpointSliceController: Controller<SliceTracker> = {
  name: client,
  workers: 5,
  retries: { baseUs: 1_000_000, maxUs: 1_000_000_000, bucket: { perSecond: 10, burst: 100 } },
  maxRetries: 15,
  memory: () => new SliceTracker(),
  watches: [
    { kind: "Service", keys: ({ key }: Change<Service>) => [key] },
    { kind: "Pod", keys: podKeys },
    { kind: "Node", keys: () => [] },
    { kind: "EndpointSlice", keys: sliceKeys },
  ],
  reconcile,
};

/** Services that select the pod now or did before, when something changed that an endpoint shows. */
function podKeys({ before, after }: Change<Pod>, view: View): ObjectKey[] {
  if (before !== undefined && after !== undefined && !mattersToEndpoints(before, after)) return [];
  const keys = new Set<ObjectKey>();
  for (const pod of [before, after]) {
    if (pod === undefined || (pod === before && before.metadata.labels === after?.metadata.labels)) continue;
    for (const service of view.servicesSelecting(pod)) keys.add(keyOf(service));
  }
  return [...keys];
}

function mattersToEndpoints(before: Pod, after: Pod): boolean {
  const terminal = (pod: Pod): boolean => pod.status.phase === "Succeeded" || pod.status.phase === "Failed";
  return (
    before.status.podIP !== after.status.podIP ||
    podCondition(before, "Ready")?.status !== podCondition(after, "Ready")?.status ||
    before.metadata.deletionTimestamp !== after.metadata.deletionTimestamp ||
    before.metadata.labels !== after.metadata.labels ||
    before.spec.nodeName !== after.spec.nodeName ||
    terminal(before) !== terminal(after)
  );
}

/** A slice that somebody else changed or deleted is put right. */
function sliceKeys({ before, after }: Change<EndpointSlice>, _view: View, tracker: SliceTracker): ObjectKey[] {
  if (before === undefined || after !== undefined) return [];
  const service = before.metadata.labels?.["kubernetes.io/service-name"];
  if (service === undefined) return [];
  const key = objectKey(before.metadata.namespace, service);
  return tracker.gone(key, before) ? [key] : [];
}

const staleCache: ApiError = {
  code: 500,
  reason: "InternalError",
  message: "EndpointSlice informer cache is out of date",
};

function* reconcile(key: ObjectKey, view: View, tracker: SliceTracker): Task<Outcome> {
  const service = view.get("Service", key);
  if (service === undefined || service.metadata.deletionTimestamp !== undefined) {
    tracker.forget(key);
    return "done";
  }
  const selector = service.spec.selector ?? {};
  if (Object.keys(selector).length === 0 || service.spec.type === "ExternalName") return "done";
  const pods = view.podsLabelled(service.metadata.namespace ?? "", selector);
  const nodeOf = (name: string) => view.get("Node", objectKey(undefined, name));
  const groups = desiredGroups(service, pods, nodeOf, tracker.endpoints);
  const slices = [...view.ownedBy("EndpointSlice", service.metadata.uid)];
  if (tracker.isStale(key, slices)) return { retry: staleCache };
  const { create, update, remove } = packSlices(groups, slices);
  let failure: ApiError | undefined;
  for (const group of create) {
    const reply = yield* callApi(client, { verb: "create", object: newSlice(service, group) });
    if (reply.ok) tracker.wrote(key, reply.object as EndpointSlice);
    else failure = reply.error;
  }
  for (const next of update) {
    const reply = yield* callApi(client, { verb: "update", next, part: "main" });
    if (reply.ok) tracker.wrote(key, reply.object as EndpointSlice);
    else if (reply.error.code !== 404) failure = reply.error;
  }
  for (const slice of remove) {
    const reply = yield* callApi(client, { verb: "delete", kind: "EndpointSlice", key: keyOf(slice) });
    if (reply.ok) tracker.removed(key, slice);
    else if (reply.error.code !== 404) failure = reply.error;
  }
  return failure === undefined ? "done" : { retry: failure };
}

function newSlice(service: Service, { ports, endpoints }: EndpointGroup): EndpointSlice {
  const { name, namespace } = service.metadata;
  const metadata = {
    generateName: `${name}-`,
    namespace,
    labels: {
      ...service.metadata.labels,
      "kubernetes.io/service-name": name,
      "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    },
    ownerReferences: [controllerReference(service)],
  };
  const slice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata,
    addressType: "IPv4",
    ports,
    endpoints,
  };
  return slice as unknown as EndpointSlice;
}
