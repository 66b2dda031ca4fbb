import { recordEvent, type Task } from "../../client/index.ts";
import type { KubeObject, Node, Pod } from "../../model/index.ts";
import { client } from "./taints.ts";

/** What the autoscaler says about itself is said about its status ConfigMap. */
const statusConfigMap = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace: "kube-system", name: "cluster-autoscaler-status", uid: "" },
} as unknown as KubeObject;

export function* tell(reason: string, message: string, type: "Normal" | "Warning" = "Normal"): Task<void> {
  yield* recordEvent(client, statusConfigMap, type, reason, message);
}

export function* tellOf(
  about: Node | Pod,
  reason: string,
  message: string,
  type: "Normal" | "Warning" = "Normal",
): Task<void> {
  yield* recordEvent(client, about, type, reason, message);
}
