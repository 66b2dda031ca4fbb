import {
  type CompiledLabelSelector,
  claimsOf,
  compileLabelSelector,
  compileLabelSet,
  containsLabels,
  controllerOf,
  type Kind,
  type KubeObject,
  type LabelSelector,
  type Labels,
  type ObjectKey,
  type ObjectOf,
  type Pod,
  type Service,
  type Uid,
  type VolumeAttachment,
} from "../model/index.ts";
import type { PodCount } from "./pod-counts.ts";
import type { Process } from "./process.ts";

/** Where a selector's candidates are in a namespace, and what it matched when they were of that version. */
interface Selected {
  readonly index: string;
  readonly value: string;
  /** All of them match: the selector demands no more than what they are found by. */
  readonly all: boolean;
  version: number;
  pods: readonly Pod[];
}

/**
 * What a process knows, which may be old: its informer caches through indexes. Nothing here asks the server, and nothing
 * scans more than what belongs to the question.
 */
export class View {
  readonly #process: Process;
  readonly #pairs = labelPairs();
  /** Selectors and label sets of stored objects, made ready once. */
  readonly #selectors = new WeakMap<object, CompiledLabelSelector>();
  readonly #selected = new WeakMap<CompiledLabelSelector, Map<string, Selected>>();

  constructor(process: Process) {
    this.#process = process;
  }

  get nowUs(): number {
    return this.#process.nowUs;
  }

  get clock(): Process["clock"] {
    return this.#process.clock;
  }

  get<K extends Kind>(kind: K, key: ObjectKey): ObjectOf<K> | undefined {
    return this.#process.informer(kind).get(key) as ObjectOf<K> | undefined;
  }

  /** All objects of a kind: for kinds of which there are few, and for loops that upstream runs over everything. */
  list<K extends Kind>(kind: K): Iterable<ObjectOf<K>> {
    return this.#process.informer(kind).all() as Iterable<ObjectOf<K>>;
  }

  count(kind: Kind): number {
    return this.#process.informer(kind).size;
  }

  /** The newest version of a kind that has arrived here. */
  revision(kind: Kind): number {
    return this.#process.informer(kind).revision;
  }

  /** Objects whose controller is `uid`. */
  ownedBy<K extends Kind>(kind: K, uid: Uid): Iterable<ObjectOf<K>> {
    const informer = this.#process.informer(kind);
    informer.addIndex("controller", (object: KubeObject) => controllerOf(object)?.uid);
    return informer.by("controller", uid) as Iterable<ObjectOf<K>>;
  }

  /** How many pods a controller has, in which state, by their labels. */
  podCounts(owner: Uid): Iterable<PodCount> {
    return this.#process.informer("Pod").podCounts.of(owner);
  }

  /** Pods assigned to a node. */
  onNode(name: string): Iterable<Pod> {
    const informer = this.#process.informer("Pod");
    informer.addIndex("node", (pod: Pod) => pod.spec.nodeName);
    return informer.by("node", name) as Iterable<Pod>;
  }

  inNamespace<K extends Kind>(kind: K, namespace: string): Iterable<ObjectOf<K>> {
    const informer = this.#process.informer(kind);
    informer.addIndex("namespace", (object: KubeObject) => object.metadata.namespace);
    return informer.by("namespace", namespace) as Iterable<ObjectOf<K>>;
  }

  /** Objects of a namespace without a controller: who selects them may adopt them. */
  orphans<K extends Kind>(kind: K, namespace: string): Iterable<ObjectOf<K>> {
    const informer = this.#process.informer(kind);
    informer.addIndex("orphan", (object: KubeObject) =>
      controllerOf(object) === undefined ? object.metadata.namespace : undefined,
    );
    return informer.by("orphan", namespace) as Iterable<ObjectOf<K>>;
  }

  /** Pods that use a claim. */
  podsWithClaim(claim: ObjectKey): Iterable<Pod> {
    const informer = this.#process.informer("Pod");
    informer.addIndex("claim", claimsOf);
    return informer.by("claim", claim) as Iterable<Pod>;
  }

  /** Attachments of a volume, to any node. */
  attachmentsOf(volume: string): Iterable<VolumeAttachment> {
    const informer = this.#process.informer("VolumeAttachment");
    informer.addIndex("volume", ({ spec }: VolumeAttachment) => spec.source.persistentVolumeName);
    return informer.by("volume", volume) as Iterable<VolumeAttachment>;
  }

