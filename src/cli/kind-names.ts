import { kindInfos } from "../model/index.ts";

/** kubectl's short names. */
const shortNames = new Map([
  ["po", "Pod"],
  ["no", "Node"],
  ["deploy", "Deployment"],
  ["rs", "ReplicaSet"],
  ["rc", "ReplicationController"],
  ["sts", "StatefulSet"],
  ["ds", "DaemonSet"],
  ["cj", "CronJob"],
  ["svc", "Service"],
  ["ep", "Endpoints"],
  ["cm", "ConfigMap"],
  ["sa", "ServiceAccount"],
  ["quota", "ResourceQuota"],
  ["limits", "LimitRange"],
  ["hpa", "HorizontalPodAutoscaler"],
  ["pdb", "PodDisruptionBudget"],
  ["pc", "PriorityClass"],
  ["sc", "StorageClass"],
  ["ns", "Namespace"],
  ["pvc", "PersistentVolumeClaim"],
  ["pv", "PersistentVolume"],
  ["ev", "Event"],
  ["event", "Event"],
  ["events", "Event"],
]);

const names = new Map([
  ...Object.entries(kindInfos).flatMap(([kind, { plural }]): [string, string][] => [
    [kind.toLowerCase(), kind],
    [plural, kind],
  ]),
  ...shortNames,
]);

/** The kind that a word on the command line names. */
export function kindNamed(word: string): string {
  return names.get(word.toLowerCase()) ?? word;
}
