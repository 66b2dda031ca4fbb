import { controllerOf, type Pod, type PodSpec, sameContent } from "../../model/index.ts";

/** Pods of one controller that the scheduler cannot tell apart. */
export interface PodGroup {
  readonly pods: Pod[];
}

/** Specs that are remembered of one controller; a further one stands alone. */
const mostGroupsOfController = 10;

/** Groups of pods with one controller, equal labels and equal specs (`BuildPodGroups`). In first-seen order. */
export function equivalenceGroups(pods: readonly Pod[]): PodGroup[] {
  const groups: PodGroup[] = [];
  const known = new SimilarPods<PodGroup>();
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

/** Remembers something of pods by controller and spec. Bare pods and those of DaemonSets are never alike. */
export class SimilarPods<T> {
  readonly #byController = new Map<string, { readonly sample: Pod; readonly value: T }[]>();

  of(pod: Pod): T | undefined {
    const controller = controllerOf(pod);
    if (controller === undefined || controller.kind === "DaemonSet") return undefined;
    for (const { sample, value } of this.#byController.get(controller.uid) ?? []) {
      if (alike(sample, pod)) return value;
    }
    return undefined;
  }

  remember(pod: Pod, value: T): void {
    const controller = controllerOf(pod);
    if (controller === undefined || controller.kind === "DaemonSet") return;
    const known = this.#byController.get(controller.uid);
    if (known === undefined) this.#byController.set(controller.uid, [{ sample: pod, value }]);
    else if (known.length < mostGroupsOfController) known.push({ sample: pod, value });
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
