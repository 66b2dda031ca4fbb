import { milliValue, objectKey, type PodResources, podRequests, type Uid, value } from "../model/index.ts";
import type { Machine } from "../world/index.ts";
import { defineInvariant } from "./invariant.ts";

/** Pods with processes on a machine request no more than its Node can give. A pod that the API has let go counts no more. */
export const podsWithinAllocatable = defineInvariant({
  name: "admitted pods are within allocatable",
  watch({ api, violate }) {
    const counted = new Map<Uid, { readonly sums: Sums; readonly requests: PodResources }>();
    const sumsOf = new Map<Machine, Sums>();
    const remove = (uid: Uid): void => {
      const known = counted.get(uid);
      if (known === undefined) return;
      counted.delete(uid);
      known.sums.cpuMillicores -= known.requests.cpuMillicores;
      known.sums.memoryBytes -= known.requests.memoryBytes;
    };
    return {
      onCommit({ before, after }) {
        if (after === undefined && before!.kind === "Pod") remove(before!.metadata.uid);
      },
      onWorld(change) {
        if (change.what === "pod-gone") remove(change.pod.uid);
        if (change.what !== "pod-started") return;
        const { machine, key, uid } = change.pod;
        const node = api.store.get("Node", objectKey(undefined, machine.spec.name));
        const pod = api.store.get("Pod", key);
        if (node === undefined || pod === undefined) return;
        let sums = sumsOf.get(machine);
        if (sums === undefined) {
          sums = { cpuMillicores: 0, memoryBytes: 0 };
          sumsOf.set(machine, sums);
        }
        const requests = podRequests(pod);
        sums.cpuMillicores += requests.cpuMillicores;
        sums.memoryBytes += requests.memoryBytes;
        counted.set(uid, { sums, requests });
        const { allocatable = {} } = node.status;
        if (sums.cpuMillicores > milliValue(allocatable["cpu"] ?? "0"))
          violate(`${machine.spec.name}: ${sums.cpuMillicores}m CPU requested of ${allocatable["cpu"]}`);
        if (sums.memoryBytes > value(allocatable["memory"] ?? "0"))
          violate(`${machine.spec.name}: ${sums.memoryBytes} bytes requested of ${allocatable["memory"]}`);
      },
    };
  },
});

/** What the pods on one machine request together. */
interface Sums {
  cpuMillicores: number;
  memoryBytes: number;
}
