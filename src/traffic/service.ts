import { mean } from "../sim/index.ts";
import type { Behavior, External, RunningPod } from "../world/index.ts";
import { DelayLine } from "./delay-line.ts";
import type { LatencyShapes } from "./latency-shapes.ts";
import type { Link, View } from "./link.ts";
import type { PodLoad } from "./pod-load.ts";
import { lateUs, type PodQueue } from "./pod-queue.ts";
import { StationClass, type Work } from "./station-class.ts";
import { Ledger, type Stretch } from "./stretch.ts";
import { type LineStep, WaitingLine } from "./waiting-line.ts";

/** A pod's place behind a service. */
export interface Member {
  readonly service: Service;
  readonly load: PodLoad;
  readonly pod: RunningPod;
  /** Which views send to it; "" when it only finishes its line. */
  seenBy: string;
  /** Where it is computed; `undefined` while nobody there answers. */
  station: StationClass | undefined;
  /** Shared with equal pods. */
  line: WaitingLine | undefined;
}

/** What all services of a run share: scratch space and tables. */
export interface Tools {
  readonly shapes: LatencyShapes;
  readonly queue: PodQueue;
  readonly step: LineStep;
}

/** One service, or one external: who asks it, who answers, how that goes, and the account of its requests. */
export class Service {
  readonly name: string;
  readonly external: External | undefined;
  readonly ledger: Ledger;
  readonly links: Link[] = [];
  /** Links to what its pods call. */
  readonly calls: Link[] = [];
  readonly members = new Map<RunningPod, Member>();
  stations: StationClass[] = [];
  /** Place in the order of calls: callers come before what they call. */
  rank = 0;
  queuedForLoad = false;
  queuedForEvaluation = false;
  /** Routes or pods changed: who answers has to be found out again. */
  stale = true;
  /** Reaches or lines changed: pods have to be put into classes again. */
  regroup = true;
  /** A step, or a change of `lateCalls`, stands on the agenda for this instant. */
  agendaUs = Number.POSITIVE_INFINITY;
  /** All attempts that arrive, per second. */
  perSecond = 0;
  /** Over all answering pods, weighted by their requests: time to a good answer and its second moment. */
  meanUs = 0;
  squareUs2 = 0;
  timedOutShare = 0;
  callsShare = 0;
  callsAfterUs = 0;
  utilization = 0;
  /** Mean time-out of those who ask. */
  patienceUs = Number.POSITIVE_INFINITY;
  /** How it looks from the places that ask it. */
  views: readonly View[] = [];
  readonly works = new WeakMap<Behavior, Work>();
  readonly knownWorks: Work[] = [];
  readonly #tools: Tools;
  /** Requests whose call will fail, on their way to that. */
  readonly #lateCalls = new DelayLine();
  #lateCallsTimeOut = false;
  #sinceUs: number;

  constructor(name: string, external: External | undefined, nowUs: number, tools: Tools) {
    this.name = name;
    this.external = external;
    this.ledger = new Ledger(name, external !== undefined, nowUs);
    this.#sinceUs = nowUs;
    this.#tools = tools;
    if (external !== undefined) this.#openExternal(external);
  }

  /** A line, or a demand above capacity: has to be integrated step by step. */
  get live(): boolean {
    for (const { line } of this.stations) if (line !== undefined) return true;
    return false;
  }

  /** Requests waiting or in progress, as an amount. */
  waiting(nowUs: number): number {
    let sum = this.#lateCalls.empty ? 0 : this.#lateCalls.pending(nowUs);
    for (const station of this.stations) sum += station.count * (station.inFlightWell + station.lineLength);
    for (const link of this.links) sum += link.unanswered(nowUs);
    return sum;
  }

  /** Requests in line, as an amount. */
  queued(): number {
    let sum = 0;
    for (const station of this.stations) sum += station.count * station.lineLength;
    return sum;
  }

