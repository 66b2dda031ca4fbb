import type { CompiledLabelSelector } from "../../model/index.ts";
import { log } from "../../sim/index.ts";
import {
  constraintsFor,
  type DefaultConstraint,
  hasAllKeys,
  NodeInclusion,
  type SpreadConstraint,
} from "../plugins/spread-constraints.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";
import { selectorText } from "../snapshot/selector-text.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { BlockRule } from "./block-rule.ts";
import { labelPair, type PodTallies } from "./pod-tallies.ts";
import type { DomainCounts, Tally, Topology } from "./tally.ts";

const hostname = "kubernetes.io/hostname";

interface HardRule {
  readonly block: BlockRule;
  readonly counts: DomainCounts;
  /** Domains that have a node which counts. */
  readonly exists: Uint8Array;
  readonly domains: number;
  readonly minDomains: number;
  /** Highest count at which a node still passes when the emptiest domain is empty. */
  readonly room: number;
  /** That of this cycle. */
  highest: number;
}

/** Prefers nodes with few pods: a sum by domain is not needed. */
interface NodeRule {
  readonly perNode: true;
  readonly tally: Tally;
  readonly topology: Topology;
  readonly skew: number;
}

interface DomainRule {
  readonly perNode: false;
  readonly counts: DomainCounts;
  readonly skew: number;
  /** What a node of the domain gets in this cycle. */
  readonly scores: Float64Array;
  /** By domain, the last cycle that saw a feasible node there. */
  readonly seen: Int32Array;
}

type SoftRule = NodeRule | DomainRule;

/** Topology spread of pods that are alike, answered from sums by domain. */
export class SpreadRules {
  readonly #hard: HardRule[];
  readonly #soft: SoftRule[];
  readonly #hasHardKeys: Uint8Array;
  readonly #requiresKeys: boolean;
  readonly #hasSoftKeys: Uint8Array;
  readonly #selectors: string;
  #cycle = 0;
  /** How many rules keep such pods off a slot; empty while there is no rule. */
  readonly blocked: Uint16Array;

