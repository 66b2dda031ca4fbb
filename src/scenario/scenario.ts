import type { NewObject } from "../apiserver/index.ts";
import type { CallLimits, NodePool } from "../cloud/index.ts";
import type { Fault } from "../faults/index.ts";
import type { Pod } from "../model/index.ts";
import type { KubeletSettings } from "../node/index.ts";
import type { Distribution } from "../sim/index.ts";
import type { EntryFlow, Patience } from "../traffic/index.ts";
import type { Behavior, External } from "../world/index.ts";
import type { Action } from "./action.ts";
import type { Expectation } from "./expectation.ts";
import type { PolicyChoice } from "./policy.ts";
import type { ClusterAutoscalerFlags, ControllerManagerFlags } from "./scenario-schema.ts";
import type { ZoneOffset } from "./time-zones.ts";

/**
 * Everything a run is a function of, besides its seed. Plain data: no file is read after this. All instants are virtual
 * microseconds; the run's start stands at `warmUpUs`, before it the cluster comes to rest.
 */
export interface Scenario {
  readonly name: string;
  readonly question: string;
  /** Microseconds since 1970 at the start of the run (not of the warm-up). */
  readonly startEpochUs: number;
  /** Of the start's time zone: clock times in scenario and reports are local. */
  readonly utcOffsetMinutes: number;
  readonly warmUpUs: number;
  readonly durationUs: number;
  /** Whether machines are up and empty at virtual instant 0, or are to be booted. */
  readonly initial: "empty" | "settled";
  readonly pools: readonly NodePool[];
  readonly prices: DeclaredPrices;
  /** How many calls the provider takes; absent: all. */
  readonly providerLimits: CallLimits | undefined;
  /** Machines that are to be taken back are drained. */
  readonly terminationHandler: boolean;
  /** Of each node pool: what its kubelets are told, and the pods in their files. */
  readonly kubelets: ReadonlyMap<string, { readonly settings: KubeletSettings; readonly staticPods: readonly Pod[] }>;
  readonly clusterAutoscaler: ClusterAutoscalerFlags | undefined;
  /** There are ScaledObjects among the manifests or in actions, so KEDA is installed. */
  readonly usesKeda: boolean;
  readonly controllerManager: ControllerManagerFlags;
  readonly scheduler: {
    readonly replicas: number;
    readonly config: unknown;
    readonly perSecond: number;
    readonly burst: number;
  };
  /** In the order of their creation at virtual instant 0. */
  readonly objects: readonly NewObject[];
  /** Bare pods that come one by one, by time. */
  readonly pods: readonly TracedPod[];
  readonly behaviors: readonly WorkloadBehavior[];
  readonly externals: readonly External[];
  readonly flows: readonly EntryFlow[];
  readonly calls: Patience;
  readonly policies: readonly PolicyChoice[];
  readonly actions: readonly Action[];
  readonly faults: readonly Fault[];
  readonly expectations: readonly Expectation[];
  /** Offsets of the time zones that CronJobs, policies and ScaledObjects name, over the run and a year beyond. */
  readonly timeZones: ReadonlyMap<string, readonly ZoneOffset[]>;
  /** Modules with controllers, plugins, policies and invariants of the user's: absolute paths. */
  readonly extensions: readonly string[];
  /** Watch events come up to so much later, each by its own luck; 0: always after the same delay. */
  readonly deliveryJitterUs: number;
  /** What was filled in for the user, in words: nobody shall mistake an assumption for a measurement. */
  readonly assumptions: readonly string[];
  /** Objects by kind that the API server keeps and nobody acts on. */
  readonly notSimulated: readonly { readonly kind: string; readonly count: number }[];
}

/** What is paid for besides machines, in millionths of a US dollar. */
export interface DeclaredPrices {
  readonly controlPlanePerHour: number;
  /** Of each Service of type LoadBalancer. */
  readonly loadBalancerPerHour: number;
  readonly crossZonePerGiB: number;
}

/** A pod of a trace. */
export interface TracedPod {
  readonly atUs: number;
  readonly object: NewObject;
}

/** A behavior and the workload it was declared for. */
export interface WorkloadBehavior {
  readonly namespace: string;
  /** `deployment/web`. */
  readonly workload: string;
  readonly behavior: PartialBehavior;
}

/** What the scenario says; what it leaves open depends on the pod and is filled in when one starts. */
export type PartialBehavior = Partial<Omit<Behavior, "memory" | "cold">> & {
  /** For how long a request costs so many times the CPU. */
  readonly warmUp?: { readonly for: Distribution; readonly cpuFactor: number };
  readonly memory?: Partial<Behavior["memory"]>;
  readonly calls: Behavior["calls"];
};
