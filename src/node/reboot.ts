import type { Container, Pod, WallClock } from "../model/index.ts";
import { RuntimeContainer, RuntimePod, RuntimeSandbox } from "./runtime-pod.ts";

/** What a runtime remembers of a pod that ran before its machine lost power: everything of it has exited. */
export function adopted({ spec, status, ...rest }: Pod, clock: WallClock): RuntimePod | undefined {
  const pod = { spec, status, ...rest } as Pod;
  const statuses = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const ran = statuses.filter(({ containerID }) => containerID !== undefined);
  if (ran.length === 0) return undefined;
  const held = new RuntimePod();
  const sandbox = new RuntimeSandbox(pod, 0, 0);
  held.sandboxes.push(sandbox);
  const specs = new Map<string, Container>(
    [...(spec.initContainers ?? []), ...spec.containers].map((container) => [container.name, container]),
  );
  for (const { name, restartCount, state } of ran) {
    const container = new RuntimeContainer(pod, specs.get(name)!, sandbox, {
      attempt: restartCount,
      run: held.nextRun(name),
      createdUs: 0,
    });
    const { terminated, running } = state ?? {};
    container.state = "exited";
    container.exitCode = terminated?.exitCode ?? 255;
    container.reason = terminated?.reason ?? "Unknown";
    container.startedUs = instant(terminated?.startedAt ?? running?.startedAt, clock);
    container.finishedUs = instant(terminated?.finishedAt ?? running?.startedAt, clock);
    held.containers.push(container);
  }
  return held;
}

function instant(time: string | undefined, clock: WallClock): number {
  return time === undefined ? 0 : clock.instantUs(time);
}
