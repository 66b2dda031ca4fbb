import type { Change, Process, Task } from "../../client/index.ts";
import { type Node, type Pod, type PodDisruptionBudget, podCondition, sameContent } from "../../model/index.ts";
import { type Handler, handler, phase, type Sequence } from "../../sim/index.ts";
import { watchedKinds } from "./cluster-lists.ts";
import type { ClusterStatus } from "./cluster-status.ts";
import { EventFilter } from "./event-filter.ts";
import type { NodeGroupSpec } from "./node-groups.ts";
import type { AutoscalingOptions } from "./options.ts";
import { isUnschedulable } from "./pod-kinds.ts";
import { isNodeReady } from "./readiness.ts";
import type { RunStatus } from "./run-status.ts";
import { StaticAutoscaler } from "./static-autoscaler.ts";
import { statusText, writeStatusConfigMap } from "./status-config-map.ts";

/** What made a run start: a pod that found no place, the scan interval, or that a run before did something. */
export type Trigger = "pod" | "timer" | "scaleUp" | "scaleDown";

export interface ClusterAutoscalerOptions {
  readonly process: Process;
  readonly options: AutoscalingOptions;
  readonly groups: readonly NodeGroupSpec[];
  /** Decides among groups that the expanders find equal: an index. */
  readonly choose: (groups: readonly string[]) => number;
  /** Time on the processor that a run costs after all its calls. Default none. */
  readonly runUs?: number;
  /** Whether runs that can come to nothing are left out. Default true. */
  readonly sleeps?: boolean;
  /** `--write-status-configmap`. Default false. */
  readonly writesStatus?: boolean;
  /** Told of every run when it is over. */
  readonly onRun?: (status: RunStatus, startedUs: number, trigger: Trigger) => void;
}

/** A pod that is unschedulable for longer than this no longer starts a run by itself. */
const recentPodUs = 10_000_000;

/** The process: decides when the next run starts (`LoopTrigger`), and sleeps while no run can come to anything. */
export class ClusterAutoscaler {
  readonly #around: ClusterAutoscalerOptions;
  readonly #start: Handler<{ readonly life: number; readonly trigger: Trigger }>;
  #autoscaler: StaticAutoscaler | undefined;
  #filter: EventFilter | undefined;
  #pending: { readonly event: Sequence; readonly atUs: number; readonly trigger: Trigger } | undefined;
  #running = false;
  /** The watch's channel of one place. */
  #signalled = false;
  #endedUs = 0;
  #lastStartUs = 0;
  #previousStartUs = 0;
  #changed = false;
  /** What the status ConfigMap says. */
  #written: ClusterStatus | undefined;

