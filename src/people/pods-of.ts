import type { Store } from "../apiserver/index.ts";
import { compareText, controllerOf, isPodTerminal, keyOf, objectKey, type Pod } from "../model/index.ts";
import type { Target } from "./kubectl.ts";

/** A pod by name, or those that belong to a workload and have not ended, the oldest first. */
export function podsOf(store: Store, { kind, key }: Target): Pod[] {
  const belongs = (pod: Pod): boolean => {
    if (kind === "Pod") return keyOf(pod) === key;
    const owner = controllerOf(pod);
    if (owner === undefined) return false;
    const ownerKey = objectKey(pod.metadata.namespace, owner.name);
    if (owner.kind === kind) return ownerKey === key;
    const above = store.get(owner.kind, ownerKey);
    const top = above && controllerOf(above);
    return top?.kind === kind && objectKey(pod.metadata.namespace, top.name) === key;
  };
  const pods = [...store.list("Pod")].filter((pod) => !isPodTerminal(pod) && belongs(pod));
  const age = ({ metadata }: Pod): string => `${metadata.creationTimestamp}/${metadata.name}`;
  pods.sort((a, b) => compareText(age(a), age(b)));
  return pods;
}
