import type { AffinityTerm, NamespaceLabels } from "../snapshot/affinity-term.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";
import type { Snapshot, SnapshotObserver } from "../snapshot/snapshot.ts";
import { ChangeLog } from "./change-log.ts";
import { PartIds } from "./part-ids.ts";
import { Tally, Topology } from "./tally.ts";

/** Pods of one namespace with the same labels: selectors cannot tell them apart. */
interface LabelClass {
  readonly key: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Its labels in its namespace, each as one text. */
  readonly pairs: readonly string[];
  /** Tallies that count these pods, terminating ones too; and those that leave terminating pods out. */
  readonly all: Tally[];
  readonly living: Tally[];
  /** Pods of this class by slot, all and those that are not terminating. */
  readonly allAt: Map<number, number>;
  readonly livingAt: Map<number, number>;
  /** Nobody was left of it, so it is no longer told of new tallies. */
  dropped: boolean;
}

type Matches = (namespace: string, labels: Readonly<Record<string, string>>) => boolean;

interface Matcher {
  readonly matches: Matches;
  readonly living: boolean;
  readonly tally: Tally;
}

/** A term of affinity that some bound pod carries, with its carriers by node. */
interface CarriedTerm {
  readonly kind: "required affinity" | "required anti-affinity" | "preferred affinity" | "preferred anti-affinity";
  readonly term: AffinityTerm;
  readonly weight: number;
  readonly tally: Tally;
}

/**
 * Counts of pods that inter-pod affinity and topology spread ask for, kept up to date pod by pod, so that no decision walks over
 * pods. A count is set up the first time somebody asks, from the counts of all classes of labels.
 */
