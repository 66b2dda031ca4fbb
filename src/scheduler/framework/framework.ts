import type { Task } from "../../client/index.ts";
import type { Profile } from "../configuration/kube-scheduler-configuration.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { CycleState } from "./cycle-state.ts";
import {
  type FrameworkSurroundings,
  maxNodeScore,
  type PermitWait,
  type Plugin,
  type PluginHandle,
  type PostFilterContext,
  type PostFilterResult,
} from "./plugin.ts";
import {
  checkCounts,
  instantiate,
  type PluginsByPoint,
  type Registry,
  resolvePoints,
  scoreWeights,
} from "./resolve-plugins.ts";
import { byPlugin, failure, isRejected, type Status, unresolvable, unschedulable } from "./status.ts";
import { WaitingPods } from "./waiting-pods.ts";

/** The longest that a Permit plugin may let a pod wait. */
const longestPermitUs = 900_000_000;

/** A plugin that is known to implement a method. */
export type Implementing<Method extends keyof Plugin> = Plugin & { readonly [M in Method]-?: NonNullable<Plugin[M]> };

/** What PreFilter found out about a pod. */
export interface PreFilterOutcome {
  /** The only nodes that can pass; `undefined` is all. */
  readonly nodeNames: ReadonlySet<string> | undefined;
  readonly status: Status | undefined;
  /** Plugins that narrowed the nodes: they too are a reason why the pod may find none. */
  readonly narrowedBy: readonly string[];
}

/** Scores of one plugin for the feasible nodes, in their order. */
export interface PluginScores {
  readonly plugin: string;
  readonly weight: number;
  readonly raw: readonly number[];
  readonly normalized: readonly number[];
}

/** The plugins of one profile in the order in which they run, against one snapshot. */
export class Framework {
  readonly profile: Profile;
  readonly snapshot: Snapshot;
  /** Plugins by extension point, in order. */
  readonly plugins: PluginsByPoint;
  readonly weights: ReadonlyMap<string, number>;
  /** What its plugins were made from. */
  readonly registry: Registry;
  /** What its plugins may use. */
  readonly handle: PluginHandle;

  constructor(profile: Profile, registry: Registry, snapshot: Snapshot, surroundings = nowhere()) {
    this.profile = profile;
    this.registry = registry;
    this.snapshot = snapshot;
    this.handle = {
      snapshot,
      waitingPods: surroundings.waitingPods,
      nowUs: surroundings.nowUs,
      random: surroundings.random,
      runFiltersWithNominatedPods: (state, pod, node) => this.runFiltersWithNominatedPods(state, pod, node),
      runPreFilterAddPod: (state, pod, added, node) => this.runPreFilterAddPod(state, pod, added, node),
      runPreFilterRemovePod: (state, pod, removed, node) => this.runPreFilterRemovePod(state, pod, removed, node),
    };
    const instances = instantiate(profile, registry, this.handle);
    this.plugins = resolvePoints(profile, instances);
    this.weights = scoreWeights(profile, this.plugins.score);
    checkCounts(profile, this.plugins);
  }

  runPreFilter(state: CycleState, pod: PodInfo): PreFilterOutcome {
    let nodeNames: ReadonlySet<string> | undefined;
    let status: Status | undefined;
    const narrowedBy: string[] = [];
    for (const plugin of this.plugins.preFilter as readonly Implementing<"preFilter">[]) {
      const answer = plugin.preFilter(state, pod, this.snapshot);
      if (answer === undefined) continue;
      if ("nodeNames" in answer) {
        narrowedBy.push(plugin.name);
        nodeNames = nodeNames === undefined ? answer.nodeNames : intersection(nodeNames, answer.nodeNames);
        if (nodeNames.size === 0) {
          const who = narrowedBy.length === 1 ? ` ${narrowedBy[0]}` : `(s) [${narrowedBy.join(" ")}]`;
          const reason = `node(s) didn't satisfy plugin${who}${narrowedBy.length === 1 ? "" : " simultaneously"}`;
          return { nodeNames, status: unresolvable(reason), narrowedBy };
        }
        continue;
      }
      if (answer.code === "Skip") {
        state.skipFilter.add(plugin.name);
        continue;
      }
      status = byPlugin(answer, plugin.name);
      // Any other plain rejection is remembered, and the last one wins.
      if (answer.code !== "Unschedulable") return { nodeNames, status, narrowedBy };
    }
    return { nodeNames, status, narrowedBy };
  }

