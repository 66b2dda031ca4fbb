import type { Pod } from "../model/index.ts";
import type { PodUsage } from "./eviction-manager.ts";
import type { NodeStats } from "./eviction-signals.ts";
import type { StoredImage } from "./image-store.ts";
import type { RuntimeContainer, RuntimeSandbox } from "./runtime-pod.ts";
import type { Steps } from "./work.ts";

/** How a call of the container runtime ends, and how long it takes in microseconds. */
export interface Outcome {
  readonly tookUs: number;
  /** The runtime's own words when it fails. */
  readonly error?: string;
}

export type ProbeType = "startup" | "liveness" | "readiness";

export interface ProbeOutcome {
  readonly result: "ok" | "fail" | "error";
  readonly tookUs: number;
  readonly output: string;
}

/**
 * The physics under a kubelet: how long calls take and what processes do. Asked at the beginning of each call; what processes
 * do by themselves comes back through `Runtime.exited`.
 */
export interface Host {
  /**
   * Probes answer the same until `Kubelet.lookAgain` is called. Turns that would change nothing are then no events, and a
   * pod that is well is not synced again.
   */
  readonly steady: boolean;
  /** From 0 to 1: how much longer than it must a pod waits for its next sync. */
  retryDraw(pod: Pod): number;
  runSandbox(sandbox: RuntimeSandbox): Outcome;
  /** Microseconds that StopPodSandbox takes. */
  stopSandbox(sandbox: RuntimeSandbox): number;
  removeSandbox(sandbox: RuntimeSandbox): void;
  hasImage(image: string): boolean;
  /** Ends when the image is there, or with the runtime's own words when it cannot be had. */
  pull(image: string, pod: Pod): Steps<string | undefined>;
  pulled(image: string, pod: Pod): void;
  imageBytes(image: string, pod: Pod): number;
  /** Images on the disk, and one of them less. */
  images(): Iterable<StoredImage>;
  removeImage(image: string): void;
  create(container: RuntimeContainer): Outcome;
  start(container: RuntimeContainer): Outcome;
  /** The process runs from now on. */
  started(container: RuntimeContainer): void;
  /** The process has ended. */
  ended(container: RuntimeContainer): void;
  removeContainer(container: RuntimeContainer): void;
  /** StopContainer begins. What SIGTERM leads to: the exit after so long; `undefined` when it is ignored. */
  terminate(
    container: RuntimeContainer,
    timeoutSeconds: number,
  ): { readonly tookUs: number; readonly exitCode: number } | undefined;
  probe(container: RuntimeContainer, type: ProbeType): ProbeOutcome;
  hook(container: RuntimeContainer, hook: "postStart" | "preStop"): Outcome;
  stats(): NodeStats;
  /** What a pod uses; `undefined` when nothing is known of it. */
  usage(pod: Pod): PodUsage | undefined;
  /** A resize is to change cpu or memory of the pod: its own cgroup, before or after its containers'. */
  resizePodCgroup(pod: Pod, resource: "cpu" | "memory"): void;
  /** The container has other resources now. */
  updateResources(container: RuntimeContainer): void;
}
