import { all, callApi, type Process, type Task } from "../client/index.ts";
import { keyOf, type Pod } from "../model/index.ts";
import type { ComputeResources } from "../scenario/index.ts";
import { client, type Refusal, refusalOf, type Target } from "./kubectl.ts";
import { podsOf } from "./pods-of.ts";

interface Resize {
  readonly container?: string;
  readonly resources: ComputeResources;
  readonly count?: number;
}

/** `kubectl patch --subresource resize`, once for each pod: other requests and limits for one of its containers. */
export function* resizePods({ surroundings }: Process, target: Target, resize: Resize): Task<Refusal> {
  const pods = podsOf(surroundings.api.store, target).slice(0, resize.count);
  const change = (pod: Pod): Pod => ({ ...pod, spec: { ...pod.spec, containers: resized(pod, resize) } });
  const calls = pods.map((pod) =>
    callApi(client, { verb: "patch", kind: "Pod", key: keyOf(pod), part: "resize", change }),
  );
  const replies = yield* all(calls);
  return replies.map(refusalOf).find((refusal) => refusal !== undefined);
}

function resized(
  { spec }: Pod,
  { container = spec.containers[0]!.name, resources }: Resize,
): Pod["spec"]["containers"] {
  return spec.containers.map((one) => {
    if (one.name !== container) return one;
    const { requests, limits } = one.resources ?? {};
    return {
      ...one,
      resources: {
        ...one.resources,
        ...(resources.requests && { requests: { ...requests, ...resources.requests } }),
        ...(resources.limits && { limits: { ...limits, ...resources.limits } }),
      },
    };
  });
}
