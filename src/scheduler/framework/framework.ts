import {
  ConfigurationError,
  type ExtensionPoint,
  extensionPoints,
  type PluginReference,
  type Profile,
} from "../configuration/kube-scheduler-configuration.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { CycleState } from "./cycle-state.ts";
import {
  maxNodeScore,
  type Plugin,
  type PluginDefinition,
  type PluginHandle,
  type PostFilterContext,
  type PostFilterResult,
} from "./plugin.ts";
import { byPlugin, failure, isRejected, type Status, unresolvable, unschedulable } from "./status.ts";

/** Plugins by name, from which profiles choose. */
export type Registry = ReadonlyMap<string, PluginDefinition>;

/** The method that makes a plugin take part in a point. */
const methodOf = {
  preEnqueue: "preEnqueue",
  queueSort: "less",
  preFilter: "preFilter",
  filter: "filter",
  postFilter: "postFilter",
  preScore: "preScore",
  score: "score",
  reserve: "reserve",
  permit: "permit",
  preBind: "preBind",
  bind: "bind",
  postBind: "postBind",
} as const satisfies Record<ExtensionPoint, keyof Plugin>;

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
  readonly plugins: { readonly [Point in ExtensionPoint]: readonly Plugin[] };
  readonly weights: ReadonlyMap<string, number>;
  /** What its plugins were made from. */
  readonly registry: Registry;

  constructor(profile: Profile, registry: Registry, snapshot: Snapshot) {
    this.profile = profile;
    this.registry = registry;
    this.snapshot = snapshot;
    const handle: PluginHandle = {
      snapshot,
      runFiltersWithNominatedPods: (state, pod, node) => this.runFiltersWithNominatedPods(state, pod, node),
      runPreFilterAddPod: (state, pod, added, node) => this.runPreFilterAddPod(state, pod, added, node),
      runPreFilterRemovePod: (state, pod, removed, node) => this.runPreFilterRemovePod(state, pod, removed, node),
    };
    const instances = instantiate(profile, registry, handle);
    this.plugins = resolvePoints(profile, instances);
    this.weights = scoreWeights(profile, this.plugins.score);
    this.#checkCounts();
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

  #checkCounts(): void {
    const { schedulerName } = this.profile;
    if (this.plugins.queueSort.length !== 1) {
      const got = this.plugins.queueSort.length;
      throw refused(
        schedulerName,
        `only one queue sort plugin required for profile with scheduler name "${schedulerName}", but got ${got}`,
      );
    }
    if (this.plugins.bind.length === 0) {
      throw refused(
        schedulerName,
        `at least one bind plugin is needed for profile with scheduler name "${schedulerName}"`,
      );
    }
  }
}

function intersection(left: ReadonlySet<string>, right: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...left].filter((name) => right.has(name)));
}

/** A refusal while a profile is built, in upstream's words. */
export function refused(schedulerName: string, message: string, field = ""): ConfigurationError {
  const where = `initializing profiles: creating profile for scheduler name ${schedulerName}: `;
  return new ConfigurationError("build", field, where + message);
}

function instantiate(profile: Profile, registry: Registry, handle: PluginHandle): Map<string, Plugin> {
  const needed = new Set(profile.multiPoint.map(({ name }) => name));
  for (const point of extensionPoints) for (const { name } of profile.points[point].enabled) needed.add(name);
  const instances = new Map<string, Plugin>();
  for (const name of needed) {
    const definition = registry.get(name);
    if (definition === undefined) continue; // Named where it would have run, below.
    try {
      instances.set(name, definition.create(profile.pluginConfig.get(name) ?? {}, handle));
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      throw refused(profile.schedulerName, `initializing plugin "${name}": ${error.message}`, error.field);
    }
  }
  return instances;
}

/** `PreFilterPlugin`: upstream's name of the interface of a point. */
const interfaceOf = (point: ExtensionPoint): string => `${point[0]!.toUpperCase()}${point.slice(1)}Plugin`;

function resolvePoints(profile: Profile, instances: ReadonlyMap<string, Plugin>): Framework["plugins"] {
  const points: Partial<Record<ExtensionPoint, readonly Plugin[]>> = {};
  for (const point of extensionPoints) checkSpecific(profile, point, instances);
  for (const point of extensionPoints) points[point] = pluginsAt(profile, point, instances);
  return points as Framework["plugins"];
}

function checkSpecific(profile: Profile, point: ExtensionPoint, instances: ReadonlyMap<string, Plugin>): void {
  const seen = new Set<string>();
  for (const { name } of profile.points[point].enabled) {
    const plugin = instances.get(name);
    const wanted = interfaceOf(point);
    if (plugin === undefined) throw refused(profile.schedulerName, `${wanted} "${name}" does not exist`);
    if (plugin[methodOf[point]] === undefined) {
      throw refused(profile.schedulerName, `plugin "${name}" does not extend ${wanted} plugin`);
    }
    if (seen.has(name)) throw refused(profile.schedulerName, `plugin "${name}" already registered as "${wanted}"`);
    seen.add(name);
  }
}

/**
 * First plugins named at this point and in multiPoint, in the order named here; then the rest of multiPoint; then those
 * named only here.
 */
function pluginsAt(profile: Profile, point: ExtensionPoint, instances: ReadonlyMap<string, Plugin>): readonly Plugin[] {
  const { enabled, disabled } = profile.points[point];
  const here = enabled.map(({ name }) => name);
  const off = new Set(disabled.map(({ name }) => name));
  const expanded = new Set<string>();
  const overridden = new Set<string>();
  if (!off.has("*")) {
    for (const { name } of profile.multiPoint) {
      const plugin = instances.get(name);
      if (plugin === undefined) throw refused(profile.schedulerName, `${interfaceOf(point)} "${name}" does not exist`);
      if (plugin[methodOf[point]] === undefined || off.has(name)) continue;
      if (here.includes(name)) overridden.add(name);
      else if (expanded.has(name)) {
        throw refused(profile.schedulerName, `plugin "${name}" already registered as "${interfaceOf(point)}"`);
      } else expanded.add(name);
    }
  }
  const first = here.filter((name) => overridden.has(name));
  const last = here.filter((name) => !overridden.has(name));
  return [...first, ...expanded, ...last].map((name) => instances.get(name)!);
}

/** The weight given at `score` wins over that of multiPoint; 0 and none are 1. */
function scoreWeights(profile: Profile, scorers: readonly Plugin[]): ReadonlyMap<string, number> {
  const references: readonly PluginReference[] = [...profile.points.score.enabled, ...profile.multiPoint];
  const weights = new Map<string, number>();
  for (const { name } of scorers) {
    const weight = references.find((reference) => reference.name === name)?.weight ?? 0;
    weights.set(name, weight === 0 ? 1 : weight);
  }
  return weights;
}
