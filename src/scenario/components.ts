import type { PolicyChoice } from "./policy.ts";
import type { ScenarioText } from "./scenario-schema.ts";

/** Names of the processes that decide in a cluster, as `control-plane.ts` starts them; extensions may bring others. */
export function componentsOf(
  { cluster, faults }: ScenarioText["spec"],
  usesKeda: boolean,
  policies: readonly PolicyChoice[],
): string[] {
  const interrupts =
    cluster.nodePools.some(({ spot }) => spot !== undefined) || faults.some(({ kind }) => kind === "spot-interruption");
  return [
    "kube-controller-manager",
    "kube-scheduler",
    "cloud-controller-manager",
    "csi-controller",
    "prometheus",
    ...(cluster.clusterAutoscaler === undefined ? [] : ["cluster-autoscaler"]),
    ...(usesKeda ? ["keda-operator"] : []),
    ...(interrupts ? ["aws-node-termination-handler"] : []),
    ...policies.map(({ name }) => name),
  ];
}
