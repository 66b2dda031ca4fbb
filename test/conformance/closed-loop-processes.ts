import type { ApiRequest } from "../../src/apiserver/index.ts";
import { ClusterAutoscaler, defaultOptions, type NodeGroupSpec } from "../../src/autoscaler/index.ts";
import { Process, type Surroundings } from "../../src/client/index.ts";
import type { AutoscalerCall } from "../../src/cloud/index.ts";
import { nameOf, parseGoDuration } from "../../src/model/index.ts";
import { handler, phase } from "../../src/sim/index.ts";
import type { RecordedCloud } from "./closed-loop-cloud.ts";
import type { Phases } from "./closed-loop-phases.ts";
import type { LoopRecording } from "./closed-loop-recording.ts";

/** All of the recorded cluster ran on one machine. */
const watchUs = 1_000;
const requestUs = 2_000;
const syncRequestUs = 500;
/** Calls of the provider between the start of a run and its order. */
const callsBeforeOrder = 8;

/**
 * kube-controller-manager whose autoscalers read their scale when `phases` says, and go on at once: a scrape may come a few
 * milliseconds later.
 */
export class PacedManager extends Process {
  #nextUs: number | undefined;

  constructor(surroundings: Surroundings, phases: Phases, nowMs: () => number) {
    super(surroundings, {
      name: "kube-controller-manager",
      limits: () => ({ perSecond: 20, burst: 30 }),
      watchUs,
      strike: (effect) => {
        if (effect.do !== "api" || !effect.client.startsWith("horizontal-pod-autoscaler")) return undefined;
        const { request } = effect as typeof effect & { readonly request: ApiRequest };
        const readsScale = effect.client === "horizontal-pod-autoscaler/scale" && request.verb === "get";
        const waitMs = readsScale ? phases.syncMs(nameOf(request.key), nowMs()) - nowMs() : 0;
        this.#nextUs = Math.max(syncRequestUs, Math.round(waitMs * 1000));
        return undefined;
      },
    });
  }

  /** Asked for every way of a request in turn; the runtime asks for that of a struck request next. */
  override get requestUs(): number {
    const nextUs = this.#nextUs ?? requestUs;
    this.#nextUs = undefined;
    return nextUs;
  }
}

export function schedulerProcess(surroundings: Surroundings): Process {
  return new Process(surroundings, { name: "kube-scheduler", limits: () => ({ perSecond: 50, burst: 100 }), watchUs });
}

/** The Cluster Autoscaler under the recording's flags; its runs take as long as `phases` says. */
export function autoscalerProcess(
  surroundings: Surroundings,
  cloud: RecordedCloud,
  { flags, quality: { providerCallMs } }: LoopRecording,
  phases: Phases,
  nowMs: () => number,
): Process {
  const { loop } = surroundings;
  const later = handler<() => void>("recorded-cloud", (act) => act());
  const after = (delayMs: number, act: () => void): void => {
    loop.schedule(loop.nowUs + Math.round(delayMs * 1000), phase.world, later, act);
  };
  const process = new Process(surroundings, {
    name: "cluster-autoscaler",
    limits: () => ({ perSecond: 5, burst: 10 }),
    watchUs,
    provider: (call, reply) => {
      const { operation } = call as unknown as AutoscalerCall;
      const calls = operation === "increaseSize" ? callsBeforeOrder - 1 : operation === "refresh" ? 1 : 0;
      after(calls * providerCallMs, () => reply(cloud.handle(call as unknown as AutoscalerCall)));
    },
  });
  new ClusterAutoscaler({
    process,
    options: autoscalingOptionsOf(flags["cluster-autoscaler"] ?? []),
    groups: cloud.specs as NodeGroupSpec[],
    choose: (groups) => cloud.recordedChoice(groups),
    get runUs() {
      return Math.max(1_000, Math.round((phases.runEndMs(nowMs()) - nowMs() - providerCallMs) * 1000));
    },
    sleeps: false,
  });
  return process;
}

/** What these flags come to. */
export function autoscalingOptionsOf(flags: readonly string[]): typeof defaultOptions {
  const options: Record<string, unknown> = { ...defaultOptions };
  for (const flag of flags) {
    const [, name, value] = /^--([a-z-]+)=(.*)$/.exec(flag)!;
    if (name === "expander") options["expanders"] = value!.split(",");
    else if (name === "balance-similar-node-groups") options["balanceSimilarNodeGroups"] = value === "true";
    else if (name!.startsWith("scale-down-")) {
      const option = name!.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
      options[`${option}Us`] = parseGoDuration(value!)! / 1000;
    }
  }
  return options as unknown as typeof defaultOptions;
}
