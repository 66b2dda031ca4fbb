import type { Uid } from "../model/index.ts";
import { assert, type EventLoop, EventQueue, handler, phase, type Sequence } from "../sim/index.ts";
import {
  type Behavior,
  type Machine,
  type RunningContainer,
  type RunningPod,
  sharedDomain,
  type World,
  type WorldChange,
} from "../world/index.ts";
import { linkBetween, rankServices } from "./call-graph.ts";
import { meanOver, nextBreakAfter } from "./curve.ts";
import { nextStepFrom } from "./delay-line.ts";
import { LatencyShapes } from "./latency-shapes.ts";
import { Link } from "./link.ts";
import { MachineReach, roundedReach } from "./machine-reach.ts";
import { findMembers, type Pods } from "./membership.ts";
import type { EntryFlow, TrafficPlan } from "./plan.ts";
import { type IdleCpu, PodLoad } from "./pod-load.ts";
import { PodQueue } from "./pod-queue.ts";
import { RankQueue } from "./rank-queue.ts";
import { type Member, Service, type Tools } from "./service.ts";
import type { Work } from "./station-class.ts";
import type { Stretch } from "./stretch.ts";

/** Who hears of traffic. */
export interface TrafficSinks {
  /** A stretch of a service has ended; the record is used again after the call. */
  stretch?(stretch: Stretch): void;
  /** The share of slow requests in a pod (`pod.slowShare`) has moved by a hundredth or more, or to or from 0. */
  slow?(pod: RunningPod): void;
}

export interface TrafficOptions {
  /** What a container uses without requests, in millicores; behaviors that leave it open are resolved by the caller. */
  readonly idleCpu: IdleCpu;
  /** Small changes (curves, steps) closer together than this share one stretch. Default: a second. */
  readonly shortestStretchUs?: number;
}

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

/** Rounds of one instant: loads and latencies, demands and CPU shares settle in two or three; what is left waits a step. */
const mostRounds = 4;
/** Changes smaller than this share are not passed on: at first, and in later rounds of the same instant. */
const fineShare = 1e-9;
const coarseShare = 1e-3;
const leakBeatUs = 15_000_000;

interface FlowState {
  readonly flow: EntryFlow;
  readonly link: Link;
}

/**
 * The request model. It follows the world and the curves, and at every instant at which one of its inputs changes
 * recomputes what that touches: loads from callers to callees, latencies and errors from callees to callers, then what
 * pods demand of CPU and memory. Between such instants everything is constant, so counts are products.
 */
