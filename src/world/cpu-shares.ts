import type { Machine } from "./machine.ts";
import type { RunningContainer, RunningPod } from "./running-pod.ts";

/** What a container wants and gets. */
interface Wanting {
  readonly pod: RunningPod;
  readonly container: RunningContainer;
  readonly want: number;
  millicores: number;
}

/**
 * What each container on a machine is granted of what it demands: its limit caps it, and while the machine is short its
 * cgroup weight decides, as Linux' fair scheduler does over any longer time.
 */
export function grantCpu(machine: Machine): readonly Readonly<Wanting>[] {
  const wanting: Wanting[] = [];
  let total = 0;
  for (const pod of machine.pods) {
    for (const container of pod.containers) {
      const want = machine.alive && container.running ? cappedDemand(container) : 0;
      total += want;
      wanting.push({ pod, container, want, millicores: want });
    }
  }
  const capacity = machine.spec.type.cpuMillicores;
  if (total > capacity) shareOut(wanting, capacity);
  return wanting;
}

/**
 * What the pod's main container could use at most, in millicores, while everybody else keeps demanding what they do:
 * the larger of what is left over and its fair share, never above its limit.
 */
export function cpuWithinReach(pod: RunningPod): number {
  const left = cpuLeftFor(pod);
  const limit = pod.main.limits.cpuLimitMillicores;
  return limit > 0 ? Math.min(limit, left) : left;
}

/** The same, were there no limit. While nobody's weight changes it moves no farther than the demands of its machine together. */
export function cpuLeftFor({ machine, main }: RunningPod): number {
  if (!machine.alive) return 0;
  const own = main.running ? cappedDemand(main) : 0;
  const others = machine.cpuDemandMillicores - own;
  const shares = own > 0 ? machine.cpuDemandShares : machine.cpuDemandShares + main.limits.cpuShares;
  const capacity = machine.spec.type.cpuMillicores;
  const fairShare = Math.floor((capacity * main.limits.cpuShares) / shares);
  return Math.max(fairShare, capacity - others);
}

/** What a container wants, within its limit. */
export function cappedDemand({ cpuDemandMillicores, limits }: RunningContainer): number {
  return limits.cpuLimitMillicores > 0 ? Math.min(cpuDemandMillicores, limits.cpuLimitMillicores) : cpuDemandMillicores;
}

/** Weighted max-min: whoever wants less than its share gets all it wants, the rest is divided again. */
function shareOut(wanting: readonly Wanting[], capacity: number): void {
  let left = capacity;
  let open = wanting.filter(({ want }) => want > 0);
  while (open.length > 0) {
    const weights = open.reduce((sum, { container }) => sum + container.limits.cpuShares, 0);
    const content = open.filter(({ want, container }) => want * weights <= left * container.limits.cpuShares);
    if (content.length === 0) {
      for (const entry of open) entry.millicores = Math.floor((left * entry.container.limits.cpuShares) / weights);
      return;
    }
    for (const entry of content) left -= entry.want;
    open = open.filter((entry) => !content.includes(entry));
  }
}
