import {
  type CompiledLabelSelector,
  type ContainerUsage,
  type HorizontalPodAutoscaler,
  type KubeObject,
  type MetricsAnswer,
  type Pod,
  type PodUsage,
  podCondition,
} from "../../model/index.ts";
import type { Instants, ReadinessWindows } from "./pod-groups.ts";

/**
 * What a sync saw that changed nothing and left nothing to wait for. As long as all of it is seen again, a sync has the
 * same proposal and the same silence, so it need not be computed: a flat load costs its requests and a comparison.
 */
export interface Quiet {
  readonly hpa: HorizontalPodAutoscaler;
  readonly target: KubeObject;
  readonly selector: CompiledLabelSelector;
  readonly pods: readonly Pod[];
  readonly answers: readonly MetricsAnswer<PodUsage>[];
  /** Version of the selectors of all autoscalers. */
  readonly selectors: number;
  readonly proposal: number;
}

/** Only usage of resources is compared; other metrics are computed anew each time. */
export function readsResourcesOnly({ spec }: HorizontalPodAutoscaler): boolean {
  return (spec.metrics ?? []).every(({ type }) => type === "Resource" || type === "ContainerResource");
}

/** Whether no pod will change its group by mere lapse of time: all are past the window of their start. */
export function areSettled(
  pods: readonly Pod[],
  { cpuInitializationUs }: ReadinessWindows,
  { nowUs, instantUs }: Instants,
): boolean {
  return pods.every((pod) => {
    const { startTime } = pod.status;
    if (startTime === undefined || podCondition(pod, "Ready") === undefined) return false;
    return instantUs(startTime) + cpuInitializationUs <= nowUs;
  });
}

export function samePods(left: readonly Pod[], right: readonly Pod[]): boolean {
  return left.length === right.length && left.every((pod, index) => pod === right[index]);
}

/** Equal usage; when it was measured does not matter to settled pods. */
export function sameUsage(left: MetricsAnswer<PodUsage>, right: MetricsAnswer<PodUsage> | undefined): boolean {
  if (!left.ok || right?.ok !== true || left.items.length !== right.items.length) return false;
  for (let index = 0; index < left.items.length; index += 1) {
    const [one, other] = [left.items[index]!, right.items[index]!];
    if (one.pod !== other.pod || !sameContainers(one.containers, other.containers)) return false;
  }
  return true;
}

function sameContainers(left: readonly ContainerUsage[], right: readonly ContainerUsage[]): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) {
    const [one, other] = [left[index]!, right[index]!];
    if (one.name !== other.name || one.memoryBytes !== other.memoryBytes) return false;
    if (one.cpuNanocores !== other.cpuNanocores) return false;
  }
  return true;
}
