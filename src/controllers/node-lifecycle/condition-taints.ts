import { type Change, type Controller, callApi, type Outcome, type Task, type View } from "../../client/index.ts";
import { keyOf, type Node, type ObjectKey } from "../../model/index.ts";
import { withConditionTaints } from "./node-taints.ts";

const client = "node-lifecycle-controller";

/** node-lifecycle-controller's watch-driven half: NoSchedule taints follow conditions within milliseconds. */
export const conditionTaintController: Controller<undefined> = {
  name: client,
  workers: 8,
  memory: () => undefined,
  watches: [
    {
      kind: "Node",
      keys: ({ after }: Change<Node>) =>
        after !== undefined && withConditionTaints(after) !== after.spec.taints ? [keyOf(after)] : [],
    },
  ],
  reconcile,
};

function* reconcile(key: ObjectKey, view: View): Task<Outcome> {
  const node = view.get("Node", key);
  if (node === undefined || withConditionTaints(node) === (node.spec.taints ?? [])) return "done";
  const change = (stored: Node): Node => ({ ...stored, spec: { ...stored.spec, taints: withConditionTaints(stored) } });
  const reply = yield* callApi(client, { verb: "patch", kind: "Node", key, part: "main", change });
  return reply.ok || reply.error.code === 404 ? "done" : { retry: reply.error };
}
