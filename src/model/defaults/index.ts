import { decodeObject, type JsonObject } from "../decode.ts";
import type { KubeObject } from "../object-meta.ts";
import { defaultDaemonSet, defaultDeployment, defaultReplicaSet, defaultStatefulSet } from "./apps.ts";
import { defaultHorizontalPodAutoscaler } from "./autoscaling.ts";
import { defaultCronJob, defaultJob } from "./batch.ts";
import {
  defaultEndpoints,
  defaultLimitRange,
  defaultNamespace,
  defaultNode,
  defaultPersistentVolume,
  defaultPersistentVolumeClaim,
  defaultReplicationController,
  defaultResourceQuota,
  defaultSecret,
  defaultService,
} from "./core.ts";
import {
  defaultCsiDriver,
  defaultEndpointSlice,
  defaultIngressClass,
  defaultNetworkPolicy,
  defaultPriorityClass,
  defaultRoleBinding,
  defaultStorageClass,
  defaultWebhookConfiguration,
} from "./other-groups.ts";
import { defaultPodObject, defaultPodTemplate } from "./pod.ts";

/** Each writes to the decoded copy of an object of its kind, which has the shape of the kind's generated type. */
const defaultsOfKind: ReadonlyMap<string, (object: never) => void> = new Map<string, (object: never) => void>([
  ["v1 Pod", defaultPodObject],
  [
    "v1 PodTemplate",
    ({ template }: { template: Parameters<typeof defaultPodTemplate>[0] }) => defaultPodTemplate(template),
  ],
  ["v1 Service", defaultService],
  ["v1 ReplicationController", defaultReplicationController],
  ["v1 Secret", defaultSecret],
  ["v1 Namespace", defaultNamespace],
  ["v1 Node", defaultNode],
  ["v1 PersistentVolume", defaultPersistentVolume],
  ["v1 PersistentVolumeClaim", defaultPersistentVolumeClaim],
  ["v1 Endpoints", defaultEndpoints],
  ["v1 LimitRange", defaultLimitRange],
  ["v1 ResourceQuota", defaultResourceQuota],
  ["apps/v1 Deployment", defaultDeployment],
  ["apps/v1 ReplicaSet", defaultReplicaSet],
  ["apps/v1 StatefulSet", defaultStatefulSet],
  ["apps/v1 DaemonSet", defaultDaemonSet],
  ["batch/v1 Job", defaultJob],
  ["batch/v1 CronJob", defaultCronJob],
  ["autoscaling/v2 HorizontalPodAutoscaler", defaultHorizontalPodAutoscaler],
  ["storage.k8s.io/v1 StorageClass", defaultStorageClass],
  ["storage.k8s.io/v1 CSIDriver", defaultCsiDriver],
  ["scheduling.k8s.io/v1 PriorityClass", defaultPriorityClass],
  ["discovery.k8s.io/v1 EndpointSlice", defaultEndpointSlice],
  ["networking.k8s.io/v1 NetworkPolicy", defaultNetworkPolicy],
  ["networking.k8s.io/v1 IngressClass", defaultIngressClass],
  ["rbac.authorization.k8s.io/v1 RoleBinding", defaultRoleBinding],
  ["rbac.authorization.k8s.io/v1 ClusterRoleBinding", defaultRoleBinding],
  ["admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration", defaultWebhookConfiguration],
  ["admissionregistration.k8s.io/v1 MutatingWebhookConfiguration", defaultWebhookConfiguration],
]);

/**
 * The object with the API version's defaults, as the server holds it after decoding: unknown fields and empty values gone,
 * quantities canonical. The input is not touched; a kind that is not known is copied. Throws `DecodeError`.
 */
export function applyDefaults(object: Readonly<JsonObject> | KubeObject): JsonObject {
  const { object: decoded } = decodeObject(object as JsonObject);
  const { apiVersion, kind, items } = decoded;
  const defaults = defaultsOfKind.get(`${apiVersion} ${kind}`);
  defaults?.(decoded as never);
  if (defaults === undefined && typeof kind === "string" && kind.endsWith("List") && Array.isArray(items)) {
    return {
      ...decoded,
      metadata: decoded["metadata"] ?? {},
      items: items.map((item: JsonObject) => applyDefaults(item)),
    };
  }
  return decoded;
}
