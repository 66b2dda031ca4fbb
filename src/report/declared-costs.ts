import type { LogEntry } from "../apiserver/index.ts";
import type { KubeObject, ObjectKey } from "../model/index.ts";
import type { DeclaredPrices } from "../scenario/index.ts";
import type { Stretch } from "../traffic/index.ts";
import { type Endpoint, HourlyMeter, type World } from "../world/index.ts";
import type { Steps } from "./steps.ts";

const bytesPerGiB = 1_073_741_824;

/** What calls of a service carry into other zones, as long as these tables of routes stand. */
interface Crossing {
  readonly tables: readonly (readonly Endpoint[] | undefined)[];
  readonly bytesPerRequest: number;
}

export interface ItemCost {
  readonly item: string;
  readonly microUsd: number;
}

/**
 * Counts what a scenario declares prices for besides machines: control plane, load balancers, machines that stand by, and
 * bytes between zones. Of the latter: each request served calls as its software says, and a call goes to each endpoint alike.
 */
export class DeclaredCosts {
  readonly #prices: DeclaredPrices;
  readonly #world: World;
  readonly #steps: Steps;
  readonly #meters: readonly HourlyMeter[];
  readonly #loadBalancers: HourlyMeter;
  #loadBalancerCount = 0;
  readonly #crossedBytes: Float64Array;
  readonly #crossings = new Map<string, Crossing>();

  constructor(prices: DeclaredPrices, world: World, steps: Steps) {
    this.#prices = prices;
    this.#world = world;
    this.#steps = steps;
    this.#crossedBytes = new Float64Array(steps.count);
    this.#loadBalancers = new HourlyMeter("load balancers", prices.loadBalancerPerHour);
    const controlPlane = new HourlyMeter("control plane", prices.controlPlanePerHour);
    controlPlane.set(1, 0);
    const declared = [
      ...(prices.controlPlanePerHour > 0 ? [controlPlane] : []),
      ...(prices.loadBalancerPerHour > 0 ? [this.#loadBalancers] : []),
    ];
    this.#meters = declared;
  }

  onCommit({ before, after, atUs }: LogEntry): void {
    const delta = (isLoadBalancer(after) ? 1 : 0) - (isLoadBalancer(before) ? 1 : 0);
    if (delta === 0) return;
    this.#loadBalancerCount += delta;
    this.#loadBalancers.set(this.#loadBalancerCount, atUs);
  }

  onStretch({ service, external, served, fromUs, toUs }: Stretch): void {
    if (this.#prices.crossZonePerGiB === 0 || external || served === 0 || toUs <= this.#steps.fromUs) return;
    const bytes = served * this.#bytesPerRequest(service as ObjectKey);
    if (bytes > 0) this.#spread(bytes, fromUs, toUs);
  }

  /** Everything that was paid for between two instants; nothing that no price was declared for. */
  between(fromUs: number, toUs: number): ItemCost[] {
    const hourly = [...this.#meters, ...this.#world.meters].map((meter) => ({
      item: meter.item,
      microUsd: meter.costMicroUsd(fromUs, toUs),
    }));
    const { crossZonePerGiB } = this.#prices;
    if (crossZonePerGiB === 0) return hourly;
    const last = Math.floor((toUs - 1 - this.#steps.fromUs) / this.#steps.stepUs);
    let bytes = 0;
    for (let step = 0; step <= last && step < this.#crossedBytes.length; step += 1) bytes += this.#crossedBytes[step]!;
    return [...hourly, { item: "traffic between zones", microUsd: Math.ceil((bytes / bytesPerGiB) * crossZonePerGiB) }];
  }

  /** Bytes that one request of a service sends to other zones and gets from them, over all its endpoints. */
  #bytesPerRequest(service: ObjectKey): number {
    const { routes } = this.#world;
    const known = this.#crossings.get(service);
    const own = routes.believed(service) ?? [];
    const callees = this.#calledBy(own);
    const tables = [own, ...callees.map((callee) => routes.believed(callee))];
    if (
      known !== undefined &&
      known.tables.length === tables.length &&
      known.tables.every((table, at) => table === tables[at])
    )
      return known.bytesPerRequest;
    let bytes = 0;
    for (const { podUid, zone } of own)
      for (const call of this.#world.pod(podUid)?.behavior.calls ?? []) {
        if (!("service" in call.to)) continue;
        bytes +=
          call.perRequest * (call.bytes ?? 0) * shareElsewhere(routes.believed(call.to.service as ObjectKey), zone);
      }
    const bytesPerRequest = own.length === 0 ? 0 : bytes / own.length;
    this.#crossings.set(service, { tables, bytesPerRequest });
    return bytesPerRequest;
  }

  /** Services that the software behind these endpoints calls. */
  #calledBy(endpoints: readonly Endpoint[]): ObjectKey[] {
    const called = new Set<ObjectKey>();
    for (const { podUid } of endpoints)
      for (const { to } of this.#world.pod(podUid)?.behavior.calls ?? [])
        if ("service" in to) called.add(to.service as ObjectKey);
    return [...called];
  }

  /** Over the steps that the stretch touches, by time. */
  #spread(bytes: number, fromUs: number, toUs: number): void {
    const { stepUs, fromUs: startUs } = this.#steps;
    const length = toUs - fromUs;
    for (let step = Math.max(0, this.#steps.indexAt(fromUs)); step <= this.#steps.indexAt(toUs); step += 1) {
      const beginUs = startUs + step * stepUs;
      const overlapUs = Math.min(toUs, beginUs + stepUs) - Math.max(fromUs, beginUs);
      const share = length === 0 ? 1 : Math.max(0, overlapUs) / length;
      this.#crossedBytes[step]! += bytes * share;
    }
  }
}

function shareElsewhere(endpoints: readonly Endpoint[] | undefined, zone: string | undefined): number {
  if (endpoints === undefined || endpoints.length === 0) return 0;
  return endpoints.filter((endpoint) => endpoint.zone !== zone).length / endpoints.length;
}

function isLoadBalancer(object: KubeObject | undefined): boolean {
  return (
    object?.kind === "Service" &&
    (object as { readonly spec?: { readonly type?: string } }).spec?.type === "LoadBalancer"
  );
}
