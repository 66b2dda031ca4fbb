import { controllerOf, type Pod, type PodSpec, sameContent } from "../../model/index.ts";

/** Pods of one controller that the scheduler cannot tell apart. */
export interface PodGroup {
  readonly pods: Pod[];
}

/** Specs that are remembered of one controller; a further one stands alone. */
const mostGroupsOfController = 10;

/** Groups of pods with one controller, equal labels and equal specs (`BuildPodGroups`). In first-seen order. */
export function equivalenceGroups(pods: readonly Pod[], kinds: PodKinds = new PodKinds()): PodGroup[] {
  const groups: PodGroup[] = [];
  const known = new SimilarPods<PodGroup>(kinds);
  for (const pod of pods) {
    const similar = known.of(pod);
    if (similar !== undefined) {
      similar.pods.push(pod);
      continue;
    }
    const group = { pods: [pod] };
    groups.push(group);
    known.remember(pod, group);
  }
  return groups;
}

/** Pods that are alike: of one controller, with equal labels and equal specs. */
export interface PodKind {
  /** Of the controller. */
  readonly controller: string;
  readonly sample: Pod;
}

/** Finds the kind of pods, for as long as a run lasts: each pod is compared once. */
export class PodKinds {
  readonly #byController = new Map<string, PodKind[]>();
  readonly #kinds = new Map<Pod, PodKind | undefined>();

  /** One object for all pods that are alike; `undefined`: a bare pod or one of a DaemonSet, which is like no other. */
  of(pod: Pod): PodKind | undefined {
    const known = this.#kinds.get(pod);
    if (known !== undefined || this.#kinds.has(pod)) return known;
    const kind = this.#find(pod);
    this.#kinds.set(pod, kind);
    return kind;
  }

  #find(pod: Pod): PodKind | undefined {
    const controller = controllerOf(pod);
    if (controller === undefined || controller.kind === "DaemonSet") return undefined;
    let kinds = this.#byController.get(controller.uid);
    if (kinds === undefined) {
      kinds = [];
      this.#byController.set(controller.uid, kinds);
    }
    let kind = kinds.find(({ sample }) => alike(sample, pod));
    if (kind === undefined) {
      kind = { controller: controller.uid, sample: pod };
      kinds.push(kind);
    }
    return kind;
  }
}

/** Remembers something of kinds of pods, of so many of one controller. */
export class SimilarPods<T> {
  readonly #kinds: PodKinds;
  readonly #values = new Map<PodKind, T>();
  readonly #counts = new Map<string, number>();

  constructor(kinds: PodKinds) {
    this.#kinds = kinds;
  }

  of(pod: Pod): T | undefined {
    const kind = this.#kinds.of(pod);
    return kind && this.#values.get(kind);
  }

  remember(pod: Pod, value: T): void {
    const kind = this.#kinds.of(pod);
    if (kind === undefined) return;
    const count = this.#counts.get(kind.controller) ?? 0;
    if (count >= mostGroupsOfController) return;
    this.#counts.set(kind.controller, count + 1);
    this.#values.set(kind, value);
  }
}

function alike(left: Pod, right: Pod): boolean {
  if (left.metadata.namespace !== right.metadata.namespace) return false;
  if (!same(left.metadata.labels ?? {}, right.metadata.labels ?? {})) return false;
  return sameSpec(left.spec, right.spec);
}

/** Parts of a template are shared between its pods, so most comparisons end at the reference. */
function same(left: unknown, right: unknown): boolean {
  return left === right || sameContent(left, right);
}

function sameSpec(left: PodSpec, right: PodSpec): boolean {
  if (left === right) return true;
  for (const key in left) {
    const [mine, theirs] = [left[key as keyof PodSpec], right[key as keyof PodSpec]];
    if (mine === theirs) continue;
    if (!same(projected(key, mine), projected(key, theirs))) return false;
  }
  for (const key in right)
    if (left[key as keyof PodSpec] === undefined && right[key as keyof PodSpec] !== undefined) return false;
  return true;
}

/** Every pod gets a token volume of a name of its own, which makes no difference. */
function projected(key: string, part: unknown): unknown {
  if (!Array.isArray(part)) return part;
  if (key === "volumes") return part.filter(({ name }) => !isTokenVolume(name));
  if (key !== "containers" && key !== "initContainers") return part;
  return part.map((container) => {
    const mounts = (container.volumeMounts ?? []).filter(({ name }: { name: string }) => !isTokenVolume(name));
    return { ...container, volumeMounts: mounts };
  });
}

const isTokenVolume = (name: string): boolean => name.startsWith("kube-api-access-");
