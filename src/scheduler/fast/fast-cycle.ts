import { chooseHost, treeOrder } from "../cycle/choose-host.ts";
import { nodesUnavailable } from "../cycle/fit-error.ts";
import { numFeasibleNodesToFind } from "../cycle/sampling.ts";
import { type Decision, type Scheduled, type SchedulerState, schedulePod, weightedSum } from "../cycle/schedule-pod.ts";
import { CycleState } from "../framework/cycle-state.ts";
import type { Framework } from "../framework/framework.ts";
import type { PostFilterResult } from "../framework/plugin.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";
import { ImageLocality } from "./image-scores.ts";
import { type LocalClass, unknownVerdict } from "./local-class.ts";
import type { PodClass } from "./pod-class.ts";
import { PodClasses } from "./pod-classes.ts";
import { PodTallies } from "./pod-tallies.ts";
import { hasOwnPlugins, isSupported, isUnusual, remembersScores } from "./supported.ts";
import { VerdictStatuses } from "./verdict-statuses.ts";

/**
 * `schedulePod` with a memory: answers of plugins are kept by class of equal pods and asked for again only where a node has
 * changed. Decides as the plain code does; pods and profiles it was not made for are handed to the plain code.
 */
export class FastCycle {
  readonly #framework: Framework;
  readonly #supported: boolean;
  readonly #remembersScores: boolean;
  readonly #tallies: PodTallies;
  readonly #classes: PodClasses;
  readonly #images: ImageLocality;
  readonly #plugins: {
    readonly affinityFilters: boolean;
    readonly spreadFilters: boolean;
    readonly affinityWeight: number;
    readonly spreadWeight: number;
  };
  /** Shared by all decisions, unless plugins of the user's may write into it. */
  readonly #emptyState: CycleState | undefined;
  #order: readonly NodeInfo[] = [];
  #slots: Int32Array = new Int32Array(0);
  #feasible: Int32Array = new Int32Array(0);
  #totals: Int32Array = new Int32Array(0);
  #raws: Float64Array = new Float64Array(0);
  #treeOrder: Float64Array = new Float64Array(0);
  #nodeOfSlot: NodeInfo[] = [];
  #unblocked: Uint16Array = new Uint16Array(0);
  #held: Uint16Array = new Uint16Array(0);
  #withImages: Int32Array = new Int32Array(0);
  readonly #heldSlots: number[] = [];
  readonly #columns: number[] = [];

  /** `tallies` may be shared by the profiles of one scheduler. */
  constructor(framework: Framework, tallies: PodTallies = new PodTallies(framework.snapshot)) {
    this.#framework = framework;
    this.#tallies = tallies;
    this.#classes = new PodClasses(framework, tallies);
    this.#images = new ImageLocality(framework.snapshot, framework.weights.get("ImageLocality") ?? 0);
    this.#supported = isSupported(framework);
    this.#remembersScores = remembersScores(framework);
    this.#emptyState = hasOwnPlugins(framework) ? undefined : new CycleState();
    const filters = (plugin: string): boolean => framework.plugins.filter.some(({ name }) => name === plugin);
    this.#plugins = {
      affinityFilters: filters("InterPodAffinity"),
      spreadFilters: filters("PodTopologySpread"),
      affinityWeight: framework.weights.get("InterPodAffinity") ?? 0,
      spreadWeight: framework.weights.get("PodTopologySpread") ?? 0,
    };
  }

  /** One scheduling cycle, as `schedulePod` decides it; scores are not told. */
  schedule(pod: PodInfo, scheduler: SchedulerState): Decision {
    const { snapshot } = this.#framework;
    if (!this.#supported || snapshot.nodeCount === 0 || isUnusual(pod)) {
      return schedulePod(this.#framework, pod, scheduler);
    }
    this.#tallies.trim();
    const podClass = this.#classes.of(pod);
    if (!podClass.local.usable) return schedulePod(this.#framework, pod, scheduler);
    this.#noticeOrder();
    this.#noticeHolders(pod);
    const { affinity, spread } = podClass;
    const crossFilters =
      (this.#plugins.affinityFilters && podClass.affinity.filters) ||
      (this.#plugins.spreadFilters && podClass.spread.filters);
    if (crossFilters) {
      affinity.prepareFilter();
      spread.prepareFilter();
    }

    const nominated = pod.pod.status?.nominatedNodeName ?? "";
    const node = nominated === "" ? undefined : snapshot.node(nominated);
    if (node !== undefined && this.#passes(podClass, node.slot)) return this.#scheduled(node, 1, 1);

    const start = scheduler.nextStartNodeIndex;
    const { count, evaluated, highestFound, scores } = this.#search(podClass, pod, scheduler);
    if (count === 0) {
      // Reasons of plugins that look across nodes are found out by the plain code, which moves the start index itself.
      if (crossFilters || this.#heldSlots.length > 0) return schedulePod(this.#framework, pod, scheduler);
      // All nodes were tried, so the next search starts where this one did.
      return this.#unschedulable(pod, podClass.local, scheduler);
    }
    const best = count === 1 ? 0 : this.#choose(podClass, pod, scores, count, highestFound);
    if (best === undefined) return schedulePod(this.#framework, pod, scheduler);
    scheduler.nextStartNodeIndex = (start + evaluated) % this.#order.length;
    return this.#scheduled(this.#nodeOfSlot[this.#feasible[best]!]!, count, evaluated);
  }

  #scheduled(node: NodeInfo, feasibleNodes: number, evaluatedNodes: number): Scheduled {
    const feasible = this.#feasible;
    const nodeOfSlot = this.#nodeOfSlot;
    return {
      result: "scheduled",
      nodeName: node.name,
      feasibleNodes,
      get feasible() {
        return feasibleNodes === 1
          ? [node]
          : Array.from(feasible.subarray(0, feasibleNodes), (slot) => nodeOfSlot[slot]!);
      },
      evaluatedNodes,
      state: this.#emptyState ?? new CycleState(),
    };
  }

  /** Marks nodes on which pods nominated there leave no room for this one; the plain code tries them out. */
  #noticeHolders(pod: PodInfo): void {
    const { nominated } = this.#framework.snapshot;
    if (this.#heldSlots.length > 0) {
      for (const slot of this.#heldSlots) this.#held[slot] = 0;
      this.#heldSlots.length = 0;
    }
    if (nominated.size === 0) return;
    let state: CycleState | undefined;
    for (const [nodeName, holders] of nominated.byNode()) {
      const node = this.#framework.snapshot.node(nodeName);
      if (node === undefined || !holdsRoomAgainst(pod, holders.values())) continue;
      if (state === undefined) {
        state = new CycleState();
        this.#framework.runPreFilter(state, pod);
      }
      if (this.#framework.runFiltersWithNominatedPods(state, pod, node) === undefined) continue;
      this.#held[node.slot] = 1;
      this.#heldSlots.push(node.slot);
    }
  }

  #noticeOrder(): void {
    const { snapshot } = this.#framework;
    if (snapshot.nodes === this.#order) return;
    this.#order = snapshot.nodes;
    this.#slots = Int32Array.from(this.#order, ({ slot }) => slot);
    this.#feasible = new Int32Array(this.#order.length);
    this.#totals = new Int32Array(this.#order.length);
    this.#raws = new Float64Array(this.#order.length);
    this.#treeOrder = Float64Array.from(this.#order, (_node, index) => treeOrder(index));
    this.#unblocked = new Uint16Array(snapshot.slotCount);
    this.#held = new Uint16Array(snapshot.slotCount);
    this.#withImages = new Int32Array(snapshot.slotCount);
    this.#heldSlots.length = 0;
    this.#nodeOfSlot = new Array(snapshot.slotCount);
    for (const node of this.#order) this.#nodeOfSlot[node.slot] = node;
  }

  #passes({ local, affinity, spread }: PodClass, slot: number): boolean {
    let verdict = local.verdicts[slot]!;
    if (verdict === unknownVerdict) verdict = local.ask(this.#nodeOfSlot[slot]!);
    if (verdict !== 0 || this.#held[slot] !== 0) return false;
    if (this.#plugins.spreadFilters && spread.filters && spread.blocked[slot] !== 0) return false;
    return !(this.#plugins.affinityFilters && affinity.filters) || affinity.blocked[slot] === 0;
  }

  /** Fills `#feasible` from the start index on, until one more than wanted passes or all have been tried. */
  #search(podClass: PodClass, pod: PodInfo, scheduler: SchedulerState): Search {
    const { verdicts, scores: ownScores } = podClass.local;
    const images = this.#images.scoresFor(pod);
    const scores = images === undefined ? ownScores : this.#withImages;
    const order = this.#treeOrder;
    const held = this.#held;
    let highestFound = 0;
    let highest = -2_147_483_648; // The least integer: a float here would make every comparison one.
    const slots = this.#slots;
    const feasible = this.#feasible;
    const { profile, plugins } = this.#framework;
    const percentage = profile.percentageOfNodesToScore ?? scheduler.percentageOfNodesToScore;
    const wanted = plugins.score.length === 0 ? 1 : numFeasibleNodesToFind(slots.length, percentage);
    // A rule that does not filter in this profile blocks nothing.
    const { spread, affinity } = podClass;
    const bySpread = this.#plugins.spreadFilters && spread.filters ? spread.blocked : this.#unblocked;
    const byAffinity = this.#plugins.affinityFilters && affinity.filters ? affinity.blocked : this.#unblocked;
    const anyBlocked = bySpread !== byAffinity || this.#heldSlots.length > 0;
    const start = scheduler.nextStartNodeIndex % slots.length; // Nodes may have gone since.
    let count = 0;
    // From the start index to the end of the list, then from its beginning.
    for (let turn = 0; turn < 2; turn++) {
      const end = turn === 0 ? slots.length : start;
      for (let at = turn === 0 ? start : 0; at < end; at++) {
        const slot = slots[at]!;
        let verdict = verdicts[slot]!;
        if (verdict === unknownVerdict) verdict = podClass.local.ask(this.#nodeOfSlot[slot]!);
        if (verdict !== 0) continue;
        if (anyBlocked && (bySpread[slot] !== 0 || byAffinity[slot] !== 0 || held[slot] !== 0)) continue;
        if (count === wanted) {
          return { count, evaluated: turn === 0 ? at - start : slots.length - start + at, highestFound, scores };
        }
        feasible[count] = slot;
        if (images !== undefined) scores[slot] = ownScores[slot]! + images.at(slot);
        const score = scores[slot]!;
        if (score > highest || (score === highest && order[count]! < order[highestFound]!)) {
          highestFound = count;
          highest = score;
        }
        count++;
      }
    }
    return { count, evaluated: slots.length, highestFound, scores };
  }

  /** The place in `#feasible` of the node that upstream's heap would bring to the top. */
  #choose(
    podClass: PodClass,
    pod: PodInfo,
    scores: Int32Array,
    count: number,
    highestFound: number,
  ): number | undefined {
    if (!this.#remembersScores) return this.#chooseByPlainScores(pod, count);
    const feasible = this.#feasible;
    const crossScores =
      (this.#plugins.affinityWeight > 0 && podClass.affinity.scores) ||
      (this.#plugins.spreadWeight > 0 && podClass.spread.scores);
    if (!crossScores && !hasColumns(podClass.local)) return highestFound;
    const scoresAffinity = this.#plugins.affinityWeight > 0 && podClass.affinity.scores;
    const byDomain =
      scoresAffinity || hasColumns(podClass.local) ? undefined : podClass.spread.normalizedByDomain(feasible, count);
    if (byDomain !== undefined) return this.#bestByDomain(scores, count, byDomain.ofSlot, byDomain.normalized);
    const totals = this.#totals;
    for (let at = 0; at < count; at++) totals[at] = scores[feasible[at]!]!;
    for (const { plugin, weight, raw, anyRaw } of podClass.local.columns) {
      if (!anyRaw) continue; // All the same for every node.
      const normalized = this.#columns;
      normalized.length = count;
      for (let at = 0; at < count; at++) normalized[at] = raw[feasible[at]!]!;
      plugin.normalizeScore!(podClass.local.state, podClass.local.pod, normalized, this.#order);
      for (let at = 0; at < count; at++) totals[at]! += weight * normalized[at]!;
    }
    if (scoresAffinity) this.#addAffinity(podClass, count);
    if (this.#plugins.spreadWeight > 0 && podClass.spread.scores) this.#addSpread(podClass, count);
    return firstHighest(totals, count, this.#treeOrder);
  }

  /** The winner when some plugin wants to be asked anew; none on errors, which the plain code tells. */
  #chooseByPlainScores(pod: PodInfo, count: number): number | undefined {
    const nodes = Array.from(this.#feasible.subarray(0, count), (slot) => this.#nodeOfSlot[slot]!);
    const state = new CycleState();
    this.#framework.runPreFilter(state, pod);
    if (this.#framework.runPreScore(state, pod, nodes) !== undefined) return undefined;
    const scores = this.#framework.runScore(state, pod, nodes);
    if ("code" in scores) return undefined;
    return chooseHost(nodes.map((_node, index) => weightedSum(scores, index)));
  }

  /** The winner when, besides scores of single nodes, only a score by domain counts. */
  #bestByDomain(scores: Int32Array, count: number, ofSlot: Int32Array, normalized: Float64Array): number {
    const weight = this.#plugins.spreadWeight;
    const feasible = this.#feasible;
    const order = this.#treeOrder;
    let best = 0;
    let highest = Number.NEGATIVE_INFINITY;
    for (let at = 0; at < count; at++) {
      const slot = feasible[at]!;
      const domain = ofSlot[slot]!;
      const total = domain < 0 ? scores[slot]! : scores[slot]! + weight * normalized[domain]!;
      if (total < highest || (total === highest && order[at]! > order[best]!)) continue;
      best = at;
      highest = total;
    }
    return best;
  }

  #addAffinity({ affinity }: PodClass, count: number): void {
    const raws = this.#raws;
    affinity.score(this.#feasible, count, raws);
    let lowest = raws[0]!;
    let highest = lowest;
    for (let at = 1; at < count; at++) {
      const raw = raws[at]!;
      if (raw < lowest) lowest = raw;
      else if (raw > highest) highest = raw;
    }
    const range = highest - lowest;
    if (range === 0) return;
    const weight = this.#plugins.affinityWeight;
    for (let at = 0; at < count; at++) this.#totals[at]! += weight * Math.trunc(100 * ((raws[at]! - lowest) / range));
  }

  #addSpread({ spread }: PodClass, count: number): void {
    const raws = this.#raws;
    spread.score(this.#feasible, count, raws);
    let lowest = Number.POSITIVE_INFINITY;
    let highest = 0;
    for (let at = 0; at < count; at++) {
      const raw = raws[at]!;
      if (raw < 0) continue;
      if (raw < lowest) lowest = raw;
      if (raw > highest) highest = raw;
    }
    const weight = this.#plugins.spreadWeight;
    let seen = Number.NaN; // Domains are few: mostly the last answer holds.
    let normalized = 0;
    for (let at = 0; at < count; at++) {
      const raw = raws[at]!;
      if (raw < 0) continue;
      if (raw !== seen) {
        seen = raw;
        normalized = highest === 0 ? 100 : Math.trunc((100 * (highest + lowest - raw)) / highest);
      }
      this.#totals[at]! += weight * normalized;
    }
  }

  #unschedulable(pod: PodInfo, local: LocalClass, { random }: SchedulerState): Decision {
    const { snapshot, plugins } = this.#framework;
    const statuses = new VerdictStatuses(local, this.#order, this.#slots);
    const unschedulablePlugins = [...new Set(statuses.counts.map(([{ plugin }]) => plugin!))].sort();
    const state = local.stateWithoutCrossNodes;
    let postFilter: PostFilterResult | undefined;
    if (plugins.postFilter.length > 0) {
      const dryRuns = local.dryRunsFor(pod.priority);
      dryRuns.catchUp(this.#tallies.touches, snapshot.objects.budgetsVersion);
      postFilter = this.#framework.runPostFilter({ state, pod, statuses, random, dryRuns });
    }
    const reasons = postFilter?.status?.reasons.join(", ") ?? "";
    const numAllNodes = snapshot.nodeCount;
    const message = nodesUnavailable(numAllNodes, "", statuses, reasons);
    const fitError = { numAllNodes, preFilterMessage: "", statuses, unschedulablePlugins };
    return { result: "unschedulable", fitError, message, postFilter, state };
  }
}

interface Search {
  readonly count: number;
  /** Feasible and rejected nodes. */
  readonly evaluated: number;
  /** The place in `#feasible` that wins by scores that need no normalization. */
  readonly highestFound: number;
  /** Those scores, by slot. */
  readonly scores: Int32Array;
}

function holdsRoomAgainst(pod: PodInfo, holders: Iterable<PodInfo>): boolean {
  for (const { priority, pod: other } of holders) {
    if (priority >= pod.priority && other.metadata.uid !== pod.pod.metadata.uid) return true;
  }
  return false;
}

/** Whether some normalized score is not the same for all nodes. */
function hasColumns({ columns }: LocalClass): boolean {
  for (const { anyRaw } of columns) if (anyRaw) return true;
  return false;
}

function firstHighest(totals: Int32Array, count: number, order: Float64Array): number {
  let best = 0;
  let highest = totals[0]!;
  for (let at = 1; at < count; at++) {
    const total = totals[at]!;
    if (total < highest || (total === highest && order[at]! > order[best]!)) continue;
    best = at;
    highest = total;
  }
  return best;
}