  constructor(around: ClusterAutoscalerOptions) {
    this.#around = around;
    const { process } = around;
    this.#start = handler("cluster-autoscaler/run", ({ life, trigger }) => {
      if (life === process.life) this.#run(trigger);
    });
    for (const kind of watchedKinds) process.informer(kind);
    process.informer("Pod").onChange((change) => this.#onPod(change as Change<Pod>));
    process.informer("Node").onChange((change) => this.#onChange(nodeMatters(change as Change<Node>)));
    process.informer("PodDisruptionBudget").onChange((change) => {
      this.#onChange(budgetMatters(change as Change<PodDisruptionBudget>));
    });
    process.onStart(() => this.#begin());
    process.onCrash(() => this.#forget());
  }

  /** What the process has in memory; absent while it is down. */
  get autoscaler(): StaticAutoscaler | undefined {
    return this.#autoscaler;
  }

  #begin(): void {
    const { process, options, groups, choose } = this.#around;
    this.#filter = options.recordDuplicatedEvents ? undefined : new EventFilter(() => process.nowUs);
    this.#autoscaler = new StaticAutoscaler(options, groups, choose, process.view);
    this.#endedUs = process.nowUs;
    this.#lastStartUs = process.nowUs;
    this.#previousStartUs = process.nowUs;
    this.#startAt(process.nowUs + options.scanIntervalUs, "timer");
    if (!this.#around.writesStatus) return;
    this.#written = undefined;
    const text = statusText(undefined, { nodesUs: 0, candidatesUs: undefined }, process.nowUs, process.clock);
    process.run(writeStatusConfigMap(text, process.nowUs, process.clock), () => undefined);
  }

  #forget(): void {
    this.#autoscaler = undefined;
    this.#pending = undefined;
    this.#running = false;
    this.#signalled = false;
    this.#changed = false;
  }

  #run(trigger: Trigger): void {
    const { process, runUs = 0, onRun } = this.#around;
    this.#pending = undefined;
    this.#running = true;
    this.#changed = false;
    this.#previousStartUs = this.#lastStartUs;
    this.#lastStartUs = process.nowUs;
    const startedUs = process.nowUs;
    const run = this.#runOnce(startedUs);
    process.run(this.#filter?.through(run) ?? run, (status) => {
      onRun?.(status, startedUs, trigger);
      const { loop } = process.surroundings;
      if (runUs === 0) this.#ended();
      else loop.schedule(loop.nowUs + runUs, phase.decide, this.#end, process.life);
    });
  }

  *#runOnce(startedUs: number): Task<RunStatus> {
    const { process, writesStatus = false } = this.#around;
    const result = yield* this.#autoscaler!.runOnce(process.view);
    const told = writesStatus ? this.#autoscaler!.status() : undefined;
    // Upstream writes at the end of every run. Here a run that would change nothing but the instants of its looks does not.
    if (told === undefined || sameContent(told.status, this.#written)) return result;
    const text = statusText(told.status, told.probes, startedUs, process.clock);
    if (yield* writeStatusConfigMap(text, startedUs, process.clock)) this.#written = told.status;
    return result;
  }

  readonly #end: Handler<number> = handler("cluster-autoscaler/end", (life) => {
    if (life === this.#around.process.life) this.#ended();
  });

  #ended(): void {
    const { process, options, sleeps = true } = this.#around;
    const { cooldowns, sleepUntilUs } = this.#autoscaler!;
    const { lastScaleUpUs, lastScaleDownDeleteUs } = cooldowns;
    this.#running = false;
    this.#endedUs = process.nowUs;
    const productive =
      lastScaleUpUs >= this.#previousStartUs
        ? "scaleUp"
        : lastScaleDownDeleteUs >= this.#previousStartUs
          ? "scaleDown"
          : undefined;
    if (options.frequentLoops && this.#signalled) {
      this.#signalled = false;
      this.#startAt(process.nowUs, productive ?? "pod");
    } else if (options.frequentLoops && productive !== undefined) {
      this.#startAt(process.nowUs, productive);
    } else if (!sleeps || this.#changed) {
      this.#startAt(this.#tickFrom(process.nowUs), "timer");
    } else if (sleepUntilUs !== undefined) {
      this.#startAt(this.#tickFrom(sleepUntilUs), "timer");
    }
  }

  /** The first beat of the scan interval, counted from the end of the last run, at or after an instant. */
  #tickFrom(wantedUs: number): number {
    const { scanIntervalUs } = this.#around.options;
    const beats = Math.max(1, Math.ceil((wantedUs - this.#endedUs) / scanIntervalUs));
    return this.#endedUs + beats * scanIntervalUs;
  }

  #startAt(atUs: number, trigger: Trigger): void {
    const { process } = this.#around;
    const { loop } = process.surroundings;
    if (this.#pending !== undefined) {
      if (this.#pending.atUs <= atUs) return;
      loop.cancel(this.#pending.event);
    }
    const event = loop.schedule(atUs, phase.decide, this.#start, { life: process.life, trigger });
    this.#pending = { event, atUs, trigger };
  }

  #onPod(change: Change<Pod>): void {
    const { process, options } = this.#around;
    this.#onChange(podMatters(change));
    const { after } = change;
    if (!options.frequentLoops || after === undefined || !this.#isNews(after)) return;
    // The first signal ends the wait, a second one stays in the channel.
    const ended = this.#pending !== undefined && this.#pending.atUs <= process.nowUs;
    if (this.#running || this.#autoscaler === undefined || ended) this.#signalled = true;
    else this.#startAt(process.nowUs, "pod");
  }

  #isNews(pod: Pod): boolean {
    if ((pod.spec.nodeName ?? "") !== "" || !isUnschedulable(pod)) return false;
    const { clock, nowUs } = this.#around.process;
    const since = podCondition(pod, "PodScheduled")?.lastTransitionTime;
    return since === undefined || clock.instantUs(since) + recentPodUs >= nowUs;
  }

  #onChange(matters: boolean): void {
    if (!matters || this.#autoscaler === undefined) return;
    this.#changed = true;
    if (!this.#running) this.#startAt(this.#tickFrom(this.#around.process.nowUs), "timer");
  }
}

function podMatters({ before, after }: Change<Pod>): boolean {
  if (before === undefined || after === undefined) return true;
  return (
    before.spec !== after.spec ||
    before.status.phase !== after.status.phase ||
    before.metadata.deletionTimestamp !== after.metadata.deletionTimestamp ||
    before.metadata.annotations !== after.metadata.annotations ||
    isUnschedulable(before) !== isUnschedulable(after)
  );
}

function nodeMatters({ before, after }: Change<Node>): boolean {
  if (before === undefined || after === undefined) return true;
  return (
    before.spec !== after.spec ||
    before.metadata.labels !== after.metadata.labels ||
    before.metadata.annotations !== after.metadata.annotations ||
    before.status.allocatable !== after.status.allocatable ||
    isNodeReady(before) !== isNodeReady(after)
  );
}

function budgetMatters({ before, after }: Change<PodDisruptionBudget>): boolean {
  if (before === undefined || after === undefined) return true;
  return before.spec !== after.spec || before.status?.disruptionsAllowed !== after.status?.disruptionsAllowed;
}