  /** The first rejection of the node, if there is one. */
  runFilters(state: CycleState, pod: PodInfo, node: NodeInfo): Status | undefined {
    for (const plugin of this.plugins.filter as readonly Implementing<"filter">[]) {
      if (state.skipFilter.has(plugin.name)) continue;
      const status = plugin.filter(state, pod, node);
      if (status !== undefined) return byPlugin(status, plugin.name);
    }
    return undefined;
  }

  /** As `runFilters`, but nominated pods of the same or a higher priority hold their room there. */
  runFiltersWithNominatedPods(state: CycleState, pod: PodInfo, node: NodeInfo): Status | undefined {
    const nominated = this.snapshot.nominated.on(node.name);
    if (nominated.size > 0) {
      // Upstream tells "another pod" by the UID alone.
      const holders = [...nominated.values()].filter(
        (other) => other.priority >= pod.priority && other.pod.metadata.uid !== pod.pod.metadata.uid,
      );
      if (holders.length > 0) {
        const [nodeThen, stateThen] = [node.clone(), state.clone()];
        for (const holder of holders) {
          nodeThen.addPod(holder);
          this.runPreFilterAddPod(stateThen, pod, holder, nodeThen);
        }
        const status = this.runFilters(stateThen, pod, nodeThen);
        if (status !== undefined) return status;
      }
    }
    // They may never arrive, so the node must pass without them as well.
    return this.runFilters(state, pod, node);
  }

  runPreFilterAddPod(state: CycleState, pod: PodInfo, added: PodInfo, node: NodeInfo): void {
    for (const plugin of this.plugins.preFilter) {
      if (!state.skipFilter.has(plugin.name)) plugin.addPod?.(state, pod, added, node);
    }
  }

  runPreFilterRemovePod(state: CycleState, pod: PodInfo, removed: PodInfo, node: NodeInfo): void {
    for (const plugin of this.plugins.preFilter) {
      if (!state.skipFilter.has(plugin.name)) plugin.removePod?.(state, pod, removed, node);
    }
  }

  /** Asks the PostFilters in order until one succeeds; reasons of all that failed are put together. */
  runPostFilter(context: PostFilterContext): PostFilterResult {
    let nominatedNodeName: string | undefined;
    let rejector: string | undefined;
    const reasons: string[] = [];
    for (const plugin of this.plugins.postFilter as readonly Implementing<"postFilter">[]) {
      const result = plugin.postFilter(context);
      const { status } = result;
      if (status === undefined || status.code === "UnschedulableAndUnresolvable") return result;
      if (!isRejected(status)) return { status: byPlugin(status, plugin.name) };
      if (result.nominatedNodeName !== undefined) nominatedNodeName = result.nominatedNodeName;
      reasons.push(...status.reasons);
      rejector ??= plugin.name;
    }
    const status = byPlugin(unschedulable(...reasons), rejector ?? "");
    return nominatedNodeName === undefined ? { status } : { status, nominatedNodeName };
  }

  /** Answers an error, if some plugin has one. */
  runPreScore(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): Status | undefined {
    for (const plugin of this.plugins.preScore as readonly Implementing<"preScore">[]) {
      const status = plugin.preScore(state, pod, nodes);
      if (status === undefined) continue;
      if (status.code !== "Skip") return byPlugin(status, plugin.name);
      state.skipScore.add(plugin.name);
    }
    return undefined;
  }

  /** Scores of all plugins that did not skip; a score outside 0..100 after normalization is an error. */
  runScore(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): readonly PluginScores[] | Status {
    const scores: PluginScores[] = [];
    for (const plugin of this.plugins.score as readonly Implementing<"score">[]) {
      if (state.skipScore.has(plugin.name)) continue;
      const raw = nodes.map((node) => plugin.score(state, pod, node));
      const normalized = raw.slice();
      plugin.normalizeScore?.(state, pod, normalized, nodes);
      for (const score of normalized) {
        if (score < 0 || score > maxNodeScore) {
          const range = `[0, ${maxNodeScore}]`;
          return failure(
            `plugin "${plugin.name}" returns an invalid score ${score}, it should in the range of ${range}`,
          );
        }
      }
      scores.push({ plugin: plugin.name, weight: this.weights.get(plugin.name)!, raw, normalized });
    }
    return scores;
  }