  /** Accounts for the time since the last call at the rates of that time. Comes before any change. */
  settle(nowUs: number): void {
    const sinceUs = this.#sinceUs;
    if (nowUs === sinceUs) return;
    const seconds = (nowUs - sinceUs) / 1e6;
    const { ledger } = this;
    ledger.arrived += this.perSecond * seconds;
    ledger.busyUs += this.utilization * (nowUs - sinceUs);
    for (const link of this.links) {
      const refused = link.perSecond * link.refusedShare * seconds + link.cutOff(sinceUs, nowUs);
      const timedOut = link.silentTimedOut(sinceUs, nowUs);
      ledger.refused += refused;
      ledger.timedOut += timedOut;
      if (link.flow !== undefined) {
        ledger.usersArrived += link.freshPerSecond * seconds;
        ledger.usersFailed += (refused + timedOut) * link.lastShare;
      }
      link.settle(nowUs);
    }
    const failedBefore = ledger.timedOut + ledger.calls;
    if (!this.#lateCalls.empty) {
      const late = this.#lateCalls.amount(sinceUs, nowUs);
      if (this.#lateCallsTimeOut) ledger.timedOut += late;
      else ledger.calls += late;
      this.#lateCalls.settle(nowUs);
    }
    for (const station of this.stations) this.#settleStation(station, sinceUs, nowUs, seconds);
    const failed = ledger.timedOut + ledger.calls - failedBefore;
    if (failed > 0) ledger.usersFailed += failed * this.#lastUsersShare();
    this.#sinceUs = nowUs;
  }

  /** Of the attempts that fail at its pods, those after which a user is told that it failed. */
  #lastUsersShare(): number {
    let all = 0;
    let last = 0;
    for (const link of this.links) {
      // Where nobody gets through any more, what is left is everybody's.
      const weight = link.perSecond * link.answeredShare + 1e-9;
      all += weight;
      if (link.flow !== undefined) last += weight * link.lastShare;
    }
    return all > 0 ? last / all : 0;
  }

  /** Ends the present stretch. */
  closeStretch(nowUs: number): Stretch {
    const waiting = this.waiting(nowUs);
    let users = 0;
    let unanswered = 0;
    for (const link of this.links) unanswered += link.unanswered(nowUs);
    for (const link of this.links) {
      if (link.flow === undefined) continue;
      const share = this.perSecond > 0 ? link.perSecond / this.perSecond : 1 / this.links.length;
      users += link.unanswered(nowUs) + link.backingOff(nowUs) + (waiting - unanswered) * share;
    }
    return this.ledger.close(nowUs, waiting, users);
  }

  /** Attempts per second from all links, and what reaches each class of pods. */
  computeLoad(nowUs: number): void {
    let sum = 0;
    let patience = 0;
    for (const view of this.views) view.perSecond = 0;
    for (const link of this.links) {
      link.computeLoad(nowUs);
      sum += link.perSecond;
      patience += link.perSecond * link.patience.timeoutUs;
      for (const { view, share } of link.parts) view.perSecond += link.perSecond * share;
    }
    this.perSecond = sum;
    if (sum > 0) this.patienceUs = patience / sum;
    else if (this.links.length > 0) this.patienceUs = this.links[0]!.patience.timeoutUs;
    for (const station of this.stations) station.perSecond = this.#rateOf(station);
  }

  /** Puts answering pods into classes. */
  group(reachOf: (member: Member) => number): void {
    this.regroup = false;
    if (this.external !== undefined) return;
    const stations: StationClass[] = [];
    const before = new Set<WaitingLine>();
    for (const member of this.members.values()) {
      if (member.station === undefined) continue;
      const reach = reachOf(member);
      const work = this.works.get(member.pod.currentBehavior)!;
      let found: StationClass | undefined;
      for (const station of stations) {
        const alike = station.work === work && station.reachMillicores === reach && station.seenBy === member.seenBy;
        if (alike && station.members[0]!.line === member.line) {
          found = station;
          break;
        }
      }
      if (found === undefined) {
        found = new StationClass(work, reach, member.seenBy);
        found.line = member.line;
        found.timedOutShare = member.station.timedOutShare;
        found.perSecond = this.#rateOf(found);
        stations.push(found);
      }
      found.members.push(member);
      found.count += 1;
      member.station = found;
    }
    for (const station of stations) {
      if (station.line === undefined) continue;
      if (before.has(station.line)) {
        station.line = station.line.copy();
        for (const member of station.members) member.line = station.line;
      }
      before.add(station.line);
    }
    this.stations = stations;
  }

