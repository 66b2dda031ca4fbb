import type { View } from "../../client/index.ts";
import {
  type HorizontalPodAutoscaler,
  type KubeObject,
  type ObjectKey,
  objectKey,
  type Time,
} from "../../model/index.ts";

/** A trigger of a ScaledObject, as far as triggers are simulated. Values of `metadata` are texts, as in the CRD. */
export type Trigger = { readonly name?: string; readonly metricType?: "AverageValue" | "Value" | "Utilization" } & (
  | {
      readonly type: "cron";
      readonly metadata: {
        readonly timezone: string;
        readonly start: string;
        readonly end: string;
        readonly desiredReplicas: string;
      };
    }
  | {
      readonly type: "prometheus";
      readonly metadata: {
        /** A plain series selector: `requests_per_second{service="web"}`, perhaps within `sum(…)`. */
        readonly query: string;
        readonly threshold: string;
        readonly activationThreshold?: string;
      };
    }
  | { readonly type: "cpu"; readonly metadata: ResourceMetadata }
  | { readonly type: "memory"; readonly metadata: ResourceMetadata }
);

interface ResourceMetadata {
  /** Percent of what is requested, or a quantity with `metricType: AverageValue`. */
  readonly value: string;
  readonly containerName?: string;
}

/** What a trigger is taken to say once it has failed more than `failureThreshold` times in a row. */
export interface Fallback {
  readonly failureThreshold: number;
  readonly replicas: number;
  /** Default `static`: `replicas`. The others weigh the present count. */
  readonly behavior?: "static" | "currentReplicas" | "currentReplicasIfHigher" | "currentReplicasIfLower";
}

type Behavior = HorizontalPodAutoscaler["spec"]["behavior"];

/** `keda.sh/v1alpha1` ScaledObject, as far as it is simulated. Periods in seconds. */
export interface ScaledObject extends KubeObject {
  readonly spec: {
    readonly scaleTargetRef: { readonly apiVersion?: string; readonly kind?: string; readonly name: string };
    readonly pollingInterval?: number;
    readonly cooldownPeriod?: number;
    readonly initialCooldownPeriod?: number;
    readonly idleReplicaCount?: number;
    readonly minReplicaCount?: number;
    readonly maxReplicaCount?: number;
    readonly fallback?: Fallback;
    readonly advanced?: {
      /** When the ScaledObject is deleted, its target gets the count back that it had before. */
      readonly restoreToOriginalReplicaCount?: boolean;
      readonly horizontalPodAutoscalerConfig?: { readonly name?: string; readonly behavior?: Behavior };
    };
    readonly triggers: readonly Trigger[];
  };
  readonly status?: ScaledObjectStatus;
}

export interface ScaledObjectStatus {
  readonly scaleTargetKind?: string;
  readonly hpaName?: string;
  readonly externalMetricNames?: readonly string[];
  readonly resourceMetricNames?: readonly string[];
  readonly lastActiveTime?: Time;
  readonly originalReplicaCount?: number;
  readonly pausedReplicaCount?: number;
  /** By the names of metrics. */
  readonly health?: Readonly<Record<string, TriggerHealth>>;
  readonly conditions?: readonly ScaledObjectCondition[];
}

export interface TriggerHealth {
  readonly numberOfFailures: number;
  readonly status: "Happy" | "Failing";
}

export interface ScaledObjectCondition {
  readonly type: "Ready" | "Active" | "Fallback" | "Paused";
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

/** The operator's name, and that of its client. */
export const client = "keda-operator";

/** The label by which KEDA's metrics server knows whose metric is asked for. */
export const scaledObjectLabel = "scaledobject.keda.sh/name";

/** Kind and group version of what is scaled, with the CRD's defaults. */
export function targetOf({ spec }: Pick<ScaledObject, "spec">): { readonly apiVersion: string; readonly kind: string } {
  const { apiVersion = "apps/v1", kind = "Deployment" } = spec.scaleTargetRef;
  return { apiVersion, kind };
}

/** `apps/v1.Deployment` */
export function targetText(scaledObject: ScaledObject): string {
  const { apiVersion, kind } = targetOf(scaledObject);
  return `${apiVersion}.${kind}`;
}

/** The object that is scaled, by its key. */
export function targetKey({ metadata, spec }: ScaledObject): ObjectKey {
  return objectKey(metadata.namespace, spec.scaleTargetRef.name);
}

/** `spec.replicas` of the target, as the cache has it; `undefined`: it is not there. */
export function targetReplicas(scaledObject: ScaledObject, view: View): number | undefined {
  const target = view.get(targetOf(scaledObject).kind, targetKey(scaledObject)) as
    | { readonly spec: { readonly replicas?: number } }
    | undefined;
  return target && (target.spec.replicas ?? 1);
}
