import { controllerOf, type Pod, type PodSpec, sameContent } from "../../model/index.ts";

/** Pods of one controller that the scheduler cannot tell apart. */
export interface PodGroup {
  readonly pods: Pod[];
}

/** Specs that are remembered of one controller; a further one stands alone. */
const mostGroupsOfController = 10;

/** Groups of pods with one controller, equal labels and equal specs (`BuildPodGroups`). In first-seen order. */
export function equivalenceGroups(pods: readonly PodOfKind[]): PodGroup[] {
  const groups: PodGroup[] = [];
  const known = new SimilarPods<PodGroup>();
  for (const { pod, kind } of pods) {
    const similar = known.of(kind);
    if (similar !== undefined) {
      similar.pods.push(pod);
      continue;
    }
    const group = { pods: [pod] };
    groups.push(group);
    known.remember(kind, group);
  }
  return groups;
}

/** Pods that are alike: of one controller, with equal labels and equal specs. */
export interface PodKind {
  /** Of the controller. */
  readonly controller: string;
  readonly sample: Pod;
}

/** A pod, compared once. */
export interface PodOfKind {
  readonly pod: Pod;
  /** One object for all pods that are alike; `undefined`: a bare pod or one of a DaemonSet, which is like no other. */
  readonly kind: PodKind | undefined;
}

/** Finds the kind of pods, for as long as a run lasts. */
export class PodKinds {
  readonly #byController = new Map<string, PodKind[]>();

  /** To be remembered by the caller: a pod is compared with the kinds of its controller. */
  of(pod: Pod): PodKind | undefined {
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
  readonly #values = new Map<PodKind, T>();
  readonly #counts = new Map<string, number>();

  of(kind: PodKind | undefined): T | undefined {
    return kind && this.#values.get(kind);
  }

  remember(kind: PodKind | undefined, value: T): void {
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
