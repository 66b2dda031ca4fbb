import type { Container, ContainerStatus, Pod, ResourceRequirements } from "./generated/api-types.ts";
import type { Quantity } from "./object-meta.ts";
import { compareQuantities } from "./quantity.ts";

export type ResourceList = Readonly<Record<string, Quantity>>;

/** What totals need of a pod. */
export interface PodWithResources {
  readonly spec: Partial<Pick<Pod["spec"], "containers" | "initContainers" | "overhead" | "resources">>;
  readonly status?: Pod["status"];
}

export interface TotalsOptions {
  readonly excludeOverhead?: boolean;
  /** Leave `spec.resources` of the pod out and sum the containers. */
  readonly skipPodLevelResources?: boolean;
  /** Count what the kubelet reports as allocated and actual: a resize in flight costs the larger of all. */
  readonly useStatusResources?: boolean;
  /** Requests of containers that name none: kube-scheduler scores with 100m of cpu and 200Mi of memory. */
  readonly missingRequests?: ResourceList;
}

/** How amounts of one resource are added and compared: exact, or as numbers. */
export interface Arithmetic<Value> {
  parse(resource: string, text: Quantity): Value;
  add(left: Value, right: Value): Value;
  less(left: Value, right: Value): boolean;
  isZero(value: Value): boolean;
}

type Totals<Value> = Map<string, Value>;

/** component-helpers' `PodRequests`. */
export function totalRequests<Value>(
  pod: PodWithResources,
  arithmetic: Arithmetic<Value>,
  options: TotalsOptions = {},
): Totals<Value> {
  const totals = aggregateContainers(pod, arithmetic, (container) => {
    const requests = requestsOf(pod, container, options);
    return options.missingRequests === undefined ? requests : { ...options.missingRequests, ...requests };
  });
  const podLevel = pod.spec.resources?.requests;
  if (options.skipPodLevelResources !== true && podLevel !== undefined) {
    overwriteSupported(totals, podLevel, arithmetic);
  }
  if (options.excludeOverhead !== true) addList(totals, pod.spec.overhead, arithmetic);
  return totals;
}

/** component-helpers' `PodLimits`: overhead counts only where there is a limit. */
export function totalLimits<Value>(
  pod: PodWithResources,
  arithmetic: Arithmetic<Value>,
  options: TotalsOptions = {},
): Totals<Value> {
  const totals = aggregateContainers(pod, arithmetic, (container) => container.resources?.limits);
  if (options.skipPodLevelResources !== true && pod.spec.resources?.limits !== undefined) {
    overwriteSupported(totals, pod.spec.resources.limits, arithmetic);
  }
  if (options.excludeOverhead !== true) {
    for (const [name, text] of Object.entries(pod.spec.overhead ?? {})) {
      const limit = totals.get(name);
      if (limit === undefined || arithmetic.isZero(limit)) continue;
      totals.set(name, arithmetic.add(limit, arithmetic.parse(name, text)));
    }
  }
  return totals;
}

/** Containers run side by side, init containers one after another beside the sidecars that started before them. */
function aggregateContainers<Value>(
  pod: PodWithResources,
  arithmetic: Arithmetic<Value>,
  listOf: (container: Container) => ResourceList | undefined,
): Totals<Value> {
  const totals: Totals<Value> = new Map();
  for (const container of pod.spec.containers ?? []) addList(totals, listOf(container), arithmetic);
  const initContainers = pod.spec.initContainers;
  if (initContainers === undefined || initContainers.length === 0) return totals;
  const sidecars: Totals<Value> = new Map();
  const peak: Totals<Value> = new Map();
  for (const container of initContainers) {
    const list = listOf(container);
    if (isSidecar(container)) {
      addList(totals, list, arithmetic);
      addList(sidecars, list, arithmetic);
      raise(peak, sidecars, arithmetic);
    } else {
      const meanwhile: Totals<Value> = new Map();
      addList(meanwhile, list, arithmetic);
      for (const [name, value] of sidecars) addTo(meanwhile, name, value, arithmetic);
      raise(peak, meanwhile, arithmetic);
    }
  }
  raise(totals, peak, arithmetic);
  return totals;
}

/** A restartable init container: it starts in its turn and stays. */
export function isSidecar(container: Pick<Container, "restartPolicy">): boolean {
  return container.restartPolicy === "Always";
}

/** Pod-level resources exist for cpu, memory and huge pages only. */
export function isPodLevelResource(name: string): boolean {
  return name === "cpu" || name === "memory" || name.startsWith("hugepages-");
}

export function hasPodLevelResources(resources: ResourceRequirements | undefined): boolean {
  return hasPodLevel(resources?.requests) || hasPodLevel(resources?.limits);
}

export function hasPodLevel(list: ResourceList | undefined): boolean {
  return list !== undefined && Object.keys(list).some(isPodLevelResource);
}

function requestsOf(pod: PodWithResources, container: Container, options: TotalsOptions): ResourceList | undefined {
  const requests = container.resources?.requests;
  if (options.useStatusResources !== true) return requests;
  const status = statusOf(pod, container);
  if (status?.resources === undefined) return requests;
  const reported = [status.resources.requests, status.allocatedResources];
  return largest(isResizeInfeasible(pod) ? reported : [requests, ...reported]);
}

function statusOf(pod: PodWithResources, container: Container): ContainerStatus | undefined {
  const regular = pod.status?.containerStatuses?.find(({ name }) => name === container.name);
  if (regular !== undefined) return regular;
  if (!isSidecar(container)) return undefined;
  return pod.status?.initContainerStatuses?.find(({ name }) => name === container.name);
}

function isResizeInfeasible(pod: PodWithResources): boolean {
  const condition = pod.status?.conditions?.find(({ type }) => type === "PodResizePending");
  return condition?.reason === "Infeasible";
}

function largest(lists: readonly (ResourceList | undefined)[]): ResourceList {
  const result: Record<string, Quantity> = {};
  for (const list of lists) {
    for (const [name, text] of Object.entries(list ?? {})) {
      const seen = result[name];
      if (seen === undefined || compareQuantities(text, seen) > 0) result[name] = text;
    }
  }
  return result;
}

function addList<Value>(totals: Totals<Value>, list: ResourceList | undefined, arithmetic: Arithmetic<Value>): void {
  for (const name in list) addTo(totals, name, arithmetic.parse(name, list[name]!), arithmetic);
}

function addTo<Value>(totals: Totals<Value>, name: string, value: Value, arithmetic: Arithmetic<Value>): void {
  const seen = totals.get(name);
  totals.set(name, seen === undefined ? value : arithmetic.add(seen, value));
}

function raise<Value>(totals: Totals<Value>, floor: Totals<Value>, arithmetic: Arithmetic<Value>): void {
  for (const [name, value] of floor) {
    const seen = totals.get(name);
    if (seen === undefined || arithmetic.less(seen, value)) totals.set(name, value);
  }
}

function overwriteSupported<Value>(totals: Totals<Value>, list: ResourceList, arithmetic: Arithmetic<Value>): void {
  for (const [name, text] of Object.entries(list)) {
    if (isPodLevelResource(name)) totals.set(name, arithmetic.parse(name, text));
  }
}
