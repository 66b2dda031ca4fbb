import type { View } from "../../client/index.ts";
import { callApi, type Task, waitUntil } from "../../client/index.ts";
import { keyOf, type Node, type Taint } from "../../model/index.ts";

export const client = "cluster-autoscaler";
/** On a node whose machine is about to be given back. */
export const toBeDeletedTaint = "ToBeDeletedByClusterAutoscaler";
/** On a node that is not needed, and may be given back later. */
export const deletionCandidateTaint = "DeletionCandidateOfClusterAutoscaler";
const retryEveryUs = 750_000;
const retryForUs = 5_000_000;

function taintOf(node: Node, key: string): Taint | undefined {
  return node.spec.taints?.find((taint) => taint.key === key);
}

export function hasTaint(node: Node, key: string): boolean {
  return taintOf(node, key) !== undefined;
}

/** Unix seconds that the taint was set at, by its value. */
export function taintedAtSeconds(node: Node, key: string): number | undefined {
  const value = taintOf(node, key)?.value;
  return value === undefined || !/^-?\d+$/.test(value) ? undefined : Number(value);
}

/** Adds a taint; the node that was given may be old, so a conflict is tried again with what is stored. */
export function* addTaint(
  node: Node,
  taint: { readonly key: string; readonly effect: string },
  cordon: boolean,
  view: View,
): Task<string | undefined> {
  const value = String(Math.floor(view.clock.epochUs(view.nowUs) / 1_000_000));
  return yield* change(node, view, (seen) => {
    if (hasTaint(seen, taint.key)) return seen;
    const taints = [...(seen.spec.taints ?? []), { ...taint, value }];
    return { ...seen, spec: { ...seen.spec, taints, ...(cordon && { unschedulable: true }) } };
  });
}

/** Takes a taint away, and the cordon with it where asked. */
export function* removeTaint(node: Node, key: string, uncordon: boolean, view: View): Task<string | undefined> {
  return yield* change(node, view, (seen) => {
    const cordoned = uncordon && seen.spec.unschedulable === true;
    if (!hasTaint(seen, key) && !cordoned) return seen;
    const { unschedulable, taints, ...rest } = seen.spec;
    const left = (taints ?? []).filter((taint) => taint.key !== key);
    const spec = { ...rest, ...(left.length > 0 && { taints: left }) };
    return { ...seen, spec: uncordon || unschedulable === undefined ? spec : { ...spec, unschedulable } };
  });
}

/** An update from a copy that may be old. Answers what went wrong, if anything did. */
function* change(node: Node, view: View, edit: (seen: Node) => Node): Task<string | undefined> {
  const deadlineUs = view.nowUs + retryForUs;
  let seen = node;
  for (let fresh = false; ; fresh = true) {
    if (fresh) {
      const reply = yield* callApi(client, { verb: "get", kind: "Node", key: keyOf(node) });
      if (!reply.ok) return reply.error.message;
      seen = reply.object as Node;
    }
    const next = edit(seen);
    if (next === seen) {
      if (fresh) return undefined;
      continue; // Makes sure to have the latest version before skipping the update.
    }
    const reply = yield* callApi(client, { verb: "update", next, part: "main" });
    if (reply.ok) return undefined;
    if (reply.error.reason !== "Conflict" || view.nowUs >= deadlineUs) return reply.error.message;
    yield* waitUntil(view.nowUs + retryEveryUs);
  }
}
