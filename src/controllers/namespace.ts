import type { ApiError } from "../apiserver/index.ts";
import { all, type Change, type Controller, callApi, type Outcome, type Task, type View } from "../client/index.ts";
import {
  isNamespaced,
  type Kind,
  type KubeObject,
  keyOf,
  type Namespace,
  type NamespaceCondition,
  nameOf,
  type ObjectKey,
  type Pod,
  resourceName,
  withCondition,
} from "../model/index.ts";

const client = "namespace-controller";
/** So long a namespace that is to go is left alone before the first pass, and between passes. */
const graceUs = 5_000_000;

/** After the pods, in the order in which kube-controller-manager v1.36 discovers them. */
const orderedKinds: readonly Kind[] = [
  "ResourceQuota",
  "HorizontalPodAutoscaler",
  "PodDisruptionBudget",
  "ConfigMap",
  "Secret",
  "Service",
  "ReplicaSet",
  "Deployment",
  "DaemonSet",
  "Job",
  "ControllerRevision",
  "CronJob",
  "EndpointSlice",
  "ServiceAccount",
  "StatefulSet",
  "PersistentVolumeClaim",
  "ReplicationController",
  "LimitRange",
];

/** namespace-controller of kube-controller-manager v1.36 for objects of `kinds`: pods go first, everything else once they are gone. */
export function namespaceController(kinds: readonly Kind[]): Controller<undefined> {
  const later = contentKinds(kinds);
  return {
    name: client,
    workers: 10,
    retries: { baseUs: 5_000, maxUs: 60_000_000, bucket: { perSecond: 10, burst: 100 } },
    memory: () => undefined,
    watches: [
      {
        kind: "Namespace",
        keys: ({ after }: Change<Namespace>) => (after?.metadata.deletionTimestamp === undefined ? [] : [keyOf(after)]),
        delayUs: () => graceUs,
      },
      ...later.map((kind) => ({ kind, keys: () => [] })),
    ],
    reconcile: (key, view) => reconcile(key, view, later),
  };
}

/** What a namespace holds besides pods, the known order first. */
function contentKinds(kinds: readonly Kind[]): Kind[] {
  const others = kinds.filter((kind) => isNamespaced(kind) && kind !== "Pod" && !orderedKinds.includes(kind));
  return [...orderedKinds.filter((kind) => kinds.includes(kind)), ...others];
}

function* reconcile(key: ObjectKey, view: View, kinds: readonly Kind[]): Task<Outcome> {
  const namespace = view.get("Namespace", key);
  if (namespace?.metadata.deletionTimestamp === undefined) return "done";
  const name = nameOf(key);
  const pods = [...view.inNamespace("Pod", name)];
  const failures = yield* deleteAll(pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined));
  if (pods.length > 0) {
    const error = yield* report(namespace, [], view);
    if (error !== undefined || failures !== undefined) return { retry: (error ?? failures)! };
    return { requeueInUs: waitUs(pods) };
  }
  const remaining: KubeObject[] = [];
  for (const kind of kinds) {
    const objects = [...view.inNamespace(kind, name)];
    const error = yield* deleteAll(objects.filter(({ metadata }) => metadata.deletionTimestamp === undefined));
    if (error !== undefined) return { retry: error };
    for (const object of objects) if ((object.metadata.finalizers ?? []).length > 0) remaining.push(object);
  }
  if (remaining.length > 0) {
    yield* report(namespace, remaining, view);
    return { requeueInUs: graceUs };
  }
  const change = (stored: Namespace): Namespace => ({ ...stored, spec: { ...stored.spec, finalizers: [] } });
  const reply = yield* callApi(client, { verb: "patch", kind: "Namespace", key, part: "main", change });
  return reply.ok || reply.error.code === 404 ? "done" : { retry: reply.error };
}

/** Half of the longest grace that is left, and a second. */
function waitUs(pods: readonly Pod[]): number {
  const grace = Math.max(
    ...pods.map(
      ({ spec, metadata }) => metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30,
    ),
  );
  return (Math.floor(grace / 2) + 1) * 1_000_000;
}

function* deleteAll(objects: readonly KubeObject[]): Task<ApiError | undefined> {
  const errors = yield* all(objects.map(deleteOne));
  return errors.find((error) => error !== undefined);
}

function* deleteOne({ kind, metadata }: KubeObject): Task<ApiError | undefined> {
  const options = { propagationPolicy: "Background" } as const;
  const reply = yield* callApi(client, { verb: "delete", kind, key: keyOf({ metadata }), options });
  return reply.ok || reply.error.code === 404 ? undefined : reply.error;
}

/** What the namespace says while it goes: five conditions, in upstream's words. */
function* report(namespace: Namespace, remaining: readonly KubeObject[], view: View): Task<ApiError | undefined> {
  const lastTransitionTime = view.clock.time(view.nowUs);
  let conditions: readonly NamespaceCondition[] = namespace.status?.conditions ?? [];
  const say = (type: string, status: string, reason: string, message: string): void => {
    conditions = withCondition(conditions, { type, status, reason, message, lastTransitionTime });
  };
  say("NamespaceDeletionDiscoveryFailure", "False", "ResourcesDiscovered", "All resources successfully discovered");
  say(
    "NamespaceDeletionGroupVersionParsingFailure",
    "False",
    "ParsedGroupVersions",
    "All legacy kube types successfully parsed",
  );
  const done = "All content successfully deleted, may be waiting on finalization";
  say("NamespaceDeletionContentFailure", "False", "ContentDeleted", done);
  if (remaining.length === 0) {
    say("NamespaceContentRemaining", "False", "ContentRemoved", "All content successfully removed");
    const finished = "All content-preserving finalizers finished";
    say("NamespaceFinalizersRemaining", "False", "ContentHasNoFinalizers", finished);
  } else {
    const left = `Some resources are remaining: ${tally(remaining.map(resourceOf), "has", "resource instances")}`;
    say("NamespaceContentRemaining", "True", "SomeResourcesRemain", left);
    const finalizers = remaining.flatMap(({ metadata }) => metadata.finalizers ?? []);
    const held = `Some content in the namespace has finalizers remaining: ${tally(finalizers, "in", "resource instances")}`;
    say("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", held);
  }
  if (conditions === namespace.status?.conditions) return undefined;
  const next = { ...namespace, status: { ...namespace.status, conditions } } as Namespace;
  const reply = yield* callApi(client, { verb: "update", next, part: "status" });
  return reply.ok || reply.error.code === 404 ? undefined : reply.error;
}

/** `configmaps. has 2 resource instances`, sorted, joined by commas. */
function tally(names: readonly string[], verb: string, what: string): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .map(([name, count]) => `${name} ${verb} ${count} ${what}`)
    .sort()
    .join(", ");
}

/** `pods.`, `deployments.apps`: plural and group, with the dot even where the group is empty. */
function resourceOf({ apiVersion, kind }: KubeObject): string {
  const name = resourceName(kind, apiVersion);
  return apiVersion.includes("/") ? name : `${name}.`;
}
