import { keyOf, namespaceOf, type Pod, podRequests, workloadOf } from "../model/index.ts";
import type { Behavior } from "../world/index.ts";
import type { PartialBehavior, WorkloadBehavior } from "./scenario.ts";

/** What software does of which the scenario says nothing. Printed with every result. */
export const assumedBehavior = {
  startup: { medianUs: 2_000_000, p95Us: 5_000_000 },
  init: { medianUs: 1_000_000, p95Us: 1_000_000 },
  shutdown: { medianUs: 1_000_000, p95Us: 3_000_000 },
  /** 128 and the signal's number: it handles no SIGTERM, as most software. */
  shutdownExitCode: 143,
  imageBytes: 104_857_600,
  concurrency: 100,
  /** CPU of software that serves requests, while it has none. */
  servingIdleCpuMillicores: 5,
} as const;

/** What pods of the image `pause` do, which keep room and nothing else: they sleep. About the size of pause:3.10. */
const pauseBehavior = {
  startup: { medianUs: 10_000, p95Us: 20_000 },
  imageBytes: 320_000,
  memoryBytes: 524_288,
} as const;

/** Behaviors by workload; what a scenario leaves open is what the pod requests, or an assumption. */
export class Behaviors {
  readonly #declared = new Map<string, PartialBehavior>();
  readonly #resolved = new WeakMap<object, Behavior>();

  constructor(behaviors: readonly WorkloadBehavior[]) {
    for (const { namespace, workload, behavior } of behaviors) this.#declared.set(`${namespace}/${workload}`, behavior);
  }

  /** How this pod's software behaves. Equal pods get the same object. */
  of(pod: Pod): Behavior {
    const known = this.#resolved.get(pod.spec.containers);
    if (known !== undefined) return known;
    const behavior = this.#resolve(pod);
    this.#resolved.set(pod.spec.containers, behavior);
    return behavior;
  }

  #resolve(pod: Pod): Behavior {
    const declared: PartialBehavior = this.#declared.get(`${namespaceOf(keyOf(pod))}/${workloadOf(pod)}`) ?? {
      calls: [],
    };
    // The software is the first ordinary container; what sidecars hold is theirs.
    const requests = podRequests({ ...pod, spec: { containers: pod.spec.containers.slice(0, 1) } });
    const serves = declared.perRequest !== undefined;
    const pauses = /(^|\/)pause([:@]|$)/.test(pod.spec.containers[0]?.image ?? "");
    const runsToCompletion = pod.spec.restartPolicy !== undefined && pod.spec.restartPolicy !== "Always";
    const warm: Behavior = {
      startup: declared.startup ?? (pauses ? pauseBehavior.startup : assumedBehavior.startup),
      init: declared.init ?? assumedBehavior.init,
      imageBytes: declared.imageBytes ?? (pauses ? pauseBehavior : assumedBehavior).imageBytes,
      ...(declared.imageLayers && { imageLayers: declared.imageLayers }),
      perRequest: declared.perRequest,
      concurrency: declared.concurrency ?? assumedBehavior.concurrency,
      memory: {
        baseBytes: declared.memory?.baseBytes ?? (pauses ? pauseBehavior.memoryBytes : requests.memoryBytes),
        perRequestInFlightBytes: declared.memory?.perRequestInFlightBytes ?? 0,
        leakBytesPerSecond: declared.memory?.leakBytesPerSecond ?? 0,
      },
      ...(declared.disk && { disk: declared.disk }),
      ...(declared.processes && { processes: declared.processes }),
      calls: declared.calls,
      idleCpuMillicores:
        declared.idleCpuMillicores ?? (serves ? assumedBehavior.servingIdleCpuMillicores : pauses ? 0 : undefined),
      startupCpuMillicores: declared.startupCpuMillicores ?? (pauses ? 0 : requests.cpuMillicores),
      // A Job's pod that nobody described ends well after half a minute.
      exit: declared.exit ?? (runsToCompletion ? { after: { medianUs: 30_000_000 }, code: 0 } : undefined),
      shutdown: declared.shutdown ?? assumedBehavior.shutdown,
      shutdownExitCode: declared.shutdownExitCode ?? assumedBehavior.shutdownExitCode,
    };
    const { warmUp } = declared;
    if (warmUp === undefined || warm.perRequest === undefined) return warm;
    const perRequest = { ...warm.perRequest, cpuUs: Math.round(warm.perRequest.cpuUs * warmUp.cpuFactor) };
    return { ...warm, cold: { for: warmUp.for, behavior: { ...warm, perRequest } } };
  }
}
