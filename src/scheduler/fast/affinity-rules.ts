import type { PodInfo } from "../snapshot/pod-info.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { PodTallies } from "./pod-tallies.ts";
import type { DomainCounts, Tally } from "./tally.ts";

interface Weighted {
  readonly view: DomainCounts;
  readonly weight: number;
}

/** Inter-pod affinity of pods that are alike, answered from sums by domain. */
export class AffinityRules {
  readonly #tallies: PodTallies;
  readonly #snapshot: Snapshot;
  readonly #pod: PodInfo;
  readonly #hardWeight: number;
  readonly #scoresExisting: boolean;
  readonly #near: DomainCounts[];
  readonly #meansItself: boolean;
  readonly #apart: DomainCounts[] = [];
  readonly #repelled: DomainCounts[] = [];
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
    this.#near = requiredAffinity.map(({ topologyKey }) => this.#view(meant!, topologyKey));
    this.#meansItself = requiredAffinity.every((term) => term.matches(pod.namespace, pod.labels, namespaceLabels));
    for (const term of pod.requiredAntiAffinity) {
      this.#apart.push(this.#view(tallies.meantByAll([term], namespaceLabels), term.topologyKey));
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
      if (kind === "required anti-affinity") this.#repelled.push(view);
      else if (!this.#scoresExisting) continue;
      else if (kind === "preferred affinity") this.#weighted.push({ view, weight });
      else if (kind === "preferred anti-affinity") this.#weighted.push({ view, weight: -weight });
      else if (this.#hardWeight > 0) this.#weighted.push({ view, weight: this.#hardWeight });
    }
  }

  /** Whether some rule can reject a node at all. */
  get filters(): boolean {
    return this.#near.length + this.#apart.length + this.#repelled.length > 0;
  }

  get scores(): boolean {
    return this.#weighted.length > 0;
  }

  passes(slot: number): boolean {
    if (this.#near.length > 0 && !this.#isNear(slot)) return false;
    for (const view of this.#apart) if (countAt(view, slot) > 0) return false;
    for (const view of this.#repelled) if (countAt(view, slot) > 0) return false;
    return true;
  }

  raw(slot: number): number {
    let sum = 0;
    for (const { view, weight } of this.#weighted) sum += weight * countAt(view, slot);
    return sum;
  }

  #isNear(slot: number): boolean {
    let together = true;
    let nobody = true;
    for (const view of this.#near) {
      const domain = view.topology.ofSlot[slot]!;
      if (domain < 0) return false;
      if (view.counts[domain]! <= 0) together = false;
      if (view.total > 0) nobody = false;
    }
    return together || (nobody && this.#meansItself);
  }

  #view(tally: Tally, topologyKey: string): DomainCounts {
    return tally.byDomain(topologyKey, this.#tallies.topology(topologyKey));
  }
}

export interface AffinityArgs {
  readonly hardPodAffinityWeight?: number;
  readonly ignorePreferredTermsOfExistingPods?: boolean;
}

function countAt({ topology, counts }: DomainCounts, slot: number): number {
  const domain = topology.ofSlot[slot]!;
  return domain < 0 ? 0 : counts[domain]!;
}
