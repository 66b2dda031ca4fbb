import { CycleState } from "../framework/cycle-state.ts";
import type { Framework, Implementing } from "../framework/framework.ts";
import { byPlugin, type Status } from "../framework/status.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";
import type { ChangeLog } from "./change-log.ts";
import { DryRuns } from "./dry-runs.ts";

/** Plugins whose answer about a node depends on other nodes too; all others are asked once per node and change of it. */
export const crossNodePlugins: ReadonlySet<string> = new Set(["PodTopologySpread", "InterPodAffinity"]);

const unknown = 65535;

/** A normalized score: raw values by slot, and whether any known one is not 0. */
interface RawColumn {
  readonly plugin: Implementing<"score">;
  readonly weight: number;
  raw: Int32Array;
  anyRaw: boolean;
}

/**
 * What the plugins that look at one node only say about pods that are alike: verdicts and scores by slot, computed by the plain
 * plugins when first asked for and again after the node has changed.
 */
export class LocalClass {
  /** 0: passes; `unknown`: not asked since the node changed; else 1 + index into `statuses`. */
  verdicts: Uint16Array;
  /** Σ weight × score of plugins that do not normalize. */
  scores: Int32Array;
  readonly columns: readonly RawColumn[];
  readonly statuses: Status[] = [];
  /** Set when PreFilter rejects such pods, or names the nodes: then nothing here holds. */
  readonly usable: boolean;
  /** How much of the log of changes has been taken in. */
  cursor = 0;

  readonly state: CycleState = new CycleState();
  readonly pod: PodInfo;
  #alone: CycleState | undefined;
  /** By priority, which is no part of a class. */
  readonly #dryRuns: Map<number, DryRuns> = new Map();
  readonly #filters: readonly Implementing<"filter">[];
  readonly #scorers: readonly { readonly plugin: Implementing<"score">; readonly weight: number }[];
  readonly #statusIds: Map<string, number> = new Map();
  readonly #knownIds: Map<Status, number> = new Map();

  /** Without `withScores` only verdicts are known. */
  constructor(framework: Framework, pod: PodInfo, slots: number, withScores: boolean) {
    this.pod = pod;
    this.verdicts = new Uint16Array(slots).fill(unknown);
    this.scores = new Int32Array(slots);
    const isLocal = ({ name }: { readonly name: string }): boolean => !crossNodePlugins.has(name);
    this.usable = true;
    for (const plugin of framework.plugins.preFilter.filter(isLocal) as readonly Implementing<"preFilter">[]) {
      const answer = plugin.preFilter(this.state, pod, framework.snapshot);
      if (answer === undefined) continue;
      if ("code" in answer && answer.code === "Skip") this.state.skipFilter.add(plugin.name);
      else this.usable = false;
    }
    const { preScore, score } = withScores ? framework.plugins : noScores;
    for (const plugin of preScore.filter(isLocal) as readonly Implementing<"preScore">[]) {
      if (plugin.preScore(this.state, pod, []) !== undefined) this.state.skipScore.add(plugin.name);
    }
    this.#filters = (framework.plugins.filter as readonly Implementing<"filter">[]).filter(
      (plugin) => isLocal(plugin) && !this.state.skipFilter.has(plugin.name) && plugin.name !== "DynamicResources",
    );
    const scorers = (score as readonly Implementing<"score">[])
      .filter((plugin) => isLocal(plugin) && !this.state.skipScore.has(plugin.name))
      // Without claims the former scores 0 everywhere; the latter depends on other nodes, see `ImageScores`.
      .filter(({ name }) => name !== "DynamicResources" && name !== "ImageLocality")
      .map((plugin) => ({ plugin, weight: framework.weights.get(plugin.name)! }));
    this.#scorers = scorers.filter(({ plugin }) => plugin.normalizeScore === undefined);
    this.columns = scorers
      .filter(({ plugin }) => plugin.normalizeScore !== undefined)
      .map(({ plugin, weight }) => ({ plugin, weight, raw: new Int32Array(slots), anyRaw: false }));
  }

  dryRunsFor(priority: number): DryRuns {
    let dryRuns = this.#dryRuns.get(priority);
    if (dryRuns === undefined) {
      dryRuns = new DryRuns();
      this.#dryRuns.set(priority, dryRuns);
    }
    return dryRuns;
  }

  /** The state of a cycle in which plugins that look across nodes have nothing to say. */
  get stateWithoutCrossNodes(): CycleState {
    const { skipFilter, skipScore } = this.state;
    this.#alone ??= this.state.clone().skipping([...skipFilter, ...crossNodePlugins], skipScore);
    return this.#alone;
  }

  /** Takes in that there are more slots. */
  grow(slots: number): void {
    if (slots <= this.verdicts.length) return;
    const length = Math.max(slots, Math.ceil(this.verdicts.length * 1.5));
    const verdicts = new Uint16Array(length).fill(unknown);
    verdicts.set(this.verdicts);
    this.verdicts = verdicts;
    this.scores = grown(this.scores, length);
    for (const column of this.columns) column.raw = grown(column.raw, length);
  }

  /** Takes in which nodes have changed. */
  catchUp({ slots, dropped, end }: ChangeLog): void {
    if (end === this.cursor) return;
    if (this.cursor < dropped || end - this.cursor > this.verdicts.length) this.verdicts.fill(unknown);
    else for (let at = this.cursor - dropped; at < slots.length; at++) this.verdicts[slots[at]!] = unknown;
    this.cursor = end;
  }

  /** Asks the plugins about the node; its scores are known as well if it passes. */
  ask(node: NodeInfo): number {
    const { slot } = node;
    const verdict = this.#verdictOn(node);
    this.verdicts[slot] = verdict;
    if (verdict !== 0) return verdict;
    let score = 0;
    for (const { plugin, weight } of this.#scorers) score += weight * plugin.score(this.state, this.pod, node);
    this.scores[slot] = score;
    for (const column of this.columns) {
      const raw = column.plugin.score(this.state, this.pod, node);
      column.raw[slot] = raw;
      if (raw !== 0) column.anyRaw = true;
    }
    return 0;
  }

  #verdictOn(node: NodeInfo): number {
    for (const plugin of this.#filters) {
      const status = plugin.filter(this.state, this.pod, node);
      if (status !== undefined) return this.#knownIds.get(status) ?? this.#idOf(status, plugin.name);
    }
    return 0;
  }

  #idOf(status: Status, plugin: string): number {
    const key = `${plugin}/${status.code}/${status.reasons.join("/")}`;
    let id = this.#statusIds.get(key);
    if (id === undefined) {
      this.statuses.push(byPlugin(status, plugin));
      id = this.statuses.length;
      this.#statusIds.set(key, id);
      this.#knownIds.set(status, id); // Most plugins reject with one and the same object.
    }
    return id;
  }
}

const noScores: Pick<Framework["plugins"], "preScore" | "score"> = { preScore: [], score: [] };

function grown(column: Int32Array, length: number): Int32Array {
  const longer = new Int32Array(length);
  longer.set(column);
  return longer;
}

/** Marks a verdict that must be asked for. */
export const unknownVerdict: number = unknown;
