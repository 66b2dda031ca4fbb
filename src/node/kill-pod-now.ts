import type { KillOptions, PodWorker } from "./pod-worker.ts";
import { Signal, type Steps } from "./work.ts";

/** What the runtime is given beside the grace, at least; seconds. */
const leastWaitSeconds = 10;

/** kubelet's `killPodNow`: ends a pod and waits until nothing of it runs, but not for ever. */
export function* killPodNow(worker: PodWorker, kill: Omit<KillOptions, "done">): Steps {
  const { pod } = worker;
  const grace = kill.graceSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 0;
  const waitSeconds = Math.max(leastWaitSeconds, grace + Math.floor(grace / 2));
  const gone = new Signal();
  worker.update({ kind: "kill", pod, kill: { ...kill, done: () => gone.fire() } });
  yield { signal: gone, notAfterUs: worker.nowUs() + waitSeconds * 1_000_000 };
  if (gone.fired) return;
  const message = "Container runtime did not kill the pod within specified grace period.";
  worker.podEvent("Warning", "ExceededGracePeriod", message);
}
