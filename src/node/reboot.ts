import type { Container, Pod, WallClock } from "../model/index.ts";
import { allContainers } from "./pod-containers.ts";
import { RuntimeContainer, RuntimePod, RuntimeSandbox } from "./runtime-pod.ts";

/** What a runtime remembers of a pod that ran before its machine lost power: everything of it has exited. */
export function adopted(pod: Pod, clock: WallClock): RuntimePod | undefined {
  const { spec, status } = pod;
  const statuses = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const ran = statuses.filter(({ containerID }) => containerID !== undefined);
  if (ran.length === 0) return undefined;
  const held = new RuntimePod();
  const sandbox = new RuntimeSandbox(pod, 0);
  held.addSandbox(sandbox);
  const specs = new Map<string, Container>(allContainers(spec).map((container) => [container.name, container]));
  for (const { name, restartCount, state } of ran) {
    const container = new RuntimeContainer(specs.get(name)!, sandbox, {
      attempt: restartCount,
      run: held.nextRun(name),
    });
    const { terminated, running } = state ?? {};
    container.change({
      state: "exited",
      exitCode: terminated?.exitCode ?? 255,
      reason: terminated?.reason ?? "Unknown",
      startedUs: instant(terminated?.startedAt ?? running?.startedAt, clock),
      finishedUs: instant(terminated?.finishedAt ?? running?.startedAt, clock),
    });
    held.add(container);
  }
  return held;
}

function instant(time: string | undefined, clock: WallClock): number {
  return time === undefined ? 0 : clock.instantUs(time);
}
