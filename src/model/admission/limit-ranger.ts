import type { Container, LimitRange, LimitRangeItem, Pod } from "../generated/api-types.ts";
import { sortedEntries } from "../metadata-validation.ts";
import type { Quantity } from "../object-meta.ts";
import type { ResourceList } from "../pod-resource-totals.ts";
import { podLimitList, podRequestList } from "../pod-resources.ts";
import { value } from "../quantity.ts";
import { parseAmount, scaledValue } from "../quantity-amount.ts";

type PodSpecAndMeta = Pick<Pod, "spec" | "metadata">;

/** The pod with the range's default requests and limits, and the annotation that says so; the same pod when nothing was missing. */
export function applyLimitRange<P extends PodSpecAndMeta>(pod: P, range: Pick<LimitRange, "spec">): P {
  const defaults = containerDefaults(range);
  const notes: string[] = [];
  const containers = pod.spec.containers.map((container) => withDefaults(container, defaults, "container", notes));
  const initContainers = pod.spec.initContainers?.map((container) =>
    withDefaults(container, defaults, "init container", notes),
  );
  if (notes.length === 0) return pod;
  const annotation = { "kubernetes.io/limit-ranger": `LimitRanger plugin set: ${notes.join("; ")}` };
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations: { ...pod.metadata.annotations, ...annotation } },
    spec: { ...pod.spec, containers, ...(initContainers && { initContainers }) },
  };
}

interface Defaults {
  readonly limits: ResourceList;
  readonly requests: ResourceList;
}

function containerDefaults(range: Pick<LimitRange, "spec">): Defaults {
  const items = (range.spec?.limits ?? []).filter(({ type }) => type === "Container");
  return {
    limits: Object.assign({}, ...items.map((item) => item.default)) as ResourceList,
    requests: Object.assign({}, ...items.map((item) => item.defaultRequest)) as ResourceList,
  };
}

function withDefaults(container: Container, defaults: Defaults, noun: string, notes: string[]): Container {
  const { limits, requests } = container.resources ?? {};
  const missing = (list: ResourceList | undefined, from: ResourceList): string[] =>
    Object.keys(from)
      .filter((name) => list?.[name] === undefined)
      .sort();
  const [missingRequests, missingLimits] = [missing(requests, defaults.requests), missing(limits, defaults.limits)];
  if (missingRequests.length > 0) notes.push(`${missingRequests.join(", ")} request for ${noun} ${container.name}`);
  if (missingLimits.length > 0) notes.push(`${missingLimits.join(", ")} limit for ${noun} ${container.name}`);
  if (missingRequests.length + missingLimits.length === 0) return container;
  const resources = { ...container.resources };
  if (missingLimits.length > 0) Object.assign(resources, { limits: { ...defaults.limits, ...limits } });
  if (missingRequests.length > 0) Object.assign(resources, { requests: { ...defaults.requests, ...requests } });
  return { ...container, resources };
}

/** Complaints about a pod that breaks the range, in LimitRanger's words; overhead does not count. */
export function limitRangeErrors(pod: Pick<Pod, "spec">, range: Pick<LimitRange, "spec">): string[] {
  return (range.spec?.limits ?? []).flatMap((item) => {
    if (item.type === "Container") {
      const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
      return containers.flatMap(({ resources }) =>
        itemErrors(item, resources?.requests ?? {}, resources?.limits ?? {}),
      );
    }
    if (item.type !== "Pod") return [];
    const options = { excludeOverhead: true };
    return itemErrors(item, podRequestList(pod, options), podLimitList(pod, options));
  });
}

function itemErrors(item: LimitRangeItem, requests: ResourceList, limits: ResourceList): string[] {
  return [
    ...sortedEntries(item.min).flatMap(([name, bound]) => minErrors(item.type, name, bound, requests, limits)),
    ...sortedEntries(item.max).flatMap(([name, bound]) => maxErrors(item.type, name, bound, requests, limits)),
    ...sortedEntries(item.maxLimitRequestRatio).flatMap(([name, bound]) =>
      ratioErrors(item.type, name, bound, requests, limits),
    ),
  ];
}

const milli = (text: Quantity | undefined): bigint => (text === undefined ? 0n : scaledValue(parseAmount(text), -3));

function minErrors(
  type: string,
  name: string,
  bound: Quantity,
  requests: ResourceList,
  limits: ResourceList,
): string[] {
  const [request, limit] = [requests[name], limits[name]];
  const rule = `minimum ${name} usage per ${type} is ${bound}`;
  if (request === undefined) return [`${rule}.  No request is specified`];
  if (milli(request) < milli(bound)) return [`${rule}, but request is ${request}`];
  if (limit !== undefined && milli(limit) < milli(bound)) return [`${rule}, but limit is ${limit}`];
  return [];
}

function maxErrors(
  type: string,
  name: string,
  bound: Quantity,
  requests: ResourceList,
  limits: ResourceList,
): string[] {
  const [request, limit] = [requests[name], limits[name]];
  const rule = `maximum ${name} usage per ${type} is ${bound}`;
  if (limit === undefined) return [`${rule}.  No limit is specified`];
  if (milli(limit) > milli(bound)) return [`${rule}, but limit is ${limit}`];
  if (request !== undefined && milli(request) > milli(bound)) return [`${rule}, but request is ${request}`];
  return [];
}

function ratioErrors(
  type: string,
  name: string,
  bound: Quantity,
  requests: ResourceList,
  limits: ResourceList,
): string[] {
  const [request, limit] = [milli(requests[name]), milli(limits[name])];
  const rule = `${name} max limit to request ratio per ${type} is ${bound}`;
  if (request === 0n) return [`${rule}, but no request is specified or request is 0`];
  if (limit === 0n) return [`${rule}, but no limit is specified or limit is 0`];
  const ratio = Number(limit) / Number(request);
  const exceeds = value(bound) > 9e15 ? ratio > value(bound) : ratio * 1000 > Number(milli(bound));
  return exceeds ? [`${rule}, but provided ratio is ${ratio.toFixed(6)}`] : [];
}
