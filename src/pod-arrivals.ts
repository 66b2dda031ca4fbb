import type { ApiServer } from "./apiserver/index.ts";
import type { TracedPod } from "./scenario/index.ts";
import { type EventLoop, handler, phase } from "./sim/index.ts";

/** Bare pods of a trace: each is created at its instant, at nobody's expense. One event is pending at a time. */
export function startPodArrivals(loop: EventLoop, api: ApiServer, pods: readonly TracedPod[]): void {
  const next = (index: number): void => {
    if (index < pods.length) loop.schedule(pods[index]!.atUs, phase.api, arrival, index);
  };
  const arrival = handler<number>("trace/arrival", (index) => {
    api.handle({ verb: "create", object: pods[index]!.object });
    next(index + 1);
  });
  next(0);
}
