import type { NewObject } from "../../apiserver/index.ts";
import { controllerReference, type HorizontalPodAutoscaler } from "../../model/index.ts";
import { pauseOf } from "./pause.ts";
import { type ScaledObject, targetOf } from "./scaled-object.ts";
import { metricSpec } from "./triggers.ts";

const greatestDefault = 100;
/** Label values have at most so many characters. */
const longestName = 63;

/** Name of the HPA that belongs to a ScaledObject. */
export function autoscalerName({ metadata, spec }: ScaledObject): string {
  const own = spec.advanced?.horizontalPodAutoscalerConfig?.name;
  return own ?? `keda-hpa-${metadata.name}`.slice(0, longestName);
}

/** The HPA that KEDA makes for a ScaledObject: one replica at least, since from 0 and to it is not the HPA's business. */
export function autoscalerFor(scaledObject: ScaledObject): NewObject {
  const { metadata, spec } = scaledObject;
  const { minReplicaCount = 0, maxReplicaCount: maxReplicas = greatestDefault, triggers } = spec;
  const behavior = behaviorOf(scaledObject);
  const name = autoscalerName(scaledObject);
  const metrics = triggers.map((trigger, index) => metricSpec(trigger, index, metadata.name.slice(0, longestName)));
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: {
      name,
      namespace: metadata.namespace ?? "default",
      labels: {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/part-of": metadata.name.slice(0, longestName),
        "app.kubernetes.io/managed-by": "keda-operator",
        ...metadata.labels,
      },
      ownerReferences: [controllerReference(scaledObject)],
    },
    spec: {
      scaleTargetRef: { ...targetOf(scaledObject), name: spec.scaleTargetRef.name },
      minReplicas: Math.max(1, minReplicaCount),
      maxReplicas,
      metrics: metrics.sort((a, b) => (a.type < b.type ? -1 : a.type > b.type ? 1 : 0)),
      ...(behavior && { behavior }),
    },
  };
}

/** As the ScaledObject has it; a side that people have paused is disabled. */
function behaviorOf(scaledObject: ScaledObject): HorizontalPodAutoscaler["spec"]["behavior"] {
  const { behavior } = scaledObject.spec.advanced?.horizontalPodAutoscalerConfig ?? {};
  const { scaleIn, scaleOut } = pauseOf(scaledObject);
  if (!scaleIn && !scaleOut) return behavior;
  return {
    ...behavior,
    ...(scaleIn && { scaleDown: { ...behavior?.scaleDown, selectPolicy: "Disabled" } }),
    ...(scaleOut && { scaleUp: { ...behavior?.scaleUp, selectPolicy: "Disabled" } }),
  };
}
