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
import type { PodTallies } from "./pod-tallies.ts";
import type { DomainCounts, Tally } from "./tally.ts";

const hostname = "kubernetes.io/hostname";

interface HardRule {
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

interface SoftRule {
  readonly tally: Tally;
  readonly perNode: boolean;
  readonly counts: DomainCounts;
  readonly skew: number;
  /** By domain, the last cycle that saw a feasible node there. */
  readonly seen: Int32Array;
  weight: number;
}

/** Topology spread of pods that are alike, answered from sums by domain. */
export class SpreadRules {
  readonly #hard: HardRule[];
  readonly #soft: SoftRule[];
  readonly #hasHardKeys: Uint8Array;
  readonly #requiresKeys: boolean;
  readonly #hasSoftKeys: Uint8Array;
  #cycle = 0;

  constructor(
    tallies: PodTallies,
    snapshot: Snapshot,
    pod: PodInfo,
    defaults: readonly DefaultConstraint[],
    system: boolean,
  ) {
    const hard = constraintsFor(pod, "DoNotSchedule", defaults, snapshot);
    const soft = constraintsFor(pod, "ScheduleAnyway", defaults, snapshot);
    this.honorsTaints = [...hard, ...soft].some((constraint) => constraint.honorsTaints);
    this.#requiresKeys = (pod.pod.spec.topologySpreadConstraints?.length ?? 0) > 0 || !system;
    this.#hasHardKeys = keyMask(snapshot, hard);
    this.#hasSoftKeys = keyMask(snapshot, soft);
    const inclusion = new NodeInclusion(pod);
    const countsOf = (
      constraint: SpreadConstraint,
      keys: Uint8Array | undefined,
      name: string,
    ): [Tally, DomainCounts] => {
      const { selector, topologyKey, honorsAffinity, honorsTaints } = constraint;
      const tally = tallies.matching(
        `${pod.namespace}\u0003${selectorText(selector)}`,
        true,
        (namespace, labels) => namespace === pod.namespace && !selector.empty && selector.matches(labels),
      );
      const mask = keys?.slice() ?? new Uint8Array(snapshot.slotCount).fill(1);
      for (const node of snapshot.nodes) if (!inclusion.includes(node, constraint)) mask[node.slot] = 0;
      const { nodeSelector, affinity } = pod.pod.spec;
      const policies = JSON.stringify([
        name,
        honorsAffinity ? [nodeSelector, affinity?.nodeAffinity] : "",
        honorsTaints ? [pod.tolerations, snapshot.taintsVersion] : "",
      ]);
      return [tally, tally.byDomain(`${topologyKey}\u0003${policies}`, tallies.topology(topologyKey), mask)];
    };
    const keysOf = (constraints: readonly SpreadConstraint[]): string =>
      constraints
        .map(({ topologyKey }) => topologyKey)
        .sort()
        .join(",");
    this.#hard = hard.map((constraint) => {
      const [, counts] = countsOf(constraint, this.#hasHardKeys, keysOf(hard));
      const exists = existing(counts, snapshot);
      const self = constraint.selector.matches(pod.labels) ? 1 : 0;
      const { minDomains, maxSkew } = constraint;
      const domains = exists.reduce((sum, one) => sum + one, 0);
      return { counts, exists, domains, minDomains, room: maxSkew - self, highest: 0 };
    });
    this.#soft = soft.map((constraint) => {
      const keys = this.#requiresKeys ? this.#hasSoftKeys : undefined;
      const [tally, counts] = countsOf(constraint, keys, keys === undefined ? "" : keysOf(soft));
      const perNode = constraint.topologyKey === hostname;
      const seen = new Int32Array(counts.topology.domains);
      return { tally, perNode, counts, skew: constraint.maxSkew - 1, seen, weight: 0 };
    });
  }

  /** Whether taints of nodes decide which of them count. */
  readonly honorsTaints: boolean;

  get filters(): boolean {
    return this.#hard.length > 0;
  }

  get scores(): boolean {
    return this.#soft.length > 0;
  }

  /** Before the nodes of a cycle are looked at: how full may a domain be? */
  prepareFilter(): void {
    for (const rule of this.#hard) {
      const { counts, exists } = rule;
      let least = 2147483647;
      if (rule.domains < rule.minDomains) least = 0;
      else for (let at = 0; at < exists.length; at++) if (exists[at] === 1) least = Math.min(least, counts.counts[at]!);
      rule.highest = least + rule.room;
    }
  }

  passes(slot: number): boolean {
    for (const { counts, highest } of this.#hard) {
      const domain = counts.topology.ofSlot[slot]!;
      if (domain < 0 || counts.counts[domain]! > highest) return false;
    }
    return true;
  }

  /** Before feasible nodes are scored: how many domains do they make? */
  prepareScore(feasible: Int32Array, count: number): void {
    this.#cycle++;
    let scored = count;
    if (this.#requiresKeys) {
      scored = 0;
      for (let at = 0; at < count; at++) scored += this.#hasSoftKeys[feasible[at]!]!;
    }
    for (const rule of this.#soft)
      rule.weight = log((rule.perNode ? scored : this.#domainsOf(rule, feasible, count)) + 2);
  }

  /** Nodes that lack a key get no score. */
  isIgnored(slot: number): boolean {
    return this.#requiresKeys && this.#hasSoftKeys[slot] === 0;
  }

  raw(slot: number): number {
    let score = 0;
    for (const { tally, perNode, counts, skew, weight } of this.#soft) {
      const domain = counts.topology.ofSlot[slot]!;
      if (domain < 0) continue;
      score += (perNode ? tally.at(slot) : counts.counts[domain]!) * weight + skew;
    }
    return Math.floor(score + 0.5);
  }

  #domainsOf({ counts, seen }: SoftRule, feasible: Int32Array, count: number): number {
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

/** 1 for nodes that have all keys. */
function keyMask(snapshot: Snapshot, constraints: readonly SpreadConstraint[]): Uint8Array {
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
