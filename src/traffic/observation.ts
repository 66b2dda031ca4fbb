import type { LatencyShapes } from "./latency-shapes.ts";
import type { PodLoad } from "./pod-load.ts";
import type { Service } from "./service.ts";

/** How a service or a pod does at this moment. Figures of the model, not rounded. */
export interface Observation {
  /** Requests per second that arrive, every attempt counted. */
  readonly perSecond: number;
  /** In progress or waiting. */
  readonly inFlight: number;
  /** Of those, the ones in a line that grows or shrinks. */
  readonly queued: number;
  readonly p50Us: number;
  readonly p95Us: number;
  readonly p99Us: number;
  /** Share of arriving requests that will get no good answer. */
  readonly failedShare: number;
  /** Share of capacity in use, 0 to 1. */
  readonly utilization: number;
}

export function observeService(service: Service, shapes: LatencyShapes, nowUs: number): Observation {
  const { meanUs, squareUs2, patienceUs, perSecond } = service;
  let lost = 0;
  for (const link of service.links) lost += link.perSecond * (link.refusedShare + link.silentShare);
  const answering = perSecond > 0 ? 1 - lost / perSecond : 1;
  return {
    perSecond,
    inFlight: service.waiting(nowUs),
    queued: service.queued(),
    ...quantiles(shapes, meanUs, Math.max(0, squareUs2 - meanUs * meanUs), patienceUs),
    failedShare: 1 - answering * (1 - service.timedOutShare) * (1 - service.callsShare),
    utilization: service.utilization,
  };
}

/** `undefined`: the pod answers nobody. */
export function observePodLoad(load: PodLoad, shapes: LatencyShapes): Observation | undefined {
  const answering = load.members.find((member) => member.station !== undefined);
  if (answering === undefined) return undefined;
  const { service } = answering;
  const station = answering.station!;
  let perSecond = 0;
  let queued = 0;
  for (const member of load.members) {
    perSecond += member.station?.perSecond ?? 0;
    queued += member.station?.lineLength ?? 0;
  }
  return {
    perSecond,
    inFlight: load.inFlight(),
    queued,
    ...quantiles(shapes, station.meanUs, station.variance, service.patienceUs),
    failedShare: 1 - (1 - station.timedOutShare) * (1 - station.callsShare),
    utilization: Math.min(1, station.perSecond / station.capacityPerSecond),
  };
}

function quantiles(
  shapes: LatencyShapes,
  meanUs: number,
  variance: number,
  patienceUs: number,
): { readonly p50Us: number; readonly p95Us: number; readonly p99Us: number } {
  const shape = shapes.of(meanUs, variance);
  const quantile = (p: number): number => Math.min(patienceUs, shape.quantileUs(meanUs, p));
  return { p50Us: quantile(0.5), p95Us: quantile(0.95), p99Us: quantile(0.99) };
}
