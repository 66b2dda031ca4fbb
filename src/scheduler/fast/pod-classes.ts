import type { Framework } from "../framework/framework.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";
import { LocalClass } from "./local-class.ts";
import { PartIds } from "./part-ids.ts";
import { type CrossNodePlugins, crossNodePluginsOf, PodClass } from "./pod-class.ts";
import type { PodTallies } from "./pod-tallies.ts";
import { remembersScores } from "./supported.ts";

/** So many cells of caches, of about 10 bytes each, are kept before all classes are dropped and made anew as they are met. */
const mostCells = 16_000_000;

/** The class of each pod. Classes differ by what plugins read of a pod, and by nothing else. */
export class PodClasses {
  readonly #framework: Framework;
  readonly #tallies: PodTallies;
  readonly #plugins: CrossNodePlugins;
  readonly #withScores: boolean;
  readonly #parts: PartIds = new PartIds();
  readonly #locals: Map<string, LocalClass> = new Map();
  readonly #classes: Map<string, PodClass> = new Map();
  #ofPod: WeakMap<PodInfo, PodClass> = new WeakMap();
  #imagesVersion = -1;

  constructor(framework: Framework, tallies: PodTallies) {
    this.#framework = framework;
    this.#tallies = tallies;
    this.#plugins = crossNodePluginsOf(framework);
    this.#withScores = remembersScores(framework);
  }

  of(pod: PodInfo): PodClass {
    this.#noticeImages();
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
    // Separated parts: every combination has a text of its own.
    const localKey = `${ids.of(spec.containers)},${ids.of(spec.initContainers)},${ids.of(spec.overhead)},${ids.of(spec.resources)},${ids.of(spec.nodeSelector)},${ids.of(spec.affinity)},${ids.of(spec.tolerations)},${ids.of(spec.volumes)},${spec.nodeName ?? ""}`;
    const owner = pod.owner === undefined ? "" : `${pod.owner.kind}/${pod.owner.apiVersion}/${pod.owner.name}`;
    const key = `${localKey};${ids.of(pod.labels)},${pod.namespace},${ids.of(spec.topologySpreadConstraints)},${owner}`;
    let podClass = this.#classes.get(key);
    if (podClass !== undefined) return podClass;
    this.#makeRoom();
    let local = this.#locals.get(localKey);
    if (local === undefined) {
      local = new LocalClass(this.#framework, pod, this.#framework.snapshot.slotCount, this.#withScores);
      this.#locals.set(localKey, local);
    }
    podClass = new PodClass(this.#framework, this.#tallies, this.#plugins, pod, local);
    this.#classes.set(key, podClass);
    return podClass;
  }

  /** Scores of images depend on how many nodes there are, and on how many have them. */
  #noticeImages(): void {
    const { nodesVersion } = this.#tallies;
    if (nodesVersion === this.#imagesVersion) return;
    this.#imagesVersion = nodesVersion;
    if (this.#framework.snapshot.images.size === 0) return;
    for (const local of this.#locals.values()) local.forget();
  }

  #makeRoom(): void {
    const { slotCount } = this.#framework.snapshot;
    if ((this.#classes.size + 1) * (slotCount + 1) <= mostCells) return;
    this.#classes.clear();
    this.#locals.clear();
    this.#ofPod = new WeakMap();
  }
}
