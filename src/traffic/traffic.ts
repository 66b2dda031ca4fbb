import { type EventLoop, EventQueue, handler, phase, type Sequence } from "../sim/index.ts";
import {
  type Machine,
  type RunningContainer,
  type RunningPod,
  sharedDomain,
  type World,
  type WorldChange,
} from "../world/index.ts";
import { meanOver, nextBreakAfter } from "./curve.ts";
import { nextStepFrom } from "./delay-line.ts";
import { LatencyShapes } from "./latency-shapes.ts";
import { Leaks } from "./leaks.ts";
import { Link } from "./link.ts";
import { findMembers } from "./membership.ts";
import { type Observation, observePodLoad, observeService } from "./observation.ts";
import type { EntryFlow, TrafficPlan } from "./plan.ts";
import { PodDemands } from "./pod-demands.ts";
import type { IdleCpu, PodLoad } from "./pod-load.ts";
import { PodLoads } from "./pod-loads.ts";
import { PodQueue } from "./pod-queue.ts";
import { RankQueue } from "./rank-queue.ts";
import type { Service, Tools } from "./service.ts";
import { ServiceRegistry } from "./service-registry.ts";
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

/** Rounds of one instant: loads and latencies, demands and CPU shares settle in two or three; what is left waits a step. */
const mostRounds = 4;
/** Changes smaller than this share are not passed on: at first, and in later rounds of the same instant. */
const fineShare = 1e-9;
const coarseShare = 1e-3;

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
  readonly #sinks: TrafficSinks;
  readonly #idleCpu: IdleCpu;
  readonly #shortestStretchUs: number;
  readonly #tools: Tools;
  readonly #services: ServiceRegistry;
  readonly #loads: PodLoads;
  readonly #leaks: Leaks;
  readonly #demands: PodDemands;
  readonly #toLoad = new RankQueue("queuedForLoad");
  readonly #toEvaluate = new RankQueue("queuedForEvaluation");
  readonly #stale = new Set<Service>();
  /** Services whose stretch ends at this instant, whatever its length. */
  readonly #cutNow = new Set<Service>();
  /** Own instants: curve breaks, time-outs that come due, steps, leaks. */
  readonly #agenda = new EventQueue();
  #wakeAtUs = Number.POSITIVE_INFINITY;
  #wake: Sequence | undefined;
  #working = false;
  #coarse = false;
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
    this.#sinks = sinks;
    this.#idleCpu = options.idleCpu;
    this.#shortestStretchUs = options.shortestStretchUs ?? 1_000_000;
    this.#services = new ServiceRegistry(plan, this.#tools, (service) => this.#stale.add(service));
    this.#loads = new PodLoads(world, (load) => this.#loadMade(load));
    this.#leaks = new Leaks({
      loads: this.#loads,
      lookAt: (load, atUs) => {
        this.#agenda.push(atUs, 0, this.#leakDue, load);
        if (!this.#working) this.#wakeBy(atUs);
      },
    });
    this.#demands = new PodDemands({
      world,
      loads: this.#loads,
      idleCpu: options.idleCpu,
      reachChanged: (service) => {
        service.regroup = true;
        this.#toEvaluate.add(service);
      },
      memoryMoved: (machine, nowUs) => this.#leaks.moved(machine, nowUs),
      slow: (pod) => sinks.slow?.(pod),
    });
    for (const flow of plan.flows) {
      const target = this.#services.service(flow.to, loop.nowUs);
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
    return this.#services.all().map(({ name }) => name);
  }

  /** How a service (`namespace/name`) or an external does now; `undefined`: nobody asks it. */
  observe(name: string): Observation | undefined {
    const service = this.#services.find(name);
    return service === undefined ? undefined : observeService(service, this.#tools.shapes, this.#loop.nowUs);
  }

  /** How one pod does now, over all services that route to it; `undefined`: it answers nobody. */
  observePod(pod: RunningPod): Observation | undefined {
    const load = this.#loads.known(pod);
    return load === undefined ? undefined : observePodLoad(load, this.#tools.shapes);
  }

  /** Ends all stretches now: at the end of a run, or when somebody wants exact counts up to this instant. */
  settle(): void {
    const nowUs = this.#loop.nowUs;
    for (const service of this.#services.all()) this.#closeStretch(service, nowUs);
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
      case "container-limits":
      case "pod-warm":
        this.#podChanged(change.pod);
        break;
      case "pod-accepting":
        if (change.pod.accepting) this.#loads.load(change.pod).startedUp = true;
        this.#podChanged(change.pod);
        break;
      case "pod-gone":
        this.#podGone(change.pod);
        break;
      case "routes": {
        const service = this.#services.find(change.service);
        if (service !== undefined) this.#markStale(service);
        break;
      }
      case "links":
        for (const service of this.#services.services()) this.#markStale(service);
        break;
      case "machine-power":
        this.#machineChanged(change.machine);
        break;
      case "cpu-granted":
        this.#cpuChanged(change.machine);
        break;
      default:
        return;
    }
  }

  #podStarted(pod: RunningPod): void {
    const load = this.#loads.load(pod);
    for (const container of pod.containers) if (container.running) this.#containerStarted(pod, container);
    this.#loads.touch(load);
  }

  #containerStarted(pod: RunningPod, container: RunningContainer): void {
    const load = this.#loads.load(pod);
    if (container === pod.main) {
      load.startedUp = pod.accepting;
      this.#loads.touch(load);
      this.#wakeBy(this.#loop.nowUs);
      return;
    }
    this.#world.setDemand(pod, container, Math.round(this.#idleCpu(pod, container)));
  }

  #podChanged(pod: RunningPod): void {
    const load = this.#loads.load(pod);
    for (const { service } of load.members) this.#markStale(service);
    this.#loads.touch(load);
    this.#wakeBy(this.#loop.nowUs);
  }

  #podGone(pod: RunningPod): void {
    const load = this.#loads.known(pod);
    if (load === undefined) return;
    for (const { service } of load.members) this.#markStale(service);
    this.#loads.gone(load);
    this.#cpuChanged(pod.machine); // Its neighbors may have more now.
  }

  /** Power, or a freeze: everything that was there answers differently, also what is only believed to be there. */
  #machineChanged(machine: Machine): void {
    for (const { service } of this.#loads.membersOn(machine)?.members ?? []) this.#markStale(service);
  }

  #cpuChanged(machine: Machine): void {
    this.#demands.checkReach(machine);
    if (!this.#working && !this.#toEvaluate.empty) this.#wakeBy(this.#loop.nowUs);
  }

  #markStale(service: Service): void {
    this.#stale.add(service);
    this.#cutNow.add(service);
    if (!this.#working) this.#wakeBy(this.#loop.nowUs);
  }

  #loadMade(load: PodLoad): void {
    if (load.pod.behavior.memory.leakBytesPerSecond > 0) this.#leaks.add(load);
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
      this.#demands.apply(nowUs);
      if (this.#toLoad.empty && this.#toEvaluate.empty) break;
      this.#coarse = true;
    }
    this.#working = false;
    if (this.#stale.size > 0) this.#wakeBy(nowUs);
    if (!this.#toLoad.empty || !this.#toEvaluate.empty) this.#wakeBy(nextStepFrom(nowUs + 1));
    this.#wakeBy(agenda.nextAtUs());
  }

  #findMembers(nowUs: number): void {
    while (this.#stale.size > 0) {
      this.#rank();
      const stale = [...this.#stale].sort((one, other) => one.rank - other.rank);
      this.#stale.clear();
      for (const service of stale) {
        this.#endStretch(service, nowUs);
        const sawMany = seesMany(service, this.#world);
        findMembers(service, this.#world, this.#loads, nowUs);
        this.#services.learnWorks(service, nowUs);
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
      for (const { members } of service.stations) for (const { load } of members) this.#loads.touch(load);
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

  #group(service: Service): void {
    service.group(({ load }) => this.#demands.requestReach(load));
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

  #leak(load: PodLoad): void {
    if (this.#leaks.isDue(load, this.#loop.nowUs)) this.#loads.touch(load);
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

  #rank(): void {
    if (!this.#services.rank()) return;
    this.#toLoad.sort();
    this.#toEvaluate.sort();
  }
}

/** Whether it may matter from which machine this service calls another. */
function seesMany(service: Service, { links, routes }: World): boolean {
  if (links.anyCut) return true;
  for (const { pod } of service.members.values()) {
    if (routes.domainOf(pod.machine.index) !== sharedDomain) return true;
  }
  return service.calls.some(({ parts }) => parts.length > 1 || parts.some(({ view }) => view.mark !== "0"));
}
