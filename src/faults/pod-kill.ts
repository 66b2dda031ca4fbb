import { namespaceOf } from "../model/index.ts";
import type { Fault } from "./fault.ts";
import type { Strike } from "./strike.ts";

/** Kills the main process of some running pods of a workload, as `kill -9` would. */
export const podKill: Strike<Extract<Fault, { kind: "pod-kill" }>> = (
  { workload, namespace, count },
  { world },
  random,
) => {
  const pods = [...world.pods()].filter(
    (pod) => pod.workload === workload && namespaceOf(pod.key) === namespace && pod.main.running,
  );
  const killed: string[] = [];
  while (killed.length < count && pods.length > 0) {
    const [pod] = pods.splice(Math.floor(random() * pods.length), 1);
    killed.push(pod!.key);
    world.killContainer(pod!, pod!.main);
  }
  return { subject: killed.length === 0 ? "no pod" : killed.join(", "), pods: killed };
};
