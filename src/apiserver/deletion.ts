import { isPodTerminal, type KubeObject, type Namespace, type Pod, type WallClock } from "../model/index.ts";
import type { DeleteOptions } from "./request.ts";

export interface Deletion {
  /** Gone with this call. */
  readonly remove: boolean;
  /** What it becomes, or is told to have been at last. */
  readonly object: KubeObject;
}

/**
 * What a DELETE makes of an object. Pods that run get a grace period, which a later call may only shorten; one that is
 * not assigned or has ended goes at once. Finalizers hold any object (registry strategies, v1.36).
 */
export function deletionOf(stored: KubeObject, options: DeleteOptions, clock: WallClock, nowUs: number): Deletion {
  const finalizers = finalizersFor(stored, options);
  const held = finalizers.length > 0 || namespaceFinalizers(stored).length > 0;
  const graceSeconds = stored.kind === "Pod" ? podGraceSeconds(stored as Pod, options) : 0;
  const { deletionTimestamp, deletionGracePeriodSeconds } = stored.metadata;
  if (deletionTimestamp !== undefined) {
    const left = deletionGracePeriodSeconds ?? 0;
    const removed = graceSeconds === 0 && !held;
    if (graceSeconds >= left && !removed) return { remove: false, object: stored };
    const sooner = clock.time(clock.instantUs(deletionTimestamp) + (graceSeconds - left) * 1_000_000);
    if (removed) return { remove: true, object: lastState(stored, sooner, 0) };
    return { remove: false, object: marked(stored, sooner, graceSeconds, finalizers, 0) };
  }
  if (graceSeconds === 0 && !held) return { remove: true, object: lastState(stored, clock.time(nowUs), 1) };
  const time = clock.time(nowUs + graceSeconds * 1_000_000);
  return { remove: false, object: marked(stored, time, graceSeconds, finalizers, 1) };
}

/** Pods have a grace, if of 0 s: who deletes one is shown it marked. */
function lastState(stored: KubeObject, deletionTimestamp: string, generations: number): KubeObject {
  return stored.kind === "Pod" ? marked(stored, deletionTimestamp, 0, [], generations) : stored;
}

function podGraceSeconds(pod: Pod, { gracePeriodSeconds }: DeleteOptions): number {
  if ((pod.spec.nodeName ?? "") === "" || isPodTerminal(pod)) return 0;
  return Math.max(0, gracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30);
}

function finalizersFor(stored: KubeObject, { propagationPolicy }: DeleteOptions): readonly string[] {
  const finalizers = stored.metadata.finalizers ?? [];
  // A Job deleted without a policy orphans its pods; everything else goes in the background.
  const policy = propagationPolicy ?? (stored.kind === "Job" ? "Orphan" : "Background");
  const wanted = policy === "Foreground" ? "foregroundDeletion" : policy === "Orphan" ? "orphan" : undefined;
  if (wanted === undefined || finalizers.includes(wanted) || stored.kind === "Pod") return finalizers;
  return [...finalizers, wanted];
}

function marked(
  stored: KubeObject,
  deletionTimestamp: string,
  deletionGracePeriodSeconds: number,
  finalizers: readonly string[],
  generations: number,
): KubeObject {
  const metadata = { ...stored.metadata, deletionTimestamp, deletionGracePeriodSeconds };
  if (metadata.generation !== undefined) metadata.generation += generations;
  if (finalizers.length > 0) metadata.finalizers = finalizers;
  if (stored.kind === "Namespace") {
    const status = { ...(stored as Namespace).status, phase: "Terminating" };
    return { ...stored, metadata, status } as Namespace;
  }
  return { ...stored, metadata };
}

/** A namespace is held by its `spec.finalizers`, until its controller has emptied it. */
export function namespaceFinalizers(object: KubeObject): readonly string[] {
  return object.kind === "Namespace" ? ((object as Namespace).spec?.finalizers ?? []) : [];
}
