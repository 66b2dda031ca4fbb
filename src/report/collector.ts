import type { EventLog, LogEntry } from "../apiserver/index.ts";
import type { Injury } from "../faults/index.ts";
import { formatTime, type Uid } from "../model/index.ts";
import type { Scenario } from "../scenario/index.ts";
import type { Stretch } from "../traffic/index.ts";
import { type Machine, machineCostMicroUsd, type RunningPod, type World, type WorldChange } from "../world/index.ts";
import { ClusterObserver } from "./cluster-observer.ts";
import { DeclaredCosts } from "./declared-costs.ts";
import { incidentsOf, type Leak, type Loss } from "./incidents.ts";
import { judge } from "./judge.ts";
import { PodHistories } from "./pod-histories.ts";
import { rises } from "./rises.ts";
import type { CostResult, Mark, RunResult, Violation } from "./run-result.ts";
import { ServiceObserver } from "./service-observer.ts";
import { HeldSeries, Steps } from "./steps.ts";

/** Faults whose story is told. */
const mostFaults = 30;
/** Decisions shown at most; the rest is counted. */
const mostMarks = 200;
/** Events of components that are decisions a reader wants to see on the time axis. */
const decisiveReasons = new Set([
  "SuccessfulRescale",
  "TriggeredScaleUp",
  "ScaledUpGroup",
  "ScaleDown",
  "ScaleDownEmpty",
  "NodeNotReady",
  "Preempted",
  "ProgressDeadlineExceeded",
  "Evicted",
  "NodeHasInsufficientMemory",
  "NodeHasSufficientMemory",
  "KEDAScaleTargetActivated",
  "KEDAScaleTargetDeactivated",
]);
/** A pod's growing memory as it is now; `undefined` when it does not grow. */
function leakOf({ key, uid, main, behavior }: RunningPod): Leak | undefined {
  if (!main.running || behavior.memory.leakBytesPerSecond <= 0) return undefined;
  return { pod: key, uid, sinceUs: main.startedAtUs, bytes: main.memoryBytes };
}

/** Evictions and OOM kills whose story is told. */
const mostLosses = 12;

/** Watches a run and, at its end, says what there is to say. It changes nothing. */
export class Collector {
  readonly #scenario: Scenario;
  readonly #world: World;
  readonly #steps: Steps;
  readonly #services: ServiceObserver;
  readonly #cluster: ClusterObserver;
  readonly #declaredCosts: DeclaredCosts;
  readonly #histories = new PodHistories();
  readonly #bought: HeldSeries;
  readonly #marks: Mark[] = [];
  readonly #injuries: Injury[] = [];
  /** What the machines' memory took, from the start of the run on. */
  readonly #losses: Loss[] = [];
  readonly #unroutedUs = new Map<string, number>();
  readonly #routed = new Map<string, Set<Uid>>();
  readonly violations: Violation[] = [];

  constructor(scenario: Scenario, world: World) {
    this.#scenario = scenario;
    this.#world = world;
    this.#steps = new Steps(scenario.warmUpUs, scenario.durationUs);
    this.#services = new ServiceObserver(this.#steps, scenario.expectations);
    this.#cluster = new ClusterObserver(this.#steps);
    this.#bought = new HeldSeries(this.#steps);
    this.#declaredCosts = new DeclaredCosts(scenario.prices, world, this.#steps);
  }

  onCommit(entry: LogEntry): void {
    this.#cluster.onCommit(entry);
    this.#declaredCosts.onCommit(entry);
    if ((entry.after ?? entry.before)!.kind === "Pod") this.#histories.onCommit(entry);
  }

  onStretch(stretch: Stretch): void {
    this.#services.onStretch(stretch);
    this.#declaredCosts.onStretch(stretch);
  }