  /** How requests fare from now on. */
  evaluate(nowUs: number): void {
    let rate = 0;
    let weights = 0;
    let mean = 0;
    let square = 0;
    let timedOut = 0;
    let calls = 0;
    let callsAfter = 0;
    let capacity = 0;
    let late = 0;
    for (const station of this.stations) {
      this.#evaluateStation(station, nowUs);
      const { count, perSecond } = station;
      const weight = count * (perSecond > 0 ? perSecond : 1e-9);
      rate += count * perSecond;
      weights += weight;
      mean += weight * station.meanUs;
      square += weight * (station.meanUs * station.meanUs + station.variance);
      timedOut += weight * station.timedOutShare;
      calls += weight * station.callsShare;
      callsAfter += weight * station.callsShare * station.callsAfterUs;
      capacity += count * station.capacityPerSecond;
      if (station.callsAfterUs >= lateUs) late += count * station.takenPerSecond * station.callsShare;
      if (station.line !== undefined) rate += count * station.capacityPerSecond;
    }
    this.meanUs = weights > 0 ? mean / weights : 0;
    this.squareUs2 = weights > 0 ? square / weights : 0;
    this.timedOutShare = weights > 0 ? timedOut / weights : 0;
    this.callsShare = weights > 0 ? calls / weights : 0;
    this.callsAfterUs = calls > 0 ? callsAfter / calls : 0;
    this.utilization = capacity > 0 ? Math.min(1, rate / capacity) : 0;
    this.#lateCallsTimeOut = this.callsAfterUs >= this.patienceUs;
    this.#lateCalls.setInflow(nowUs, late, Math.round(Math.min(this.callsAfterUs, this.patienceUs)));
  }

  /** Calls per second that its pods make over one link. */
  callsPerSecond(link: Link): number {
    let sum = 0;
    for (const { count, takenPerSecond, work } of this.stations) {
      for (const call of work.calls) if (call.link === link) sum += count * takenPerSecond * call.perRequest;
    }
    return sum;
  }

  #openExternal({ latency, connections }: External): void {
    const waitUs = mean(latency);
    // A lognormal's second moment over its squared mean is its mean over its median, squared.
    const spread = latency.medianUs > 0 ? waitUs / latency.medianUs : 1;
    const variation = spread * spread - 1;
    const work: Work = {
      cpuUs: 0,
      waitUs,
      waitVariance: variation * waitUs * waitUs,
      slots: connections,
      calls: [],
    };
    const station = new StationClass(work, 0, "0");
    station.count = 1;
    this.stations = [station];
  }

  /** Requests per second that reach each pod of a class. */
  #rateOf(station: StationClass): number {
    if (this.external !== undefined) return this.perSecond;
    let sum = 0;
    for (const view of this.views) {
      if (view.endpoints > 0 && station.seenBy.includes(view.mark)) sum += view.perSecond / view.endpoints;
    }
    return sum;
  }

  #settleStation(station: StationClass, sinceUs: number, nowUs: number, seconds: number): void {
    const { ledger } = this;
    const { count, line } = station;
    if (line === undefined) {
      const taken = count * station.perSecond * seconds;
      if (taken === 0) return;
      const well = taken * (1 - station.callsShare);
      if (station.callsShare > 0 && station.callsAfterUs < lateUs) ledger.calls += taken * station.callsShare;
      ledger.timedOut += well * station.timedOutShare;
      const served = well * (1 - station.timedOutShare);
      station.shape!.spread(ledger.latency, station.meanUs, served, this.patienceUs);
      return;
    }
    const { shapes, step } = this.#tools;
    line.push((sinceUs + nowUs) / 2, station.perSecond * seconds);
    line.serve(nowUs, seconds, station.terms!, step);
    ledger.timedOut += count * step.timedOut;
    if (step.served <= 0) return;
    if (station.callsAfterUs < lateUs) ledger.calls += count * step.served * station.callsShare;
    const meanUs = step.latencyUs / step.served;
    const served = count * step.served * (1 - station.callsShare);
    shapes.of(meanUs, station.slotVariance).spread(ledger.latency, meanUs, served, this.patienceUs);
  }

  #evaluateStation(station: StationClass, nowUs: number): void {
    const { queue } = this.#tools;
    const beforeUs = station.waitUs;
    const beforePerSecond = station.takenPerSecond;
    queue.evaluate(station, this.patienceUs);
    if (station.line === undefined) {
      if (station.perSecond <= station.capacityPerSecond) return;
      // Who waited already is the beginning of the line.
      const line = new WaitingLine();
      line.push(nowUs - beforeUs / 2, (beforePerSecond * beforeUs) / 1e6);
      this.#setLine(station, line);
    } else {
      if (station.perSecond > station.capacityPerSecond || station.line.total > 1e-3) return;
      this.#setLine(station, undefined);
    }
    queue.evaluate(station, this.patienceUs);
  }

  #setLine(station: StationClass, line: WaitingLine | undefined): void {
    station.line = line;
    for (const member of station.members) member.line = line;
    if (this.stations.length > 1) this.regroup = true;
    if (station.seenBy === "" && line === undefined) this.stale = true; // It has finished what it had.
  }
}
