import {
  addQuantities,
  compareQuantities,
  isKnownKind,
  kindInfos,
  matchesQuotaScopes,
  type Pod,
  podQuotaUsage,
  type Quantity,
  type ResourceQuota,
  subtractQuantities,
} from "../model/index.ts";
import { type ApiError, forbidden } from "./api-error.ts";
import type { NewObject } from "./request.ts";
import type { Store } from "./store.ts";

/**
 * ResourceQuota admission (v1.36): usage is charged in the quota's status before the object is stored; of an object that was
 * there `before`, what it uses more or less.
 */
export function chargeQuotas(store: Store, object: NewObject, before?: NewObject): ApiError | undefined {
  const { namespace } = object.metadata;
  if (namespace === undefined || store.count("ResourceQuota") === 0) return undefined;
  const charges: { readonly quota: ResourceQuota; readonly used: Readonly<Record<string, Quantity>> }[] = [];
  for (const quota of store.list("ResourceQuota")) {
    if (quota.metadata.namespace !== namespace || !matchesQuotaScopes(quota, object)) continue;
    const hard = quota.status?.hard ?? quota.spec.hard ?? {};
    const usage = before === undefined ? usageOf(object, store) : differenceOf(before, object, store);
    const concerned = Object.keys(usage)
      .filter((key) => hard[key] !== undefined)
      .sort();
    if (concerned.length === 0 && object.kind !== "Pod") continue;
    const missing = object.kind === "Pod" ? unspecified(object, hard) : [];
    if (missing.length > 0) {
      return forbidden(
        object.kind,
        nameOf(object),
        `failed quota: ${quota.metadata.name}: must specify ${missing.join("; ")}`,
      );
    }
    const used = { ...(quota.status?.used ?? {}) };
    const over: string[] = [];
    for (const key of concerned) {
      const after = addQuantities(used[key] ?? "0", usage[key]!);
      if (compareQuantities(usage[key]!, "0") > 0 && compareQuantities(after, hard[key]!) > 0) over.push(key);
      used[key] = after;
    }
    if (over.length > 0) {
      const list = (of: (key: string) => Quantity): string => over.map((key) => `${key}=${of(key)}`).join(",");
      const known = quota.status?.used ?? {};
      const what = `requested: ${list((key) => usage[key]!)}, used: ${list((key) => known[key] ?? "0")}, limited: ${list((key) => hard[key]!)}`;
      return forbidden(object.kind, nameOf(object), `exceeded quota: ${quota.metadata.name}, ${what}`);
    }
    if (concerned.length > 0) charges.push({ quota, used });
  }
  for (const { quota, used } of charges) store.replace(quota, { ...quota, status: { ...quota.status, used } });
  return undefined;
}

function nameOf({ metadata }: NewObject): string {
  return metadata.name ?? metadata.generateName ?? "";
}

function usageOf(object: NewObject, store: Store): Readonly<Record<string, Quantity>> {
  if (object.kind === "Pod")
    return podQuotaUsage(object as unknown as Pod, Math.floor(store.clock.epochUs(store.nowUs) / 1_000_000));
  if (!isKnownKind(object.kind)) return {};
  const { plural, group } = kindInfos[object.kind];
  return { [`count/${plural}${group === "" ? "" : `.${group}`}`]: "1", [plural]: "1" };
}

/** What the object uses more than before, or less; what stays is left out. */
function differenceOf(before: NewObject, after: NewObject, store: Store): Readonly<Record<string, Quantity>> {
  const [was, is] = [usageOf(before, store), usageOf(after, store)];
  const changed = [...new Set([...Object.keys(was), ...Object.keys(is)])].flatMap((key) => {
    const difference = subtractQuantities(is[key] ?? "0", was[key] ?? "0");
    return compareQuantities(difference, "0") === 0 ? [] : [[key, difference] as const];
  });
  return Object.fromEntries(changed);
}

/** `cpu for: a,b` for each compute resource that the quota limits and containers leave open. */
function unspecified(object: NewObject, hard: Readonly<Record<string, Quantity>>): string[] {
  const { containers, initContainers = [] } = (object as unknown as Pod).spec;
  const missing: string[] = [];
  for (const key of Object.keys(hard).sort()) {
    const [, list = "requests", resource] = /^(?:(requests|limits)\.)?(cpu|memory)$/.exec(key) ?? [];
    if (resource === undefined) continue;
    const open = [...containers, ...initContainers].filter(
      ({ resources }) => resources?.[list as "requests" | "limits"]?.[resource] === undefined,
    );
    if (open.length > 0)
      missing.push(
        `${key} for: ${open
          .map(({ name }) => name)
          .sort()
          .join(",")}`,
      );
  }
  return missing;
}
