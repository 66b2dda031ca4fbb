import { callProvider, type Task } from "../../client/index.ts";
import type { CloudCall, CloudReply } from "../../cloud/index.ts";
import { tell, tellOf } from "./announcements.ts";
import type { ClusterState } from "./cluster-state.ts";
import type { Cooldowns } from "./cooldowns.ts";
import type { ScaleUpStatus } from "./run-status.ts";
import type { UnhelpedPod } from "./scale-up.ts";
import type { ScaleUpInfo } from "./similar-groups.ts";

/** Raises one group after the other; the first refusal ends it and backs its group off. */
export function* increaseSizes(
  scaleUps: readonly ScaleUpInfo[],
  status: ScaleUpStatus,
  state: ClusterState,
  cooldowns: Cooldowns,
  nowUs: number,
): Task<void> {
  const done: ScaleUpInfo[] = [];
  for (const info of scaleUps) {
    const { group, currentSize, newSize, maxSize } = info;
    const { id } = group.spec;
    const sizes = `${newSize} instead of ${currentSize} (max: ${maxSize})`;
    yield* tell("ScaledUpGroup", `Scale-up: setting group ${id} size to ${sizes}`);
    const call: CloudCall = { operation: "increaseSize", group: id, delta: newSize - currentSize };
    const reply = yield* callProvider<CloudReply>(call);
    if (!reply.ok) {
      yield* tell("FailedToScaleUpGroup", `Scale-up failed for group ${id}: ${reply.error}`, "Warning");
      const message = `failed to increase node group size: ${reply.error}`;
      state.backoff.failed(id, nowUs, { code: "cloudProviderError", message });
      Object.assign(status, { result: "ScaleUpError", awaiting: [], unhelped: [] });
      return;
    }
    group.target = newSize;
    state.registerScaleUp(id, newSize - currentSize, nowUs);
    cooldowns.added(id, nowUs);
    yield* tell("ScaledUpGroup", `Scale-up: group ${id} size set to ${sizes}`);
    done.push(info);
  }
  status.result = "ScaleUpSuccessful";
  status.scaleUps = done.map(({ group, currentSize, newSize, maxSize }) => ({
    group: group.spec.id,
    currentSize,
    newSize,
    maxSize,
  }));
  cooldowns.lastScaleUpUs = nowUs;
}

/** Tells pods what becomes of them. Unhelped ones hear nothing in a run that tried to help others. */
export function* tellPods({ result, scaleUps, helped, unhelped }: ScaleUpStatus): Task<void> {
  if (result === "ScaleUpNoOptionsAvailable") {
    for (const info of unhelped) {
      yield* tellOf(info.pod, "NotTriggerScaleUp", `pod didn't trigger scale-up: ${reasonsOf(info)}`);
    }
  }
  if (scaleUps.length === 0) return;
  const sizes = scaleUps.map(
    ({ group, currentSize, newSize, maxSize }) => `{${group} ${currentSize}->${newSize} (max: ${maxSize})}`,
  );
  for (const pod of helped) yield* tellOf(pod, "TriggeredScaleUp", `pod triggered scale-up: [${sizes.join(" ")}]`);
}

/** Reasons with the number of groups that gave each. */
function reasonsOf({ rejected, skipped }: UnhelpedPod): string {
  const counts = new Map<string, number>();
  for (const reasons of [...rejected.values(), ...skipped.values()]) {
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => `${count} ${reason}`).join(", ");
}
