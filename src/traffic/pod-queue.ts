import { stepUs } from "./delay-line.ts";
import type { LatencyShapes } from "./latency-shapes.ts";
import { balancedSlackUs, PatienceLimit } from "./patience-limit.ts";
import { Station } from "./station.ts";
import type { StationClass } from "./station-class.ts";
import type { WaitingLine } from "./waiting-line.ts";

/** Calls that fail within this time fail at once. */
export const lateUs = 1_000;
const slowUs = 1_000_000;

/** What one request meets in a pod, its calls included. */
interface Stay {
  /** On the CPU. */
  readonly serviceUs: number;
  /** Off the CPU, whatever comes of it, and when all calls are answered. */
  readonly awayUs: number;
  readonly answerUs: number;
  /** Of the time from being taken up to a good answer. */
  readonly variance: number;
  /** Chance that all calls are answered. */
  readonly success: number;
}

/** How requests fare in the pods of a class, from what reaches them, what they can use, and how their calls do. */
export class PodQueue {
  readonly #shapes: LatencyShapes;
  readonly #station = new Station();
  readonly #limit = new PatienceLimit();

  constructor(shapes: LatencyShapes) {
    this.#shapes = shapes;
  }

  /** Sets the figures of `station`. Callers leave after `patienceUs`. */
  evaluate(station: StationClass, patienceUs: number): void {
    const { work, line, perSecond } = station;
    const { cpuUs, slots } = work;
    let awayUs = work.waitUs;
    let answerUs = work.waitUs;
    let variance = work.waitVariance;
    let success = 1;
    let failures = 0;
    let failuresAfter = 0;
    for (const { link, perRequest } of work.calls) {
      if (link.closesCircle) continue;
      const whole = Math.floor(perRequest);
      const part = perRequest - whole;
      awayUs += perRequest * link.holdUs;
      answerUs += perRequest * link.answerUs;
      variance += perRequest * link.answerVariance + part * (1 - part) * link.answerUs * link.answerUs;
      if (link.failedShare === 0) continue;
      for (let call = 0; call < whole; call += 1) success *= 1 - link.failedShare;
      success *= 1 - part * link.failedShare;
      failures += perRequest * link.failedShare;
      failuresAfter += perRequest * link.failedShare * link.failedAfterUs;
    }
    station.callsShare = 1 - success;
    station.callsAfterUs = failures > 0 ? failuresAfter / failures : 0;
    const cores = station.reachMillicores / 1000;
    const onCpuUs = cores > 0 && cores < 1 ? cpuUs / cores : cpuUs;
    const holdUs = onCpuUs + awayUs;
    const stayVariance = onCpuUs * onCpuUs + variance;
    const variation = holdUs > 0 ? stayVariance / (holdUs * holdUs) : 1;
    this.#station.evaluate({ perSecond, cpuUs, cores, awayUs, slots, variation });
    const { serviceUs, capacityPerSecond } = this.#station;
    station.capacityPerSecond = capacityPerSecond;
    const stay: Stay = { serviceUs, awayUs, answerUs, variance: stayVariance, success };
    if (line === undefined) this.#steady(station, stay, patienceUs);
    else this.#inLine(station, line, stay, patienceUs);
  }