  /** Attachments of any volume to a node. */
  attachmentsOn(node: string): Iterable<VolumeAttachment> {
    const informer = this.#process.informer("VolumeAttachment");
    informer.addIndex("node", ({ spec }: VolumeAttachment) => spec.nodeName);
    return informer.by("node", node) as Iterable<VolumeAttachment>;
  }

  /** Pods of a namespace that a selector matches; see `podsSelected`. */
  podsMatching(namespace: string, selector: LabelSelector | undefined): readonly Pod[] {
    return selector === undefined ? [] : this.podsSelected(namespace, this.#compiled(selector, compileLabelSelector));
  }

  /** Pods of a namespace that have all of these labels; see `podsSelected`. */
  podsLabelled(namespace: string, labels: NonNullable<Labels>): readonly Pod[] {
    return this.podsSelected(namespace, this.#compiled(labels, compileLabelSet));
  }

  /**
   * Pods of a namespace that a compiled selector matches: the same array until a pod changes that has the first label
   * which the selector demands.
   */
  podsSelected(namespace: string, selector: CompiledLabelSelector): readonly Pod[] {
    const informer = this.#process.informer("Pod");
    const selected = this.#selectedBy(selector, namespace);
    const { index, value, all } = selected;
    const version = informer.versionOf(index, value);
    if (selected.version === version) return selected.pods;
    const pods: Pod[] = [];
    for (const pod of informer.by(index, value) as Iterable<Pod>)
      if (all || selector.matches(pod.metadata.labels)) pods.push(pod);
    selected.version = version;
    selected.pods = pods;
    return pods;
  }

  #selectedBy(selector: CompiledLabelSelector, namespace: string): Selected {
    let byNamespace = this.#selected.get(selector);
    if (byNamespace === undefined) {
      byNamespace = new Map();
      this.#selected.set(selector, byNamespace);
    }
    let selected = byNamespace.get(namespace);
    if (selected === undefined) {
      selected = { ...this.#candidates(selector, namespace), version: -1, pods: [] };
      byNamespace.set(namespace, selected);
    }
    return selected;
  }

  /** Where all pods are that a selector may match: under one label of theirs, if it demands one. The index is kept from now on. */
  #candidates(selector: CompiledLabelSelector, namespace: string): Pick<Selected, "index" | "value" | "all"> {
    const informer = this.#process.informer("Pod");
    const demanded = selector.demandedLabel();
    if (demanded !== undefined) {
      const [key, value] = demanded;
      const index = `label/${key}`;
      if (!informer.hasIndex(index)) informer.addIndex(index, labelPairs(key));
      return { index, value: `${namespace}/${key}=${value}`, all: selector.requirements.length === 1 };
    }
    informer.addIndex("namespace", (object: KubeObject) => object.metadata.namespace);
    return { index: "namespace", value: namespace, all: false };
  }

  /** Services whose selector picks a pod of these labels, found by one pair of each selector. */
  *servicesSelecting(pod: Pod): Iterable<Service> {
    const informer = this.#process.informer("Service");
    informer.addIndex("selector", firstSelectorPair);
    const labels = pod.metadata.labels ?? {};
    for (const pair of this.#pairs(pod) ?? []) {
      for (const service of informer.by("selector", pair) as Iterable<Service>) {
        if (containsLabels(labels, service.spec.selector ?? {})) yield service;
      }
    }
  }

  #compiled<T extends object>(selector: T, compile: (selector: T) => CompiledLabelSelector): CompiledLabelSelector {
    let compiled = this.#selectors.get(selector);
    if (compiled === undefined) {
      compiled = compile(selector);
      this.#selectors.set(selector, compiled);
    }
    return compiled;
  }
}

function firstSelectorPair({ metadata, spec }: Service): string | undefined {
  const [pair] = Object.entries(spec.selector ?? {});
  return pair === undefined ? undefined : `${metadata.namespace}/${pair[0]}=${pair[1]}`;
}

/** Labels of a pod as `namespace/key=value`, all or that of one key: the same array as long as namespace and labels are the same. */
function labelPairs(only?: string): (pod: Pod) => readonly string[] | undefined {
  const known = new WeakMap<NonNullable<Labels>, { readonly namespace: string; readonly pairs: readonly string[] }>();
  return ({ metadata: { namespace = "", labels } }) => {
    if (labels === undefined) return undefined;
    const found = known.get(labels);
    if (found?.namespace === namespace) return found.pairs;
    const wanted = Object.entries(labels).filter(([key]) => only === undefined || key === only);
    const pairs = wanted.map(([key, value]) => `${namespace}/${key}=${value}`);
    known.set(labels, { namespace, pairs });
    return pairs;
  };
}
