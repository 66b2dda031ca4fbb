import { type Change, type Controller, callApi, type Outcome, type Task, type View } from "../client/index.ts";
import {
  addQuantities,
  countsForQuota,
  type Kind,
  type KnownKind,
  keyOf,
  kindInfos,
  matchesQuotaScopes,
  type ObjectKey,
  type Pod,
  podQuotaUsage,
  type Quantity,
  type ResourceQuota,
  sameContent,
} from "../model/index.ts";

const client = "resourcequota-controller";
/** `--resource-quota-sync-period`. */
const resyncUs = 300_000_000;

/** Kinds of namespaced objects that a quota can count. */
const countedKinds = Object.entries(kindInfos)
  .filter(([kind, { namespaced }]) => namespaced && kind !== "Event" && kind !== "Lease" && kind !== "Pod")
  .map(([kind]) => kind as KnownKind);

/** resourcequota-controller of kube-controller-manager v1.36: counts anew whenever something may have become less. */
export const resourceQuotaController: Controller<undefined> = {
  name: client,
  workers: 5,
  memory: () => undefined,
  watches: [
    { kind: "ResourceQuota", keys: quotaKeys },
    { kind: "Pod", keys: podKeys },
    ...countedKinds
      .filter((kind) => kind !== "ResourceQuota")
      .map((kind) => ({
        kind: kind as Kind,
        keys: ({ before, after }: Change, view: View) =>
          after === undefined ? quotasOf(before!.metadata.namespace, view) : [],
      })),
  ],
  reconcile,
};

function quotaKeys({ before, after }: Change<ResourceQuota>): ObjectKey[] {
  if (after === undefined || (before !== undefined && before.spec === after.spec)) return [];
  return [keyOf(after)];
}

/** A pod that has ended or gone gives something back. */
function podKeys({ before, after }: Change<Pod>, view: View): ObjectKey[] {
  if (before === undefined || view.count("ResourceQuota") === 0) return [];
  const nowSeconds = Math.floor(view.clock.epochUs(view.nowUs) / 1_000_000);
  const freed = after === undefined || (countsForQuota(before, nowSeconds) && !countsForQuota(after, nowSeconds));
  return freed ? quotasOf(before.metadata.namespace, view) : [];
}

function quotasOf(namespace: string | undefined, view: View): ObjectKey[] {
  if (view.count("ResourceQuota") === 0) return [];
  return [...view.inNamespace("ResourceQuota", namespace ?? "")].map(keyOf);
}

function* reconcile(key: ObjectKey, view: View): Task<Outcome> {
  const quota = view.get("ResourceQuota", key);
  if (quota === undefined) return "done";
  const hard = quota.spec.hard ?? {};
  const usage = usageOf(quota, view);
  const used: Record<string, Quantity> = {};
  for (const name of Object.keys(hard)) used[name] = usage[name] ?? "0";
  const status = { hard, used };
  if (!sameContent(quota.status, status)) {
    const next = { ...quota, status } as ResourceQuota;
    const reply = yield* callApi(client, { verb: "update", next, part: "status" });
    if (!reply.ok) return { retry: reply.error };
  }
  return { requeueInUs: resyncUs };
}

/** What objects of its namespace use that are in its scopes. */
function usageOf(quota: ResourceQuota, view: View): Readonly<Record<string, Quantity>> {
  const namespace = quota.metadata.namespace ?? "";
  const usage: Record<string, Quantity> = {};
  const nowSeconds = Math.floor(view.clock.epochUs(view.nowUs) / 1_000_000);
  for (const pod of view.inNamespace("Pod", namespace)) {
    if (!matchesQuotaScopes(quota, pod)) continue;
    for (const [name, amount] of Object.entries(podQuotaUsage(pod, nowSeconds)))
      usage[name] = addQuantities(usage[name] ?? "0", amount);
  }
  for (const kind of countedKinds) {
    const count = [...view.inNamespace(kind, namespace)].filter((object) => matchesQuotaScopes(quota, object)).length;
    if (count === 0) continue;
    const { plural, group } = kindInfos[kind];
    usage[`count/${plural}${group === "" ? "" : `.${group}`}`] = `${count}`;
    usage[plural] = `${count}`;
  }
  return usage;
}
