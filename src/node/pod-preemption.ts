import type { Pod } from "../model/index.ts";
import { killPodNow } from "./kill-pod-now.ts";
import type { PodWorkers } from "./pod-workers.ts";
import type { Steps } from "./work.ts";

/** Ends pods one after another, each within its own grace, to make room for a critical one. */
export function* preempt(victims: readonly Pod[], workers: Pick<PodWorkers, "of">): Steps {
  for (const victim of victims) {
    const worker = workers.of(victim);
    if (worker === undefined) continue; // It went by itself, while others ended.
    const message = "Preempted in order to admit critical pod";
    const disruption = "Pod was preempted by Kubelet to accommodate a critical pod.";
    worker.podEvent("Warning", "Preempting", message);
    yield* killPodNow(worker, { evict: true, status: { reason: "Preempting", message, disruption } });
  }
}
