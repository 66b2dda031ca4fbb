import { type Container, type Pod, qosClass, sameContent } from "../model/index.ts";
import { amountsOf, type ContainerAmounts } from "./container-amounts.ts";
import { isCriticalPod } from "./critical-pod.ts";
import { allContainers, lastingContainers } from "./pod-containers.ts";
import { isStaticPod } from "./static-pods.ts";

/** What of a kubelet's configuration forbids resizes. */
export interface ResizePolicies {
  readonly cpuManagerPolicy: "none" | "static";
  readonly memoryManagerPolicy: "None" | "Static";
  readonly swapBehavior: "NoSwap" | "LimitedSwap";
}

/** kubelet's `podResizesAdmitHandler` (v1.36): why a resize will never be granted; `undefined` when it may be. */
export function infeasibleResize(pod: Pod, granted: Pod, policies: ResizePolicies): string | undefined {
  if (isStaticPod(pod)) return "In-place resize of static-pods is not supported";
  if (policies.swapBehavior === "LimitedSwap" && changesSwap(pod, granted))
    return "In-place resize of containers with swap is not supported.";
  if (qosClass(pod) !== "Guaranteed") return undefined;
  const { cpuManagerPolicy, memoryManagerPolicy } = policies;
  const infeasible = (manager: string, policy: string): string =>
    `Resize is infeasible for Guaranteed Pods alongside ${manager} Manager policy "${policy}"`;
  if (cpuManagerPolicy === "static" && changes(pod, granted, "cpuRequestMillicores"))
    return infeasible("CPU", cpuManagerPolicy);
  if (memoryManagerPolicy === "Static" && changes(pod, granted, "memoryRequestBytes"))
    return infeasible("Memory", memoryManagerPolicy);
  return undefined;
}

function changes(pod: Pod, granted: Pod, amount: keyof ContainerAmounts): boolean {
  const of = ({ spec }: Pod): number[] => lastingContainers(spec).map(({ resources }) => amountsOf(resources)[amount]);
  return !sameContent(of(pod), of(granted));
}

/** The share of swap follows from the memory request: only a restart gives a container another one. */
function changesSwap(pod: Pod, granted: Pod): boolean {
  const before = new Map(allContainers(granted.spec).map((container) => [container.name, container]));
  return allContainers(pod.spec).some((container) => {
    const own = before.get(container.name);
    if (own === undefined || requestOf(own) === requestOf(container)) return false;
    const policy = own.resizePolicy?.find(({ resourceName }) => resourceName === "memory");
    return policy?.restartPolicy !== "RestartContainer" && (maySwap(pod, container) || maySwap(granted, own));
  });
}

function requestOf({ resources }: Container): number {
  return amountsOf(resources).memoryRequestBytes;
}

/** Under LimitedSwap, of Burstable pods that are not critical, what requests some memory and may use more. */
function maySwap(pod: Pod, { resources }: Container): boolean {
  if (isCriticalPod(pod) || qosClass(pod) !== "Burstable") return false;
  const { memoryRequestBytes, memoryLimitBytes } = amountsOf(resources);
  return memoryRequestBytes + memoryLimitBytes > 0 && memoryRequestBytes !== memoryLimitBytes;
}
