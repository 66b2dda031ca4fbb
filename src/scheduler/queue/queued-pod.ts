import type { PodInfo } from "../snapshot/pod-info.ts";

/** A pod that waits, with its history. */
export interface QueuedPod {
  pod: PodInfo;
  readonly key: string;
  /** When the last attempt failed; before the first one, when the pod was queued. */
  timestampUs: number;
  /** How often it was popped. */
  attempts: number;
  /** Attempts that some plugin rejected; never reset while the pod waits. */
  unschedulableCount: number;
  /** Attempts in a row that ended in an error. */
  consecutiveErrors: number;
  /** Who rejected it at the last attempt; empty after an error. */
  unschedulablePlugins: ReadonlySet<string>;
  /** The PreEnqueue plugin that holds it back. */
  gatingPlugin: string | undefined;
}

export function queuedPod(pod: PodInfo, nowUs: number): QueuedPod {
  return {
    pod,
    key: pod.key,
    timestampUs: nowUs,
    attempts: 0,
    unschedulableCount: 0,
    consecutiveErrors: 0,
    unschedulablePlugins: nobody,
    gatingPlugin: undefined,
  };
}

const nobody: ReadonlySet<string> = new Set();
