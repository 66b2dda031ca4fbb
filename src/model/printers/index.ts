import type { JsonObject } from "../decode.ts";
import type { KubeObject } from "../object-meta.ts";
import type { Cells } from "./cells.ts";
import * as core from "./core.ts";
import { printPod } from "./pod.ts";
import * as storageAndPolicy from "./storage-and-policy.ts";
import * as workloads from "./workloads.ts";

type Printer = (object: never, nowSeconds: number) => Cells;

const printers: ReadonlyMap<string, Printer> = new Map<string, Printer>([
  ["Pod", printPod],
  ["Deployment", workloads.printDeployment],
  ["ReplicaSet", workloads.printReplicaSet],
  ["StatefulSet", workloads.printStatefulSet],
  ["DaemonSet", workloads.printDaemonSet],
  ["Job", workloads.printJob],
  ["CronJob", workloads.printCronJob],
  ["PodDisruptionBudget", workloads.printPodDisruptionBudget],
  ["HorizontalPodAutoscaler", workloads.printHorizontalPodAutoscaler],
  ["Node", core.printNode],
  ["Service", core.printService],
  ["PersistentVolumeClaim", core.printPersistentVolumeClaim],
  ["PersistentVolume", core.printPersistentVolume],
  ["Namespace", core.printNamespace],
  ["ServiceAccount", core.printServiceAccount],
  ["Lease", core.printLease],
  ["Secret", core.printSecret],
  ["ConfigMap", core.printConfigMap],
  ["Event", core.printEvent],
  ["EndpointSlice", core.printEndpointSlice],
  ["Ingress", core.printIngress],
  ["NetworkPolicy", core.printNetworkPolicy],
  ["RoleBinding", core.printRoleBinding],
  ["ClusterRoleBinding", core.printRoleBinding],
  ["ReplicationController", workloads.printReplicationController],
  ["ResourceQuota", storageAndPolicy.printResourceQuota],
  ["PriorityClass", storageAndPolicy.printPriorityClass],
  ["StorageClass", storageAndPolicy.printStorageClass],
  ["VolumeAttachment", storageAndPolicy.printVolumeAttachment],
  ["ControllerRevision", storageAndPolicy.printControllerRevision],
]);

/** The row that `kubectl get -o wide` shows, by column; kinds without columns of their own show when they were created. `nowSeconds`: since 1970. */
export function printRow(object: KubeObject | JsonObject, nowSeconds: number): Cells {
  const printer = printers.get(object["kind"] as string);
  if (printer !== undefined) return printer(object as never, nowSeconds);
  const { name, creationTimestamp } = (object as KubeObject).metadata;
  return { Name: name, "Created At": creationTimestamp ?? "<unknown>" };
}

export type { Cells };