export class PodTallies implements SnapshotObserver {
  readonly #snapshot: Snapshot;
  readonly #parts: PartIds = new PartIds();
  readonly #classes: Map<string, LabelClass> = new Map();
  readonly #classesByPair: Map<string, Set<LabelClass>> = new Map();
  /** Pods of a template share their labels. */
  readonly #ofLabels: WeakMap<PodInfo["labels"], LabelClass> = new WeakMap();
  #mostClasses = leastClasses;
  readonly #matchers: Map<string, Matcher> = new Map();
  /** Those that demand a label, by that, and the others: a new class asks only those that may match it. */
  readonly #matchersByPair: Map<string, Matcher[]> = new Map();
  readonly #otherMatchers: Matcher[] = [];
  readonly #carried: Map<string, CarriedTerm> = new Map();
  readonly #topologies: Map<string, Topology> = new Map();
  /** Every term ever carried, in order of appearance: readers keep a cursor. */
  readonly carriedTerms: CarriedTerm[] = [];
  /** Changes when domains must be looked up anew. */
  nodesVersion = 0;
  /** Nodes about which filters and scores may say something else now. */
  readonly changes = new ChangeLog();
  /** Those, and nodes with a pod whose status is another: it may be given up sooner or later than before. */
  readonly touches = new ChangeLog();

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
    snapshot.observe(this);
  }

  podMoved(pod: PodInfo, slot: number, sign: 1 | -1): void {
    const labelClass = this.#classOf(pod);
    countAt(labelClass.allAt, slot, sign);
    for (const tally of labelClass.all) tally.add(slot, sign);
    if (!pod.terminating) {
      countAt(labelClass.livingAt, slot, sign);
      for (const tally of labelClass.living) tally.add(slot, sign);
    }
    const { requiredAffinity, requiredAntiAffinity, preferredAffinity, preferredAntiAffinity } = pod;
    for (const term of requiredAffinity) this.#carry("required affinity", term, 1).add(slot, sign);
    for (const term of requiredAntiAffinity) this.#carry("required anti-affinity", term, 1).add(slot, sign);
    for (const { term, weight } of preferredAffinity) this.#carry("preferred affinity", term, weight).add(slot, sign);
    for (const { term, weight } of preferredAntiAffinity) {
      this.#carry("preferred anti-affinity", term, weight).add(slot, sign);
    }
  }

  nodeChanged(slot: number): void {
    this.changes.push(slot);
    this.touches.push(slot);
  }

  podRenewed(slot: number): void {
    this.touches.push(slot);
  }

  nodesChanged(): void {
    this.nodesVersion++;
    this.#topologies.clear();
    for (const { tally } of this.#matchers.values()) tally.forgetDomains();
    for (const { tally } of this.carriedTerms) tally.forgetDomains();
  }

  /** Forgets questions once there are too many of them; those still of interest are asked again. */
  trim(): void {
    if (this.#matchers.size <= mostMatchers) return;
    this.#matchers.clear();
    this.#matchersByPair.clear();
    this.#otherMatchers.length = 0;
    for (const { all, living } of this.#classes.values()) {
      all.length = 0;
      living.length = 0;
    }
    this.nodesVersion++;
  }

  #classOf(pod: PodInfo): LabelClass {
    let labelClass = this.#ofLabels.get(pod.labels);
    if (labelClass === undefined || labelClass.dropped || labelClass.namespace !== pod.namespace) {
      labelClass = this.#find(pod);
      if (Object.isFrozen(pod.labels)) this.#ofLabels.set(pod.labels, labelClass);
    }
    return labelClass;
  }

  #find({ namespace, labels }: PodInfo): LabelClass {
    const key = `${this.#parts.of(labels)}/${namespace}`;
    let labelClass = this.#classes.get(key);
    if (labelClass !== undefined) return labelClass;
    if (this.#classes.size >= this.#mostClasses) this.#dropEmpty();
    const pairs = Object.entries(labels).map(([name, value]) => labelPair(namespace, name, value));
    const [all, living]: [Tally[], Tally[]] = [[], []];
    const ask = ({ matches, living: onlyLiving, tally }: Matcher): void => {
      if (matches(namespace, labels)) (onlyLiving ? living : all).push(tally);
    };
    for (const pair of pairs) for (const matcher of this.#matchersByPair.get(pair) ?? nobody) ask(matcher);
    for (const matcher of this.#otherMatchers) ask(matcher);
    labelClass = { key, namespace, labels, pairs, all, living, allAt: new Map(), livingAt: new Map(), dropped: false };
    this.#classes.set(key, labelClass);
    for (const pair of pairs) {
      const known = this.#classesByPair.get(pair);
      if (known === undefined) this.#classesByPair.set(pair, new Set([labelClass]));
      else known.add(labelClass);
    }
    return labelClass;
  }

  /** Jobs bring labels of their own by the thousand: those of which nobody is left go, when they are as many as the others. */
  #dropEmpty(): void {
    for (const labelClass of this.#classes.values()) {
      if (labelClass.allAt.size > 0) continue;
      labelClass.dropped = true;
      this.#classes.delete(labelClass.key);
      for (const pair of labelClass.pairs) {
        const others = this.#classesByPair.get(pair)!;
        others.delete(labelClass);
        if (others.size === 0) this.#classesByPair.delete(pair);
      }
    }
    this.#mostClasses = Math.max(leastClasses, 2 * this.#classes.size);
  }

  /**
   * How many pods match, node by node. `key` names the question: equal keys must ask the same. `demanded`: a label that all of
   * them carry, if there is one.
   */
  matching(key: string, living: boolean, matches: Matches, demanded?: string): Tally {
    const known = this.#matchers.get(key);
    if (known !== undefined) return known.tally;
    const matcher = { matches, living, tally: new Tally() };
    this.#matchers.set(key, matcher);
    if (demanded === undefined) this.#otherMatchers.push(matcher);
    else {
      const same = this.#matchersByPair.get(demanded);
      if (same === undefined) this.#matchersByPair.set(demanded, [matcher]);
      else same.push(matcher);
    }
    const classes = demanded === undefined ? this.#classes.values() : (this.#classesByPair.get(demanded) ?? noClasses);
    for (const labelClass of classes) {
      if (!matches(labelClass.namespace, labelClass.labels)) continue;
      (living ? labelClass.living : labelClass.all).push(matcher.tally);
      for (const [slot, count] of living ? labelClass.livingAt : labelClass.allAt) matcher.tally.add(slot, count);
    }
    return matcher.tally;
  }

  /** Pods that all these terms mean. */
  meantByAll(terms: readonly AffinityTerm[], namespaceLabels: NamespaceLabels): Tally {
    const key = `${this.#snapshot.objects.namespacesVersion}\u0002${terms.map(({ text }) => text).join("\u0002")}`;
    return this.matching(key, false, (namespace, labels) =>
      terms.every((term) => term.matches(namespace, labels, namespaceLabels)),
    );
  }

  /** Domains of a topology key. */
  topology(key: string): Topology {
    let topology = this.#topologies.get(key);
    if (topology !== undefined) return topology;
    const ofSlot = new Int32Array(this.#snapshot.slotCount).fill(-1);
    const domains = new Map<string, number>();
    for (const { slot, labels } of this.#snapshot.nodes) {
      const value = labels[key];
      if (value === undefined) continue;
      let domain = domains.get(value);
      if (domain === undefined) {
        domain = domains.size;
        domains.set(value, domain);
      }
      ofSlot[slot] = domain;
    }
    topology = new Topology(ofSlot, domains.size);
    this.#topologies.set(key, topology);
    return topology;
  }

  #carry(kind: CarriedTerm["kind"], term: AffinityTerm, weight: number): Tally {
    const key = `${kind}/${weight}/${term.text}`;
    let carried = this.#carried.get(key);
    if (carried === undefined) {
      carried = { kind, term, weight, tally: new Tally() };
      this.#carried.set(key, carried);
      this.carriedTerms.push(carried);
    }
    return carried.tally;
  }
}

/** A label of a namespace as one text. */
export function labelPair(namespace: string, key: string, value: string): string {
  return `${namespace}/${key}=${value}`;
}

const nobody: readonly Matcher[] = [];
const noClasses: readonly LabelClass[] = [];
const mostMatchers = 4096;
const leastClasses = 64;

function countAt(counts: Map<number, number>, slot: number, sign: 1 | -1): void {
  const count = (counts.get(slot) ?? 0) + sign;
  if (count === 0) counts.delete(slot);
  else counts.set(slot, count);
}
