import type { PodInfo } from "../snapshot/pod-info.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { BlockRule } from "./block-rule.ts";
import type { PodTallies } from "./pod-tallies.ts";
import type { DomainCounts, Tally } from "./tally.ts";

interface Weighted {
  readonly view: DomainCounts;
  readonly weight: number;
}

const noCells = new Uint16Array(0);

/** Inter-pod affinity of pods that are alike, answered from sums by domain. */
export class AffinityRules {
  readonly #tallies: PodTallies;
  readonly #snapshot: Snapshot;
  readonly #pod: PodInfo;
  readonly #hardWeight: number;
  readonly #scoresExisting: boolean;
  readonly #near: readonly BlockRule[];
  readonly #meansItself: boolean;
  readonly #apart: BlockRule[] = [];
  /** How many rules keep such pods off a slot; empty while there is no rule. */
  blocked: Uint16Array = noCells;
  /** Nobody is there yet whom the pod wants to be near, and it would do itself. */
  #isFirst = false;
  readonly #weighted: Weighted[] = [];
  #termsSeen = 0;

  constructor(
    tallies: PodTallies,
    snapshot: Snapshot,
    pod: PodInfo,
    { hardPodAffinityWeight = 1, ignorePreferredTermsOfExistingPods = false }: AffinityArgs,
  ) {
    this.#tallies = tallies;
    this.#snapshot = snapshot;
    this.#pod = pod;
    this.#hardWeight = hardPodAffinityWeight;
    const preferences = pod.preferredAffinity.length + pod.preferredAntiAffinity.length;
    this.#scoresExisting = preferences > 0 || !ignorePreferredTermsOfExistingPods;
    const { namespaceLabels } = snapshot.objects;
    const { requiredAffinity } = pod;
    const meant = requiredAffinity.length === 0 ? undefined : tallies.meantByAll(requiredAffinity, namespaceLabels);
    if (requiredAffinity.length > 0) this.blocked = new Uint16Array(snapshot.slotCount);
    this.#near = requiredAffinity.map(({ topologyKey }) => {
      const closes = (count: number): boolean => count <= 0 && !this.#isFirst;
      return new BlockRule(this.#view(meant!, topologyKey), this.blocked, "closed", closes);
    });
    this.#meansItself = requiredAffinity.every((term) => term.matches(pod.namespace, pod.labels, namespaceLabels));
    for (const term of pod.requiredAntiAffinity) {
      this.#keepApart(this.#view(tallies.meantByAll([term], namespaceLabels), term.topologyKey));
    }
    for (const { term, weight } of pod.preferredAffinity) {
      this.#weighted.push({ view: this.#view(tallies.meantByAll([term], namespaceLabels), term.topologyKey), weight });
    }
    for (const { term, weight } of pod.preferredAntiAffinity) {
      const view = this.#view(tallies.meantByAll([term], namespaceLabels), term.topologyKey);
      this.#weighted.push({ view, weight: -weight });
    }
    this.catchUp();
  }

  /** Takes in terms that existing pods have begun to carry. */
  catchUp(): void {
    const { carriedTerms } = this.#tallies;
    const { namespace, labels } = this.#pod;
    for (; this.#termsSeen < carriedTerms.length; this.#termsSeen++) {
      const { kind, term, weight, tally } = carriedTerms[this.#termsSeen]!;
      if (!term.matches(namespace, labels, this.#snapshot.objects.namespaceLabels)) continue;
      const view = this.#view(tally, term.topologyKey);
      if (kind === "required anti-affinity") this.#keepApart(view);
      else if (!this.#scoresExisting) continue;
      else if (kind === "preferred affinity") this.#weighted.push({ view, weight });
      else if (kind === "preferred anti-affinity") this.#weighted.push({ view, weight: -weight });
      else if (this.#hardWeight > 0) this.#weighted.push({ view, weight: this.#hardWeight });
    }
  }

  /** Whether some rule can reject a node at all. */
  get filters(): boolean {
    return this.#near.length + this.#apart.length > 0;
  }

  get scores(): boolean {
    return this.#weighted.length > 0;
  }

  /** Brings `blocked` up to date. */
  prepareFilter(): void {
    const isFirst = this.#meansItself && this.#near.every(({ view }) => view.total === 0);
    const afresh = isFirst !== this.#isFirst;
    this.#isFirst = isFirst;
    for (const rule of this.#near) rule.refresh(this.blocked, afresh);
    for (const rule of this.#apart) rule.refresh(this.blocked, false);
  }

  /** Fills in raw scores of the first `count` feasible slots. */
  score(feasible: Int32Array, count: number, raws: Float64Array): void {
    raws.fill(0, 0, count);
    for (const { view, weight } of this.#weighted) {
      const { counts } = view;
      const { ofSlot } = view.topology;
      for (let at = 0; at < count; at++) {
        const domain = ofSlot[feasible[at]!]!;
        if (domain >= 0) raws[at]! += weight * counts[domain]!;
      }
    }
  }

  #keepApart(view: DomainCounts): void {
    if (this.blocked === noCells) this.blocked = new Uint16Array(this.#snapshot.slotCount);
    this.#apart.push(new BlockRule(view, this.blocked, "open", (count) => count > 0));
  }

  #view(tally: Tally, topologyKey: string): DomainCounts {
    return tally.byDomain(topologyKey, this.#tallies.topology(topologyKey));
  }
}

export interface AffinityArgs {
  readonly hardPodAffinityWeight?: number;
  readonly ignorePreferredTermsOfExistingPods?: boolean;
}
