import type { Pod } from "../../src/model/index.ts";
import { type Decision, FastCycle, type Framework, podInfo, type SchedulerState, schedulePod } from "../../src/scheduler/index.ts";
import { type CaseResult, firstDifference } from "./area.ts";
import { completed, type RecordedCluster, schedulerOf, snapshotOf } from "./scheduler-cluster.ts";
import { bestOf, comparable, describePreemption, type RecordedPreemption } from "./scheduler-decisions.ts";

interface RecordedStep {
  readonly pod: Pod;
  readonly expect: {
    readonly feasibleCount: number;
    readonly bestTotal?: number;
    readonly best?: readonly string[];
    readonly chosen?: string;
    readonly message?: string;
    readonly preemption?: RecordedPreemption;
  };
  readonly bindTo?: string;
  readonly delete?: readonly string[];
}

export interface SequenceCase {
  readonly name: string;
  readonly group: string;
  readonly cluster: RecordedCluster;
  readonly config?: unknown;
  readonly steps: readonly RecordedStep[];
}

/** Pods one after another in one cluster; each step is a case of its own, carried on with what the recording did. */
export function* replaySequence({ name, group, cluster, config, steps }: SequenceCase): Iterable<CaseResult> {
  const snapshot = snapshotOf(cluster);
  const { configuration, framework } = schedulerOf(config, snapshot);
  const { percentageOfNodesToScore } = configuration;
  const fastCycle = new FastCycle(framework);
  const scheduler: SchedulerState = { nextStartNodeIndex: 0, percentageOfNodesToScore, random: () => 0 };
  for (const [index, { pod: recorded, expect, bindTo, delete: deleted }] of steps.entries()) {
    const pod = completed("Pod", recorded);
    const remembered = { ...scheduler };
    const fast = fastCycle.schedule(podInfo(pod), remembered);
    const decision = schedulePod(framework, podInfo(pod), scheduler);
    const id = `${name} step ${index} ${recorded.metadata.name}`;
    const difference = fastDiffers(decision, fast, scheduler, remembered) ?? firstDifference(wanted(expect), {
      ...got(framework, pod, decision, expect),
      ...(decision.result === "scheduled" && decision.nodeName === pod.status.nominatedNodeName
        ? besideNomination(framework, pod, scheduler)
        : {}),
    });
    yield difference === undefined ? { group, id } : { group, id, difference };
    if (bindTo !== undefined) snapshot.setPod({ ...pod, spec: { ...pod.spec, nodeName: bindTo } });
    for (const key of deleted ?? []) snapshot.removePod(key);
  }
}

/** The cycle with a memory takes the same decision as the plain one. */
function fastDiffers(plain: Decision, fast: Decision, after: SchedulerState, afterFast: SchedulerState): string | undefined {
  const told = (decision: Decision, { nextStartNodeIndex }: SchedulerState): unknown =>
    decision.result === "scheduled"
      ? [decision.nodeName, decision.feasibleNodes, decision.evaluatedNodes, nextStartNodeIndex]
      : decision.result === "unschedulable"
        ? [decision.message, decision.fitError.unschedulablePlugins, decision.postFilter?.nominatedNodeName, nextStartNodeIndex]
        : [decision.message];
  return firstDifference(told(plain, after), told(fast, afterFast), "$fast");
}

/** A nominated node is taken without a look at the others; the recording counts and scores them all the same. */
function besideNomination(framework: Framework, pod: Pod, scheduler: SchedulerState): Record<string, unknown> {
  const { nominatedNodeName: _, ...status } = pod.status;
  const decision = schedulePod(framework, podInfo({ ...pod, status }), { ...scheduler });
  if (decision.result !== "scheduled") return {};
  const { feasible, totals } = decision;
  return { feasibleCount: feasible.length, bestTotal: totals === undefined ? undefined : Math.max(...totals) };
}

function wanted({ best, preemption, ...rest }: RecordedStep["expect"]): unknown {
  return {
    ...rest,
    best: best === undefined ? undefined : [...best].sort(),
    preemption: preemption === undefined ? undefined : comparable(preemption),
  };
}

function got(framework: Framework, pod: Pod, decision: Decision, expect: RecordedStep["expect"]): Record<string, unknown> {
  if (decision.result === "error") return { feasibleCount: 0, message: decision.message };
  if (decision.result === "unschedulable") {
    const preemption = describePreemption(framework, podInfo(pod), decision, expect.preemption);
    return { feasibleCount: 0, message: decision.message, preemption };
  }
  const { totals, feasible, nodeName } = decision;
  return {
    feasibleCount: feasible.length,
    bestTotal: totals === undefined ? undefined : Math.max(...totals),
    best: bestOf(decision),
    chosen: totals === undefined || expect.chosen === undefined ? undefined : nodeName,
  };
}
