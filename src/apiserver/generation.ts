import type { DaemonSet, KubeObject } from "../model/index.ts";
import { sameContent } from "./same-content.ts";

/**
 * `metadata.generation` after a write of the main part: one more when the desired state changed. A Deployment counts
 * changes of annotations too (strategy of apps/v1 deployments, v1.36).
 */
export function nextGeneration(stored: KubeObject, next: KubeObject): number | undefined {
  const { generation } = stored.metadata;
  if (generation === undefined) return undefined; // Kinds without desired state, ConfigMaps for one, never have one.
  if (!sameContent(desired(stored), desired(next))) return generation + 1;
  const counts = stored.kind === "Deployment" && !sameContent(stored.metadata.annotations, next.metadata.annotations);
  return counts ? generation + 1 : generation;
}

function desired(object: KubeObject): unknown {
  const { apiVersion: _, kind: __, metadata: ___, status: ____, ...rest } = object as KubeObject & { status?: unknown };
  return rest;
}

const templateGeneration = "deprecated.daemonset.template.generation";

/** A DaemonSet still counts the changes of its template in an annotation (strategy of apps/v1 daemonsets, v1.36). */
export function withTemplateGeneration(stored: KubeObject, next: KubeObject): KubeObject {
  if (stored.kind !== "DaemonSet" || next.kind !== "DaemonSet") return next;
  const [before, after] = [stored as DaemonSet, next as DaemonSet];
  if (sameContent(before.spec.template, after.spec.template)) return next;
  const count = Number(before.metadata.annotations?.[templateGeneration] ?? 0) + 1;
  const annotations = { ...after.metadata.annotations, [templateGeneration]: `${count}` };
  return { ...after, metadata: { ...after.metadata, annotations } };
}