export class Traffic {
  readonly #loop: EventLoop;
  readonly #world: World;
  readonly #plan: TrafficPlan;
  readonly #sinks: TrafficSinks;
  readonly #idleCpu: IdleCpu;
  readonly #shortestStretchUs: number;
  readonly #tools: Tools;
  readonly #reach = new MachineReach();
  readonly #services = new Map<string, Service>();
  readonly #externals = new Map<string, Service>();
  readonly #loads = new Map<RunningPod, PodLoad>();
  readonly #membersOn = new Map<Machine, Set<Member>>();
  /** Gone pods that some table still believes in. */
  readonly #ghosts = new Map<Uid, RunningPod>();
  readonly #toLoad = new RankQueue("queuedForLoad");
  readonly #toEvaluate = new RankQueue("queuedForEvaluation");
  readonly #stale = new Set<Service>();
  #touched: PodLoad[] = [];
  /** Services whose stretch ends at this instant, whatever its length. */
  readonly #cutNow = new Set<Service>();
  /** Own instants: curve breaks, time-outs that come due, steps, leaks. */
  readonly #agenda = new EventQueue();
  #wakeAtUs = Number.POSITIVE_INFINITY;
  #wake: Sequence | undefined;
  #working = false;
  #ranked = false;
  #coarse = false;
  readonly #pods: Pods = {
    find: (uid) => this.#world.pod(uid) ?? this.#ghosts.get(uid),
    load: (pod) => this.#loadOf(pod),
    joined: (member) => this.#joined(member),
    left: (member) => this.#left(member),
  };
  readonly #fire = handler("traffic", () => this.#work());
  readonly #flowDue = handler("traffic/curve", (state: FlowState) => this.#nextPiece(state));
  readonly #linkDue = handler("traffic/time-outs", (link: Link) => this.#linkChanged(link));
  readonly #serviceDue = handler("traffic/step", (service: Service) => this.#stepDue(service));
  readonly #leakDue = handler("traffic/leak", (load: PodLoad) => this.#leak(load));

  constructor(loop: EventLoop, world: World, plan: TrafficPlan, sinks: TrafficSinks, options: TrafficOptions) {
    const shapes = new LatencyShapes();
    this.#tools = { shapes, queue: new PodQueue(shapes), step: { served: 0, timedOut: 0, latencyUs: 0 } };
    this.#loop = loop;
    this.#world = world;
    this.#plan = plan;
    this.#sinks = sinks;
    this.#idleCpu = options.idleCpu;
    this.#shortestStretchUs = options.shortestStretchUs ?? 1_000_000;
    for (const flow of plan.flows) {
      const target = this.#service(flow.to);
      const link = new Link(flow, target, flow);
      target.links.push(link);
      this.#agenda.push(loop.nowUs, 0, this.#flowDue, { flow, link });
    }
    for (const pod of world.pods()) this.#podStarted(pod);
    world.onChange((change) => this.#note(change));
    this.#wakeBy(loop.nowUs);
  }

  /** Services that get requests, externals included, in the order in which they were first asked. */
  services(): readonly string[] {
    return [...this.#services.keys(), ...this.#externals.keys()];
  }

  /** How a service (`namespace/name`) or an external does now; `undefined`: nobody asks it. */
  observe(name: string): Observation | undefined {
    const service = this.#services.get(name) ?? this.#externals.get(name);
    if (service === undefined) return undefined;
    const variance = Math.max(0, service.squareUs2 - service.meanUs * service.meanUs);
    let refused = 0;
    let silent = 0;
    for (const link of service.links) {
      refused += link.perSecond * link.refusedShare;
      silent += link.perSecond * link.silentShare;
    }
    const lost = service.perSecond > 0 ? (refused + silent) / service.perSecond : 0;
    const good = (1 - lost) * (1 - service.timedOutShare) * (1 - service.callsShare);
    return {
      perSecond: service.perSecond,
      inFlight: service.waiting(this.#loop.nowUs),
      queued: service.queued(),
      ...this.#quantiles(service.meanUs, variance, service.patienceUs),
      failedShare: 1 - good,
      utilization: service.utilization,
    };
  }

  /** How one pod does now, over all services that route to it; `undefined`: it answers nobody. */
  observePod(pod: RunningPod): Observation | undefined {
    const load = this.#loads.get(pod);
    const station = load?.members.find((member) => member.station !== undefined)?.station;
    if (load === undefined || station === undefined) return undefined;
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
      ...this.#quantiles(station.meanUs, station.variance, load.members[0]!.service.patienceUs),
      failedShare: 1 - (1 - station.timedOutShare) * (1 - station.callsShare),
      utilization: Math.min(1, station.perSecond / station.capacityPerSecond),
    };
  }

  /** Ends all stretches now: at the end of a run, or when somebody wants exact counts up to this instant. */
  settle(): void {
    const nowUs = this.#loop.nowUs;
    for (const service of this.#services.values()) this.#closeStretch(service, nowUs);
    for (const service of this.#externals.values()) this.#closeStretch(service, nowUs);
  }

  // ---- what the world tells -------------------------------------------------------------------------------------

  #note(change: WorldChange): void {
    switch (change.what) {
      case "pod-started":
        this.#podStarted(change.pod);
        break;
      case "container-started":
        this.#containerStarted(change.pod, change.container);
        break;
      case "container-stopped":
        this.#podChanged(change.pod);
        break;
      case "pod-accepting":
        if (change.pod.accepting) this.#loadOf(change.pod).startedUp = true;
        this.#podChanged(change.pod);
        break;
      case "pod-gone":
        this.#podGone(change.pod);
        break;
      case "routes": {
        const service = this.#services.get(change.service);
        if (service !== undefined) this.#markStale(service);
        break;
      }
      case "links":
        for (const service of this.#services.values()) this.#markStale(service);
        break;
      case "machine-power":
        this.#machineChanged(change.machine);
        break;
      case "cpu-granted":
        this.#cpuShort(change.machine);
        break;
      default:
        return;
    }
  }

  #podStarted(pod: RunningPod): void {
    const load = this.#loadOf(pod);
    for (const container of pod.containers) if (container.running) this.#containerStarted(pod, container);
    this.#touch(load);
  }

  #containerStarted(pod: RunningPod, container: RunningContainer): void {
    const load = this.#loadOf(pod);
    if (container === pod.main) {
      load.startedUp = pod.accepting;
      this.#touch(load);
      this.#wakeBy(this.#loop.nowUs);
      return;
    }
    this.#world.setDemand(pod, container, Math.round(this.#idleCpu(pod, container)));
  }

  #podChanged(pod: RunningPod): void {
    const load = this.#loadOf(pod);
    for (const { service } of load.members) this.#markStale(service);
    this.#touch(load);
    this.#wakeBy(this.#loop.nowUs);
  }

  #podGone(pod: RunningPod): void {
    const load = this.#loads.get(pod);
    if (load === undefined) return;
    for (const { service } of load.members) this.#markStale(service);
    this.#checkReach(pod.machine); // Its neighbors may have more now.
    if (!this.#working && !this.#toEvaluate.empty) this.#wakeBy(this.#loop.nowUs);
    // On a dead machine it may be believed in later: kube-proxies hear of it with a delay.
    if (load.members.length > 0 || !pod.machine.alive) this.#ghosts.set(pod.uid, pod);
    if (load.members.length === 0) this.#loads.delete(pod);
  }

  #joined(member: Member): void {
    const { machine } = member.pod;
    member.load.members.push(member);
    const there = this.#membersOn.get(machine);
    if (there === undefined) this.#membersOn.set(machine, new Set([member]));
    else there.add(member);
  }

  #left(member: Member): void {
    const { load } = member;
    load.members.splice(load.members.indexOf(member), 1);
    this.#membersOn.get(load.pod.machine)!.delete(member);
    this.#touch(load);
    if (!load.pod.gone || load.members.length > 0) return;
    this.#ghosts.delete(load.pod.uid);
    this.#loads.delete(load.pod);
  }

  /** Power, or a freeze: everything that was there answers differently, also what is only believed to be there. */
  #machineChanged(machine: Machine): void {
    for (const member of this.#membersOn.get(machine) ?? []) this.#markStale(member.service);
  }

  #cpuShort(machine: Machine): void {
    this.#checkReach(machine);
    if (!this.#working && !this.#toEvaluate.empty) this.#wakeBy(this.#loop.nowUs);
  }

  #markStale(service: Service): void {
    this.#stale.add(service);
    this.#cutNow.add(service);
    if (!this.#working) this.#wakeBy(this.#loop.nowUs);
  }

  #touch(load: PodLoad): void {
    if (load.touched) return;
    load.touched = true;
    this.#touched.push(load);
  }

  #loadOf(pod: RunningPod): PodLoad {
    let load = this.#loads.get(pod);
    if (load === undefined) {
      load = new PodLoad(pod);
      this.#loads.set(pod, load);
      if (pod.behavior.memory.leakBytesPerSecond > 0) {
        this.#agenda.push(this.#loop.nowUs, 0, this.#leakDue, load);
        if (!this.#working) this.#wakeBy(this.#loop.nowUs);
      }
    }
    return load;
  }

  // ---- one instant ----------------------------------------------------------------------------------------------

  #wakeBy(atUs: number): void {
    if (atUs >= this.#wakeAtUs) return;
    if (this.#wake !== undefined) this.#loop.cancel(this.#wake);
    this.#wakeAtUs = atUs;
    this.#wake = this.#loop.schedule(atUs, phase.traffic, this.#fire, undefined);
  }

  #work(): void {
    const nowUs = this.#loop.nowUs;
    this.#wakeAtUs = Number.POSITIVE_INFINITY;
    this.#wake = undefined;
    this.#working = true;
    const agenda = this.#agenda;
    while (agenda.nextAtUs() <= nowUs) {
      agenda.pop();
      agenda.handler!.fire(agenda.argument);
    }
    this.#findMembers(nowUs);
    this.#coarse = false;
    for (let round = 0; round < mostRounds; round += 1) {
      this.#passLoads(nowUs);
      this.#passOutcomes(nowUs);
      this.#applyDemands(nowUs);
      if (this.#toLoad.empty && this.#toEvaluate.empty) break;
      this.#coarse = true;
    }
    this.#working = false;
    const unsettled = !this.#toLoad.empty || !this.#toEvaluate.empty || this.#stale.size > 0;
    this.#wakeBy(Math.min(agenda.nextAtUs(), unsettled ? nextStepFrom(nowUs + 1) : Number.POSITIVE_INFINITY));
  }

  #findMembers(nowUs: number): void {
    while (this.#stale.size > 0) {
      this.#rank();
      const stale = [...this.#stale].sort((one, other) => one.rank - other.rank);
      this.#stale.clear();
      for (const service of stale) {
        this.#endStretch(service, nowUs);
        const sawMany = seesMany(service, this.#world);
        findMembers(service, this.#world, this.#pods, nowUs);
        this.#learnWorks(service);
        this.#group(service);
        this.#toLoad.add(service);
        this.#toEvaluate.add(service);
        if (sawMany || seesMany(service, this.#world)) {
          for (const { target } of service.calls) if (target.rank > service.rank) this.#stale.add(target);
        }
      }
    }
    this.#rank();
  }

  #passLoads(nowUs: number): void {
    for (let service = this.#toLoad.takeFirst(); service !== undefined; service = this.#toLoad.takeFirst()) {
      this.#endStretch(service, nowUs);
      service.computeLoad(nowUs);
      for (const link of service.links) this.#agendaFor(link, nowUs);
      this.#toEvaluate.add(service);
      // Callees hear what will be taken up, as far as that can be told before latencies are known.
      for (const station of service.stations) {
        station.takenPerSecond =
          station.line === undefined && !station.saturated ? station.perSecond : station.takenPerSecond;
      }
      this.#passCalls(service, nowUs);
    }
  }

  #passOutcomes(nowUs: number): void {
    for (let service = this.#toEvaluate.takeLast(); service !== undefined; service = this.#toEvaluate.takeLast()) {
      this.#endStretch(service, nowUs);
      if (service.regroup) this.#group(service);
      const failing = service.timedOutShare + service.callsShare;
      service.evaluate(nowUs);
      for (const { members } of service.stations) for (const { load } of members) this.#touch(load);
      this.#passCalls(service, nowUs);
      const failingNow = service.timedOutShare + service.callsShare;
      for (const link of service.links) {
        const { holdUs, answerUs, failedShare } = link;
        link.computeOutcome();
        if (link.patience.retries > 0 && this.#differ(failing, failingNow)) this.#toLoad.add(service);
        if (link.source === undefined || link.closesCircle) continue;
        const same =
          !this.#differ(holdUs, link.holdUs) &&
          !this.#differ(answerUs, link.answerUs) &&
          !this.#differ(failedShare, link.failedShare);
        if (!same) this.#toEvaluate.add(link.source);
      }
      this.#agendaStep(service, nowUs);
      if (service.stale) this.#stale.add(service);
    }
  }

  /** Tells callees how often they are called from now on. */
  #passCalls(service: Service, nowUs: number): void {
    for (const link of service.calls) {
      if (link.closesCircle) continue;
      const perSecond = service.callsPerSecond(link);
      if (!this.#differ(link.freshPerSecond, perSecond)) continue;
      this.#endStretch(link.target, nowUs);
      link.freshPerSecond = perSecond;
      this.#toLoad.add(link.target);
    }
  }

  #differ(before: number, now: number): boolean {
    const share = this.#coarse ? coarseShare : fineShare;
    return Math.abs(before - now) > share * Math.max(Math.abs(before), Math.abs(now));
  }

  /** Pods demand what their requests need; where that changes what others can reach, those are evaluated again. */
  #applyDemands(nowUs: number): void {
    const touched = this.#touched;
    if (touched.length === 0) return;
    this.#touched = [];
    const machines = new Set<Machine>();
    for (const load of touched) {
      load.touched = false;
      const { pod } = load;
      if (pod.gone) continue;
      machines.add(pod.machine);
      this.#world.setDemand(pod, pod.main, load.demandMillicores(this.#idleCpu));
      if (pod.main.running) this.#world.setMemory(pod, pod.main, load.memoryBytes(nowUs));
      const slow = load.slowShare();
      const moved = Math.abs(slow - pod.slowShare) >= 0.01 || slow < 1e-4 !== pod.slowShare < 1e-4;
      this.#world.setSlowShare(pod, slow);
      if (moved) this.#sinks.slow?.(pod);
    }
    for (const machine of machines) this.#checkReach(machine);
  }

  #checkReach(machine: Machine): void {
    const reach = this.#reach.of(machine);
    for (const pod of machine.pods) {
      const load = this.#loads.get(pod);
      if (load === undefined || load.members.length === 0) continue;
      const millicores = this.#requestReach(load, reach);
      for (const { service, station } of load.members) {
        if (station === undefined || station.reachMillicores === millicores) continue;
        service.regroup = true;
        this.#toEvaluate.add(service);
      }
    }
  }

  /** What requests can have of the CPU within reach: background work keeps its part, but never more than half. */
  #requestReach({ pod }: PodLoad, reach: MachineReach): number {
    const within = roundedReach(reach.millicores(pod), pod.main.limits.cpuLimitMillicores);
    return Math.max(Math.ceil(within / 2), within - Math.round(this.#idleCpu(pod, pod.main)));
  }

  #group(service: Service): void {
    const reaches = new Map<Machine, MachineReach>();
    service.group(({ pod, load }) => {
      let reach = reaches.get(pod.machine);
      if (reach === undefined) {
        reach = new MachineReach().of(pod.machine);
        reaches.set(pod.machine, reach);
      }
      return this.#requestReach(load, reach);
    });
  }

  // ---- own instants ---------------------------------------------------------------------------------------------

  #nextPiece(state: FlowState): void {
    const nowUs = this.#loop.nowUs;
    const { flow, link } = state;
    this.#endStretch(link.target, nowUs);
    const nextUs = nextBreakAfter(flow.curve, nowUs);
    const finite = nextUs < Number.POSITIVE_INFINITY;
    link.freshPerSecond = meanOver(flow.curve, nowUs, finite ? nextUs : nowUs);
    this.#toLoad.add(link.target);
    if (finite) this.#agenda.push(nextUs, 0, this.#flowDue, state);
  }

  #linkChanged(link: Link): void {
    if (link.agendaUs > this.#loop.nowUs) return; // An earlier one took its place.
    link.agendaUs = Number.POSITIVE_INFINITY;
    this.#toLoad.add(link.target);
  }

  #agendaFor(link: Link, nowUs: number): void {
    const nextUs = link.nextChangeAfter(nowUs);
    if (nextUs >= link.agendaUs) return;
    link.agendaUs = nextUs;
    this.#agenda.push(nextUs, 0, this.#linkDue, link);
  }

  #stepDue(service: Service): void {
    service.agendaUs = Number.POSITIVE_INFINITY;
    this.#toLoad.add(service);
    this.#toEvaluate.add(service);
  }

  #agendaStep(service: Service, nowUs: number): void {
    if (!service.live || service.agendaUs < Number.POSITIVE_INFINITY) return;
    service.agendaUs = nextStepFrom(nowUs + 1);
    this.#agenda.push(service.agendaUs, 0, this.#serviceDue, service);
  }

  /** Memory that grows by itself: looked at every 15 s, and at the instant at which it passes the limit. */
  #leak(load: PodLoad): void {
    if (load.pod.gone) return;
    const nowUs = this.#loop.nowUs;
    this.#touch(load);
    const beatUs = (Math.floor(nowUs / leakBeatUs) + 1) * leakBeatUs;
    this.#agenda.push(Math.min(beatUs, load.overLimitAtUs(nowUs)), 0, this.#leakDue, load);
  }

  // ---- accounts -------------------------------------------------------------------------------------------------

  /** Accounts for the time until now, and hands out the stretch if it is long enough or something broke it. */
  #endStretch(service: Service, nowUs: number): void {
    service.settle(nowUs);
    const lengthUs = nowUs - service.ledger.sinceUs;
    if (lengthUs === 0) return;
    if (this.#cutNow.delete(service) || lengthUs >= this.#shortestStretchUs) this.#closeStretch(service, nowUs);
  }

  #closeStretch(service: Service, nowUs: number): void {
    service.settle(nowUs);
    if (service.ledger.sinceUs === nowUs) return;
    const stretch = service.closeStretch(nowUs);
    this.#sinks.stretch?.(stretch);
  }

  #quantiles(meanUs: number, variance: number, patienceUs: number): { p50Us: number; p95Us: number; p99Us: number } {
    const shape = this.#tools.shapes.of(meanUs, variance);
    const quantile = (p: number): number => Math.min(patienceUs, shape.quantileUs(meanUs, p));
    return { p50Us: quantile(0.5), p95Us: quantile(0.95), p99Us: quantile(0.99) };
  }

  // ---- services -------------------------------------------------------------------------------------------------

  #service(name: string): Service {
    return this.#open(this.#services, name, false);
  }

  #open(known: Map<string, Service>, name: string, external: boolean): Service {
    let service = known.get(name);
    if (service === undefined) {
      const declared = external ? this.#plan.externals.find((one) => one.name === name) : undefined;
      assert(!external || declared !== undefined, `no external is named ${name}`);
      service = new Service(name, declared, this.#loop.nowUs, this.#tools);
      known.set(name, service);
      this.#ranked = false;
      this.#stale.add(service);
    }
    return service;
  }

  /** Learns what each kind of pod behind a service does per request, and whom it calls. */
  #learnWorks(service: Service): void {
    for (const { pod } of service.members.values()) {
      if (service.works.has(pod.behavior)) continue;
      const work = this.#workOf(service, pod.behavior);
      const known = service.knownWorks.find((other) => sameWork(work, other));
      if (known === undefined) service.knownWorks.push(work);
      service.works.set(pod.behavior, known ?? work);
    }
  }

  #workOf(service: Service, behavior: Behavior): Work {
    const { cpuUs, waitUs } = behavior.perRequest ?? { cpuUs: 0, waitUs: 0 };
    const calls = behavior.calls.map(({ to, perRequest }) => {
      const target = "service" in to ? this.#service(to.service) : this.#open(this.#externals, to.external, true);
      const link = linkBetween(service, target, () => {
        this.#ranked = false;
        this.#stale.add(target);
        return new Link(service, target, this.#plan.calls);
      });
      return { link, perRequest };
    });
    return { cpuUs, waitUs, waitVariance: waitUs * waitUs, slots: behavior.concurrency, calls };
  }

  #rank(): void {
    if (this.#ranked) return;
    this.#ranked = true;
    rankServices([...this.#services.values(), ...this.#externals.values()]);
    this.#toLoad.sort();
    this.#toEvaluate.sort();
  }
}

/** Pods of one workload may come with behaviors that are equal, but not one object. */
function sameWork(one: Work, other: Work): boolean {
  return (
    one.cpuUs === other.cpuUs &&
    one.waitUs === other.waitUs &&
    one.slots === other.slots &&
    one.calls.length === other.calls.length &&
    one.calls.every(({ link, perRequest }, index) => {
      const call = other.calls[index]!;
      return call.link === link && call.perRequest === perRequest;
    })
  );
}

/** Whether it may matter from which machine this service calls another. */
function seesMany(service: Service, { links, routes }: World): boolean {
  if (links.anyCut) return true;
  for (const { pod } of service.members.values()) {
    if (routes.domainOf(pod.machine.index) !== sharedDomain) return true;
  }
  return service.calls.some(({ parts }) => parts.length > 1 || parts.some(({ view }) => view.mark !== "0"));
}
