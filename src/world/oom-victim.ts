import type { Machine } from "./machine.ts";
import type { RunningContainer, RunningPod } from "./running-pod.ts";

/**
 * Whom the kernel kills when the machine has no memory left: the process with the most badness, which is what it holds plus
 * its `oom_score_adj` in thousandths of the machine's memory (Linux' `oom_badness`). Of equals the one that came first.
 */
export function oomVictim(
  machine: Machine,
): { readonly pod: RunningPod; readonly container: RunningContainer } | undefined {
  let worst: { readonly pod: RunningPod; readonly container: RunningContainer } | undefined;
  let most = 0;
  for (const pod of machine.pods) {
    for (const container of pod.containers) {
      if (!container.running) continue;
      const adjustment = Math.trunc(machine.spec.type.memoryBytes / 1000) * container.limits.oomScoreAdj;
      const badness = container.memoryBytes + adjustment;
      if (worst !== undefined && badness <= most) continue;
      worst = { pod, container };
      most = badness;
    }
  }
  return worst;
}