  #steady(station: StationClass, stay: Stay, patienceUs: number): void {
    const { waitUs, waitShare } = this.#station;
    const { perSecond } = station;
    const { serviceUs, awayUs, answerUs, success } = stay;
    // With some chance a wait, and then an exponential one.
    const waitVariance = waitShare > 0 ? waitUs * waitUs * (2 / waitShare - 1) : 0;
    station.waitUs = waitUs;
    station.meanUs = serviceUs + answerUs + waitUs;
    station.variance = stay.variance + waitVariance;
    const shape = this.#shapes.of(station.meanUs, station.variance);
    station.shape = shape;
    const late = 1 - shape.shareBelow(station.meanUs, patienceUs);
    // Callers who leave shorten the wait of those who stay: exact for M/M/1, where everybody late has waited.
    const left = late < 1e-9 ? 0 : ((1 - waitShare) * late) / (1 - waitShare * late);
    station.timedOutShare = left;
    station.takenPerSecond = perSecond;
    const busyUs = Math.min(serviceUs + awayUs + waitUs, patienceUs);
    station.inFlight = (perSecond * busyUs) / 1e6;
    station.inFlightWell =
      success === 1 ? station.inFlight : (perSecond * success * Math.min(station.meanUs, patienceUs)) / 1e6;
    station.workMillicores = (perSecond * station.work.cpuUs * (1 - left * waitShare)) / 1000;
    station.slowShare = patienceUs <= slowUs ? left : 1 - shape.shareBelow(station.meanUs, slowUs);
  }

  /** All that a pod can use is in use: the line before it says how long requests wait, its capacity how many come out. */
  #inLine(station: StationClass, line: WaitingLine, stay: Stay, patienceUs: number): void {
    const { perSecond, capacityPerSecond, work } = station;
    const { serviceUs, awayUs, answerUs, success } = stay;
    const stayUs = serviceUs + answerUs;
    const shape = this.#shapes.of(stayUs, stay.variance);
    const answered = (us: number): number => shape.shareBelow(stayUs, us);
    const cores = Math.min(station.reachMillicores / 1000, work.slots);
    const cpuPerSecond = work.cpuUs > 0 ? Math.max(capacityPerSecond, (cores * 1e6) / work.cpuUs) : Number.MAX_VALUE;
    const cpu = { capacityPerSecond: cpuPerSecond, holdUs: serviceUs };
    const slots = { capacityPerSecond, holdUs: serviceUs + awayUs };
    const cpuFirst = serviceUs > 0 && balancedSlackUs(perSecond, cpu) < balancedSlackUs(perSecond, slots);
    const cpuBound = serviceUs > 0 && capacityPerSecond > 0.99 * cpuPerSecond;
    const tight = cpuFirst || cpuBound ? cpu : slots;
    const limit = this.#limit;
    const flooded = perSecond > Math.min(capacityPerSecond, tight.capacityPerSecond);
    if (flooded) limit.compute(perSecond, tight, patienceUs, answered);
    const limitPerSecond = flooded ? perSecond * limit.servedShare : capacityPerSecond;
    const exponential = this.#shapes.of(1, 1);
    station.terms = {
      capacityPerSecond,
      patienceUs,
      limitPerSecond,
      limitLatencyUs: patienceUs - limit.slackUs / 2,
      serviceUs: stayUs,
      success: answered,
      cost: (us) => exponential.shareBelow(tight.holdUs, us),
      nearUs: Math.min(stepUs, patienceUs / 2),
    };
    const waitUs = Math.min(patienceUs, (line.total * 1e6) / capacityPerSecond);
    const timesOut = line.timedOutShare > 0;
    station.waitUs = waitUs;
    station.meanUs = Math.min(patienceUs, waitUs + stayUs);
    station.slotVariance = stay.variance;
    station.variance = stay.variance;
    station.timedOutShare = line.timedOutShare;
    const coming = perSecond + (line.total * 1e6) / stepUs;
    station.takenPerSecond = Math.min(coming, timesOut ? Math.min(perSecond, cpuPerSecond) : capacityPerSecond);
    station.inFlight = Math.min(work.slots, (station.takenPerSecond * (serviceUs + awayUs)) / 1e6);
    const failsLate = success < 1 && station.callsAfterUs >= lateUs;
    station.inFlightWell = failsLate ? station.inFlight * success : station.inFlight;
    const unhindered = work.cpuUs > 0 ? (work.slots * work.cpuUs) / (work.cpuUs + awayUs) : 0;
    station.workMillicores = 1000 * Math.max(unhindered, (station.takenPerSecond * work.cpuUs) / 1e6);
    station.slowShare = 1 - shape.shareBelow(stayUs, slowUs - waitUs);
  }
}