  /** The first PreEnqueue that holds the pod back, if one does. */
  runPreEnqueue(pod: PodInfo): Status | undefined {
    for (const plugin of this.plugins.preEnqueue as readonly Implementing<"preEnqueue">[]) {
      const status = plugin.preEnqueue(pod);
      if (status !== undefined) return byPlugin(status, plugin.name);
    }
    return undefined;
  }

  /** Tells all plugins that the pod is to run there; the first that refuses ends it. */
  runReserve(state: CycleState, pod: PodInfo, nodeName: string): Status | undefined {
    for (const plugin of this.plugins.reserve as readonly Implementing<"reserve">[]) {
      const status = plugin.reserve(state, pod, nodeName);
      if (status !== undefined) return refusal("Reserve", status, plugin);
    }
    return undefined;
  }

  /** Takes back `runReserve`, whether it succeeded or not, in the opposite order. */
  runUnreserve(state: CycleState, pod: PodInfo, nodeName: string): void {
    for (const plugin of this.plugins.reserve.toReversed()) plugin.unreserve?.(state, pod, nodeName);
  }

  /** A refusal, or the plugins for which the pod must wait and for how long, or neither. */
  runPermit(state: CycleState, pod: PodInfo, nodeName: string): Status | ReadonlyMap<string, number> | undefined {
    const waits = new Map<string, number>();
    for (const plugin of this.plugins.permit as readonly Implementing<"permit">[]) {
      const answer = plugin.permit(state, pod, nodeName);
      if (answer === undefined) continue;
      if (!("timeoutUs" in answer)) return refusal("Permit", answer, plugin);
      waits.set(plugin.name, Math.min((answer as PermitWait).timeoutUs, longestPermitUs));
    }
    return waits.size === 0 ? undefined : waits;
  }

  /** What has to be done before the pod may be bound; `undefined`: nothing (RunPreBindPreFlights). */
  preBindWork(state: CycleState, pod: PodInfo, nodeName: string): Task<Status | undefined> | undefined {
    const works: [Plugin, Task<Status | undefined>][] = [];
    for (const plugin of this.plugins.preBind as readonly Implementing<"preBind">[]) {
      const work = plugin.preBind(state, pod, nodeName);
      if (work !== undefined) works.push([plugin, work]);
    }
    return works.length === 0 ? undefined : inTurn(works);
  }

  /** Binds the pod by the first plugin that does not skip it. */
  *runBind(state: CycleState, pod: PodInfo, nodeName: string): Task<Status | undefined> {
    for (const plugin of this.plugins.bind as readonly Implementing<"bind">[]) {
      const work = plugin.bind(state, pod, nodeName);
      if (work === "skip") continue;
      const status = yield* work;
      return status === undefined ? undefined : refusal("Bind", status, plugin);
    }
    return failure("all bind plugins skipped");
  }

  runPostBind(state: CycleState, pod: PodInfo, nodeName: string): void {
    for (const plugin of this.plugins.postBind as readonly Implementing<"postBind">[]) {
      plugin.postBind(state, pod, nodeName);
    }
  }
}

function* inTurn(works: readonly [Plugin, Task<Status | undefined>][]): Task<Status | undefined> {
  for (const [plugin, work] of works) {
    const status = yield* work;
    if (status !== undefined) return refusal("PreBind", status, plugin);
  }
  return undefined;
}

/** Of a framework that only decides: virtual time stands still and luck is constant. */
function nowhere(): FrameworkSurroundings {
  return { waitingPods: new WaitingPods(), nowUs: () => 0, random: () => 0 };
}

/** A rejection as the plugin gave it; an error says where it came from. */
function refusal(point: string, status: Status, { name }: Plugin): Status {
  if (isRejected(status)) return byPlugin(status, name);
  return byPlugin(failure(`running ${point} plugin "${name}": ${status.reasons.join(", ")}`), name);
}

function intersection(left: ReadonlySet<string>, right: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...left].filter((name) => right.has(name)));
}