  onWorld(change: WorldChange, nowUs: number): void {
    if (change.what === "machine-bought") this.#bought.set(nowUs, this.#bought.value + 1);
    else if (change.what === "machine-released") this.#bought.set(nowUs, this.#bought.value - 1);
    else if (change.what === "machine-notice") this.#onNotice(change.machine, nowUs);
    else if (change.what === "memory-over-limit") this.#onKilled(change, "is above its memory limit", nowUs);
    else if (change.what === "machine-out-of-memory")
      this.#onKilled(
        change,
        `holds most for what it may while ${change.pod.machine.spec.name} has no memory left`,
        nowUs,
      );
    else if (change.what === "pod-warm") this.#histories.onWarm(change.pod.uid, nowUs);
    else if (change.what === "routes" && change.domain === 0) this.#onRoutes(change.service, nowUs);
  }

  listenTo(events: EventLog): void {
    events.onRecord((event, _row, atUs) => {
      this.#histories.onEvent(event, atUs);
      if (event.reason === "Evicted") this.#lose("eviction", event.key, atUs, this.#leakBeside(event.uid));
      if (!decisiveReasons.has(event.reason)) return;
      this.#mark({
        atSeconds: this.#seconds(atUs),
        kind: "decision",
        by: event.source,
        text: `${event.key}: ${event.message}`,
      });
    });
  }

  #onNotice({ spec, reclaimAtUs }: Machine, nowUs: number): void {
    const text = `${spec.name}: the provider takes it back in ${Math.round((reclaimAtUs! - nowUs) / 1_000_000)} s`;
    this.#mark({ atSeconds: this.#seconds(nowUs), kind: "fault", by: "world", text });
  }

  #onKilled(change: Extract<WorldChange, { container: unknown }>, why: string, nowUs: number): void {
    const pod = change.pod.key;
    const text = `${pod}: container ${change.container.limits.name} ${why}: OOMKilled`;
    this.#mark({ atSeconds: this.#seconds(nowUs), kind: "fault", by: "world", text });
    const leak = change.pod.main === change.container ? leakOf(change.pod) : undefined;
    this.#lose("OOM kill", pod, nowUs, leak);
  }

  #lose(what: string, pod: string, atUs: number, leak: Leak | undefined): void {
    if (this.#seconds(atUs) < 0) return;
    this.#losses.push({ what, subject: pod, machines: [], pods: [pod], atUs, ...(leak && { leak }) });
  }

  /** Who leaks on the machine of an evicted pod; of several the one that holds most. */
  #leakBeside(uid: Uid): Leak | undefined {
    const machine = this.#world.pod(uid)?.machine;
    const leaks = [...(machine?.pods ?? [])].flatMap((pod) => leakOf(pod) ?? []);
    return leaks.reduce<Leak | undefined>((most, one) => (one.bytes > (most?.bytes ?? 0) ? one : most), undefined);
  }

  onInjury(injury: Injury, nowUs: number): void {
    const healed = injury.healedAtUs !== undefined;
    if (!healed) this.#injuries.push(injury);
    const text = `${injury.fault.kind}: ${injury.subject}`;
    this.#mark({ atSeconds: this.#seconds(nowUs), kind: healed ? "healed" : "fault", by: "world", text });
  }

  onAction(text: string, nowUs: number): void {
    this.#mark({ atSeconds: this.#seconds(nowUs), kind: "action", by: "user", text });
  }

  /** A decision that leaves no event in the API. */
  onDecision(by: string, text: string, nowUs: number): void {
    this.#mark({ atSeconds: this.#seconds(nowUs), kind: "decision", by, text });
  }

  result(seed: string, digest: string, firedEvents: number): RunResult {
    const { name, question, warmUpUs, durationUs, expectations, assumptions, notSimulated } = this.#scenario;
    const endUs = warmUpUs + durationUs;
    this.#cluster.finish(endUs);
    const evidence = {
      histories: this.#histories,
      cluster: this.#cluster,
      startUs: warmUpUs,
      endUs,
      unroutedUs: this.#unroutedUs,
      failedBetween: (fromUs: number, toUs: number) => this.#failedBetween(fromUs, toUs),
    };
    const injuries = this.#injuries.map((injury) => ({ ...injury, what: injury.fault.kind }));
    const faults = incidentsOf(injuries, Number.POSITIVE_INFINITY, evidence);
    const losses = incidentsOf(this.#losses, mostLosses, evidence);
    const incidents = [...faults.slice(0, mostFaults), ...losses, ...rises(this.#cluster.resizes, evidence)];
    const cost = this.#cost(warmUpUs, endUs);
    const measured = { services: this.#services, cluster: this.#cluster, incidents: faults, microUsd: cost.microUsd };
    const judged = expectations.map((expectation) => judge(expectation, measured));
    const failed = judged.some(({ held }) => !held) || this.violations.length > 0;
    const bought = this.#bought.finish();
    return {
      schema: "seatrial.io/run-result/v1",
      scenario: name,
      question,
      start: this.#localStart(),
      durationSeconds: durationUs / 1_000_000,
      seed,
      digest,
      verdict: failed ? "failed" : judged.length === 0 ? "nothing expected" : "held",
      expectations: judged,
      services: this.#services.results(),
      workloads: this.#cluster.workloads(),
      incidents,
      decisions: this.#marks.filter(({ atSeconds }) => atSeconds >= 0).slice(0, mostMarks),
      cost,
      machines: { least: this.#bought.least, most: this.#bought.most },
      pods: {
        longestPendingSeconds: Math.round(this.#cluster.longestPendingUs / 100_000) / 10,
        mostPending: this.#cluster.pending.most,
        restarts: this.#histories.restarts,
      },
      series: {
        stepSeconds: this.#steps.stepUs / 1_000_000,
        steps: this.#steps.count,
        services: this.#services.series(),
        workloads: this.#cluster.series(),
        pendingPods: this.#cluster.pending.finish(),
        machines: { bought, ready: this.#cluster.readyMachines.finish() },
        costMicroUsd: bought.map(
          (_, step) => this.#cost(warmUpUs, Math.min(endUs, warmUpUs + (step + 1) * this.#steps.stepUs)).microUsd,
        ),
      },
      violations: this.violations,
      counts: { events: firedEvents, writes: this.#cluster.writes },
      assumptions,
      notSimulated,
    };
  }

  #onRoutes(service: string, nowUs: number): void {
    const believed = new Set((this.#world.routes.believed(service as never) ?? []).map(({ podUid }) => podUid));
    for (const uid of this.#routed.get(service) ?? []) if (!believed.has(uid)) this.#unroutedUs.set(uid, nowUs);
    this.#histories.onRoutes(believed, nowUs);
    this.#routed.set(service, believed);
  }

  #failedBetween(fromUs: number, toUs: number): number {
    const { failedUsers } = this.#services;
    let failed = 0;
    for (let index = Math.max(0, this.#steps.indexAt(fromUs)); index <= this.#steps.indexAt(toUs); index += 1)
      failed += failedUsers[index] ?? 0;
    return failed;
  }

  #cost(fromUs: number, toUs: number): CostResult {
    const pools = new Map<string, { microUsd: number; machineSeconds: number }>();
    for (const machine of this.#world.machines) {
      if (machine.boughtAtUs > toUs) continue;
      const before = machine.boughtAtUs < fromUs ? machineCostMicroUsd(machine, fromUs) : 0;
      const microUsd = Math.max(0, machineCostMicroUsd(machine, toUs) - before);
      const ownedUs = Math.min(machine.releasedAtUs ?? toUs, toUs) - Math.max(machine.boughtAtUs, fromUs);
      const machineSeconds = Math.max(0, Math.ceil(ownedUs / 1_000_000));
      const known = pools.get(machine.spec.pool) ?? { microUsd: 0, machineSeconds: 0 };
      pools.set(machine.spec.pool, {
        microUsd: known.microUsd + microUsd,
        machineSeconds: known.machineSeconds + machineSeconds,
      });
    }
    const byPool = [...pools].map(([pool, spent]) => ({ pool, ...spent }));
    const items = this.#declaredCosts.between(fromUs, toUs);
    return {
      microUsd: [...byPool, ...items].reduce((sum, { microUsd }) => sum + microUsd, 0),
      machineSeconds: byPool.reduce((sum, { machineSeconds }) => sum + machineSeconds, 0),
      byPool,
      ...(items.length > 0 && { items }),
    };
  }

  #mark(mark: Mark): void {
    if (this.#marks.length < mostMarks * 4) this.#marks.push(mark);
  }

  #seconds(us: number): number {
    return Math.round((us - this.#scenario.warmUpUs) / 100_000) / 10;
  }

  #localStart(): string {
    const { startEpochUs, utcOffsetMinutes } = this.#scenario;
    const local = formatTime(Math.floor(startEpochUs / 1_000_000) + utcOffsetMinutes * 60).slice(0, -1);
    if (utcOffsetMinutes === 0) return `${local}Z`;
    const minutes = Math.abs(utcOffsetMinutes);
    const two = (value: number): string => String(value).padStart(2, "0");
    return `${local}${utcOffsetMinutes < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  }
}