  constructor(
    tallies: PodTallies,
    snapshot: Snapshot,
    pod: PodInfo,
    defaults: readonly DefaultConstraint[],
    system: boolean,
  ) {
    const hard = constraintsFor(pod, "DoNotSchedule", defaults, snapshot);
    const soft = constraintsFor(pod, "ScheduleAnyway", defaults, snapshot);
    this.#selectors = selectorsOf(hard, soft);
    this.honorsTaints = [...hard, ...soft].some((constraint) => constraint.honorsTaints);
    this.#requiresKeys = (pod.pod.spec.topologySpreadConstraints?.length ?? 0) > 0 || !system;
    this.#hasHardKeys = keyMask(snapshot, hard);
    this.#hasSoftKeys = keyMask(snapshot, soft);
    const inclusion = new NodeInclusion(pod);
    const tallyOf = ({ selector }: SpreadConstraint): Tally =>
      tallies.matching(
        `${pod.namespace}\u0003${selectorText(selector)}`,
        true,
        (namespace, labels) => namespace === pod.namespace && !selector.empty && selector.matches(labels),
        demandOf(pod.namespace, selector),
      );
    const countsOf = (constraint: SpreadConstraint, keys: Uint8Array | undefined, name: string): DomainCounts => {
      const { topologyKey, honorsAffinity, honorsTaints } = constraint;
      const mask = keys?.slice() ?? new Uint8Array(snapshot.slotCount).fill(1);
      for (const node of snapshot.nodes) if (!inclusion.includes(node, constraint)) mask[node.slot] = 0;
      const { nodeSelector, affinity } = pod.pod.spec;
      const policies = JSON.stringify([
        name,
        honorsAffinity ? [nodeSelector, affinity?.nodeAffinity] : "",
        honorsTaints ? [pod.tolerations, snapshot.taintsVersion] : "",
      ]);
      return tallyOf(constraint).byDomain(`${topologyKey}\u0003${policies}`, tallies.topology(topologyKey), mask);
    };
    const keysOf = (constraints: readonly SpreadConstraint[]): string =>
      constraints
        .map(({ topologyKey }) => topologyKey)
        .sort()
        .join(",");
    this.blocked = new Uint16Array(hard.length === 0 ? 0 : snapshot.slotCount);
    this.#hard = hard.map((constraint) => {
      const counts = countsOf(constraint, this.#hasHardKeys, keysOf(hard));
      const exists = existing(counts, snapshot);
      const self = constraint.selector.matches(pod.labels) ? 1 : 0;
      const { minDomains, maxSkew } = constraint;
      const domains = exists.reduce((sum, one) => sum + one, 0);
      const room = maxSkew - self;
      const rule: Omit<HardRule, "block"> = { counts, exists, domains, minDomains, room, highest: 0 };
      const closes = (count: number): boolean => count > (rule as HardRule).highest;
      return Object.assign(rule, { block: new BlockRule(counts, this.blocked, "closed", closes) });
    });
    this.#soft = soft.map((constraint) => {
      const skew = constraint.maxSkew - 1;
      if (constraint.topologyKey === hostname)
        return { perNode: true, tally: tallyOf(constraint), topology: tallies.topology(hostname), skew };
      const keys = this.#requiresKeys ? this.#hasSoftKeys : undefined;
      const counts = countsOf(constraint, keys, keys === undefined ? "" : keysOf(soft));
      const { domains } = counts.topology;
      return { perNode: false, counts, skew, seen: new Int32Array(domains), scores: new Float64Array(domains) };
    });
  }

  /** Whether taints of nodes decide which of them count. */
  readonly honorsTaints: boolean;

  /** Whether it counts the pods still that a new one would, though services or controllers came or went. */
  countsAsNew(snapshot: Snapshot, pod: PodInfo, defaults: readonly DefaultConstraint[]): boolean {
    const [hard, soft] = [
      constraintsFor(pod, "DoNotSchedule", defaults, snapshot),
      constraintsFor(pod, "ScheduleAnyway", defaults, snapshot),
    ];
    return selectorsOf(hard, soft) === this.#selectors;
  }

  get filters(): boolean {
    return this.#hard.length > 0;
  }

  get scores(): boolean {
    return this.#soft.length > 0;
  }

  /** Brings `blocked` up to date: how full may a domain be? */
  prepareFilter(): void {
    for (const rule of this.#hard) {
      const { counts, exists, block } = rule;
      if (block.isCurrent) continue;
      let least = 2147483647;
      if (rule.domains < rule.minDomains) least = 0;
      else for (let at = 0; at < exists.length; at++) if (exists[at] === 1) least = Math.min(least, counts.counts[at]!);
      const afresh = rule.highest !== least + rule.room;
      rule.highest = least + rule.room;
      block.refresh(this.blocked, afresh);
    }
  }

  /** Fills in raw scores of the first `count` feasible slots; −1 for nodes that lack a key and get none. */
  score(feasible: Int32Array, count: number, raws: Float64Array): void {
    this.#cycle++;
    let scored = count;
    raws.fill(0, 0, count);
    if (this.#requiresKeys) {
      for (let at = 0; at < count; at++) {
        if (this.#hasSoftKeys[feasible[at]!] === 1) continue;
        raws[at] = -1;
        scored--;
      }
    }
    for (const rule of this.#soft) {
      if (rule.perNode) addPerNode(rule, log(scored + 2), feasible, count, raws);
      else addPerDomain(rule, log(this.#domainsOf(rule, feasible, count) + 2), feasible, count, raws);
    }
    for (let at = 0; at < count; at++) if (raws[at]! >= 0) raws[at] = Math.floor(raws[at]! + 0.5);
  }

  /**
   * Normalized scores by domain, where a single rule over domains decides: then nodes of a domain all get the same. `undefined` in
   * all other cases.
   */
  normalizedByDomain(
    feasible: Int32Array,
    count: number,
  ): { ofSlot: Int32Array; normalized: Float64Array } | undefined {
    const [rule] = this.#soft;
    if (this.#soft.length !== 1 || rule === undefined || rule.perNode || !this.#requiresKeys) return undefined;
    const { counts, scores, seen, skew } = rule;
    const cycle = ++this.#cycle;
    const { ofSlot } = counts.topology;
    let domains = 0;
    for (let at = 0; at < count; at++) {
      const domain = ofSlot[feasible[at]!]!;
      if (domain < 0 || seen[domain] === cycle) continue;
      seen[domain] = cycle;
      domains++;
    }
    const weight = log(domains + 2);
    let lowest = Number.POSITIVE_INFINITY;
    let highest = 0;
    for (let domain = 0; domain < scores.length; domain++) {
      if (seen[domain] !== cycle) continue;
      const raw = Math.floor(counts.counts[domain]! * weight + skew + 0.5);
      scores[domain] = raw;
      if (raw < lowest) lowest = raw;
      if (raw > highest) highest = raw;
    }
    for (let domain = 0; domain < scores.length; domain++) {
      const raw = scores[domain]!;
      scores[domain] = highest === 0 ? 100 : Math.trunc((100 * (highest + lowest - raw)) / highest);
    }
    return { ofSlot, normalized: scores };
  }

  #domainsOf({ counts, seen }: DomainRule, feasible: Int32Array, count: number): number {
    const { ofSlot } = counts.topology;
    let domains = 0;
    let without = 0;
    for (let at = 0; at < count; at++) {
      const slot = feasible[at]!;
      if (this.#requiresKeys && this.#hasSoftKeys[slot] === 0) continue;
      const domain = ofSlot[slot]!;
      if (domain < 0)
        without = 1; // With system defaults, nodes without the key make up one domain.
      else if (seen[domain] !== this.#cycle) {
        seen[domain] = this.#cycle;
        domains++;
      }
    }
    return domains + without;
  }
}

function addPerNode(
  { tally, skew, topology }: NodeRule,
  weight: number,
  feasible: Int32Array,
  count: number,
  raws: Float64Array,
): void {
  const { ofSlot } = topology;
  for (let at = 0; at < count; at++) {
    const slot = feasible[at]!;
    if (raws[at]! >= 0 && ofSlot[slot]! >= 0) raws[at]! += tally.at(slot) * weight + skew;
  }
}

function addPerDomain(
  { counts, skew, scores }: DomainRule,
  weight: number,
  feasible: Int32Array,
  count: number,
  raws: Float64Array,
): void {
  const { ofSlot } = counts.topology;
  for (let domain = 0; domain < scores.length; domain++) scores[domain] = counts.counts[domain]! * weight + skew;
  for (let at = 0; at < count; at++) {
    const domain = ofSlot[feasible[at]!]!;
    if (raws[at]! >= 0 && domain >= 0) raws[at]! += scores[domain]!;
  }
}

/** One text for what all constraints select: their number included, for without a selector there are no defaults. */
function selectorsOf(hard: readonly SpreadConstraint[], soft: readonly SpreadConstraint[]): string {
  const texts = (list: readonly SpreadConstraint[]): string =>
    list.map(({ selector }) => selectorText(selector)).join("\u0003");
  return `${texts(hard)}\u0004${texts(soft)}`;
}

/** A label that all pods carry which the selector matches in that namespace, if it demands one. */
function demandOf(namespace: string, selector: CompiledLabelSelector): string | undefined {
  const demanded = selector.demandedLabel();
  return demanded && labelPair(namespace, ...demanded);
}

const noCells = new Uint8Array(0);

/** 1 for nodes that have all keys. */
function keyMask(snapshot: Snapshot, constraints: readonly SpreadConstraint[]): Uint8Array {
  if (constraints.length === 0) return noCells;
  const mask = new Uint8Array(snapshot.slotCount);
  for (const node of snapshot.nodes) if (hasAllKeys(node, constraints)) mask[node.slot] = 1;
  return mask;
}

function existing({ topology, mask }: DomainCounts, snapshot: Snapshot): Uint8Array {
  const exists = new Uint8Array(topology.domains);
  for (const { slot } of snapshot.nodes)
    if (mask![slot] === 1 && topology.ofSlot[slot]! >= 0) exists[topology.ofSlot[slot]!] = 1;
  return exists;
}
