import { type DaemonSet, type KubeObject, sameContent } from "../model/index.ts";

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
