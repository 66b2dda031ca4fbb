import type { Deployment, ReplicaSet } from "../../model/index.ts";
import { fenceposts } from "./fenceposts.ts";

export const revisionAnnotation = "deployment.kubernetes.io/revision";
const historyAnnotation = "deployment.kubernetes.io/revision-history";
const desiredAnnotation = "deployment.kubernetes.io/desired-replicas";
const maxAnnotation = "deployment.kubernetes.io/max-replicas";
/** Longest `revision-history` text; older revisions fall out. */
const longestHistory = 2_000;

/** Annotations that a Deployment does not hand down to its ReplicaSets. */
const kept = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  maxAnnotation,
  "deprecated.deployment.rollback.to",
]);

export function revisionOf({ metadata }: Deployment | ReplicaSet): number {
  const revision = Number(metadata.annotations?.[revisionAnnotation] ?? 0);
  return Number.isInteger(revision) ? revision : 0;
}

/** Size that the Deployment had when it last sized this ReplicaSet. */
export function desiredReplicasNoted({ metadata }: ReplicaSet): number | undefined {
  const noted = metadata.annotations?.[desiredAnnotation];
  return noted === undefined ? undefined : Number(noted);
}

/** Size plus surge at that time. */
export function maxReplicasNoted({ metadata }: ReplicaSet): number | undefined {
  const noted = metadata.annotations?.[maxAnnotation];
  return noted === undefined ? undefined : Number(noted);
}

/** `desired-replicas` and `max-replicas` as the Deployment wants them now. */
export function sizeAnnotations(deployment: Deployment): Record<string, string> {
  const replicas = deployment.spec.replicas ?? 1;
  const { maxSurge } = fenceposts(deployment);
  return { [desiredAnnotation]: String(replicas), [maxAnnotation]: String(replicas + maxSurge) };
}

/** The new ReplicaSet's annotations: the Deployment's own, the revision, and the former revisions it had. */
export function annotationsForNew(
  deployment: Deployment,
  existing: ReplicaSet | undefined,
  revision: number,
): Readonly<Record<string, string>> {
  const annotations: Record<string, string> = { ...existing?.metadata.annotations };
  for (const [name, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (!kept.has(name)) annotations[name] = value;
  }
  const former = annotations[revisionAnnotation];
  if (former === undefined || Number(former) < revision) {
    annotations[revisionAnnotation] = String(revision);
    if (former !== undefined) annotations[historyAnnotation] = appended(annotations[historyAnnotation], former);
  }
  return annotations;
}

function appended(history: string | undefined, revision: string): string {
  if (history === undefined || history === "") return revision;
  const revisions = [...history.split(","), revision];
  while (revisions.join(",").length > longestHistory) revisions.shift();
  return revisions.join(",");
}
