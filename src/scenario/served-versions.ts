import type { NewObject } from "../apiserver/index.ts";
import { isKnownKind, kindInfos } from "../model/index.ts";
import { isScaledObject } from "./scaled-object-schema.ts";

/**
 * An object in the version that is stored. autoscaling/v1 is still served and is converted; what v1.36 no longer serves
 * keeps its old version and is not acted on.
 */
export function asServed(object: NewObject): NewObject {
  if (object.kind === "HorizontalPodAutoscaler" && object.apiVersion === "autoscaling/v1")
    return fromAutoscalingV1(object);
  return object;
}

/** Whether v1.36, or KEDA, serves the object's kind under its version, as far as we know the kind. */
export function isSimulatedVersion({ kind, apiVersion }: NewObject): boolean {
  return (isKnownKind(kind) && kindInfos[kind].apiVersion === apiVersion) || isScaledObject({ kind, apiVersion });
}

function fromAutoscalingV1(object: NewObject): NewObject {
  const { targetCPUUtilizationPercentage, ...spec } = (object.spec ?? {}) as {
    targetCPUUtilizationPercentage?: number;
  };
  const averageUtilization = targetCPUUtilizationPercentage ?? 80;
  const metrics = [
    { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization } } },
  ];
  const { scaleTargetRef } = spec as { scaleTargetRef?: { apiVersion?: string } };
  // v1 lets the target's group be guessed.
  const target = { ...scaleTargetRef, apiVersion: scaleTargetRef?.apiVersion ?? "apps/v1" };
  return { ...object, apiVersion: "autoscaling/v2", spec: { ...spec, scaleTargetRef: target, metrics } };
}
