import type { Framework } from "../framework/framework.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";
import { LocalClass } from "./local-class.ts";
import { PartIds } from "./part-ids.ts";
import { type CrossNodePlugins, crossNodePluginsOf, PodClass } from "./pod-class.ts";
import { PodShapes } from "./pod-shapes.ts";
import type { PodTallies } from "./pod-tallies.ts";
import { hasOwnPlugins, remembersScores } from "./supported.ts";

/** So many cells of caches, of about 10 bytes each, are kept of either sort of class; those not asked for longest go first. */
const mostCells = 8_000_000;

/** The class of each pod. Classes differ by what plugins read of a pod, and by nothing else. */
export class PodClasses {
  readonly #framework: Framework;
  readonly #tallies: PodTallies;
  readonly #plugins: CrossNodePlugins;
  readonly #withScores: boolean;
  /** Plugins of the user's may read any part of a container, and any status on a node. */
  readonly #readsEverything: boolean;
  readonly #parts: PartIds = new PartIds();
  readonly #shapes: PodShapes = new PodShapes();
  readonly #locals: Map<string, LocalClass> = new Map();
  readonly #classes: Map<string, PodClass> = new Map();
  readonly #ofPod: WeakMap<PodInfo, PodClass> = new WeakMap();

  constructor(framework: Framework, tallies: PodTallies) {
    this.#framework = framework;
    this.#tallies = tallies;
    this.#plugins = crossNodePluginsOf(framework);
    this.#withScores = remembersScores(framework);
    this.#readsEverything = hasOwnPlugins(framework);
  }

  of(pod: PodInfo): PodClass {
    let podClass = this.#ofPod.get(pod);
    if (podClass === undefined) {
      podClass = this.#find(pod);
      this.#ofPod.set(pod, podClass);
    }
    podClass.catchUp();
    return podClass;
  }

  #find(pod: PodInfo): PodClass {
    const { spec } = pod.pod;
    const ids = this.#parts;
    const containers = this.#readsEverything
      ? `${ids.of(spec.containers)},${ids.of(spec.initContainers)},${ids.of(spec.overhead)},${ids.of(spec.resources)}`
      : this.#shapes.of(pod);
    // Separated parts: every combination has a text of its own.
    const localKey = `${containers},${ids.of(spec.nodeSelector)},${ids.of(spec.affinity)},${ids.of(spec.tolerations)},${ids.of(spec.volumes)},${spec.nodeName ?? ""}`;
    const owner = pod.owner === undefined ? "" : `${pod.owner.kind}/${pod.owner.apiVersion}/${pod.owner.name}`;
    const key = `${localKey};${ids.of(pod.labels)},${pod.namespace},${ids.of(spec.topologySpreadConstraints)},${owner}`;
    return this.#used(this.#classes, key, () => {
      const local = this.#used(
        this.#locals,
        localKey,
        () => new LocalClass(this.#framework, pod, this.#framework.snapshot.slotCount, this.#withScores),
      );
      const log = this.#readsEverything ? this.#tallies.touches : this.#tallies.changes;
      return new PodClass(this.#framework, this.#tallies, this.#plugins, pod, local, log);
    });
  }

  /** The class under the key, which is the newest from now on. */
  #used<Class>(classes: Map<string, Class>, key: string, make: () => Class): Class {
    let found = classes.get(key);
    if (found === undefined) {
      const most = Math.max(1, Math.floor(mostCells / (this.#framework.snapshot.slotCount + 1)));
      while (classes.size >= most) classes.delete(classes.keys().next().value!);
      found = make();
    } else classes.delete(key);
    classes.set(key, found);
    return found;
  }
}
