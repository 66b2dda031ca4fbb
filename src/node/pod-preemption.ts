import type { Pod } from "../model/index.ts";
import type { PodWorker } from "./pod-worker.ts";
import { Signal, type Steps } from "./work.ts";

/** Ends pods one after another, each within its own grace, to make room for a critical one. */
export function* preempt(victims: readonly Pod[], workerOf: (pod: Pod) => PodWorker | undefined): Steps {
  for (const victim of victims) {
    const worker = workerOf(victim);
    if (worker === undefined) continue; // It went by itself, while others ended.
    const message = "Preempted in order to admit critical pod";
    const disruption = "Pod was preempted by Kubelet to accommodate a critical pod.";
    worker.podEvent("Warning", "Preempting", message);
    const done = new Signal();
    const status = { reason: "Preempting", message, disruption };
    worker.update({ kind: "kill", pod: worker.pod, kill: { evict: true, status, done: () => done.fire() } });
    yield done;
  }
}
