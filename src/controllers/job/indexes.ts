import type { Pod } from "../../model/index.ts";

export const indexAnnotation = "batch.kubernetes.io/job-completion-index";
export const failureCountAnnotation = "batch.kubernetes.io/job-index-failure-count";
export const ignoredFailureCountAnnotation = "batch.kubernetes.io/job-index-ignored-failure-count";

/** The completion index of a pod; `undefined` for one that has none. */
export function indexOf(pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[indexAnnotation];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function count(pod: Pod, annotation: string): number {
  const text = pod.metadata.annotations?.[annotation];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : 0;
}

/** How often the pod's index had failed before it. */
export function failuresBefore(pod: Pod): number {
  return count(pod, failureCountAnnotation);
}

export function ignoredFailuresBefore(pod: Pod): number {
  return count(pod, ignoredFailureCountAnnotation);
}

/** `0-2,5` as a set; indexes from `limit` on are left out. */
export function parseIndexes(text: string | undefined, limit: number): Set<number> {
  const indexes = new Set<number>();
  for (const part of (text ?? "").split(",")) {
    const [first, last = first] = part.split("-").map(Number);
    if (part === "" || first === undefined) continue;
    for (let index = first; index <= last!; index += 1) if (index < limit) indexes.add(index);
  }
  return indexes;
}

/** Ascending, with runs of three or more as intervals: `1,3-5`. */
export function formatIndexes(indexes: ReadonlySet<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let from = 0; from < sorted.length; ) {
    let to = from;
    while (sorted[to + 1] === sorted[to]! + 1) to += 1;
    parts.push(
      to === from
        ? `${sorted[from]}`
        : to === from + 1
          ? `${sorted[from]},${sorted[to]}`
          : `${sorted[from]}-${sorted[to]}`,
    );
    from = to + 1;
  }
  return parts.join(",");
}
