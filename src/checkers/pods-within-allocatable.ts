import { milliValue, objectKey, type Pod, podRequests, value } from "../model/index.ts";
import { defineInvariant } from "./invariant.ts";

/** Pods with processes on a machine request no more than its Node can give. */
export const podsWithinAllocatable = defineInvariant({
  name: "admitted pods are within allocatable",
  watch({ api, violate }) {
    return {
      onWorld(change) {
        if (change.what !== "pod-started") return;
        const { machine } = change.pod;
        const node = api.store.get("Node", objectKey(undefined, machine.spec.name));
        if (node === undefined) return;
        let [cpu, memory] = [0, 0];
        for (const { key } of machine.pods) {
          const pod: Pod | undefined = api.store.get("Pod", key);
          if (pod === undefined) continue;
          const requests = podRequests(pod);
          cpu += requests.cpuMillicores;
          memory += requests.memoryBytes;
        }
        const { allocatable = {} } = node.status;
        if (cpu > milliValue(allocatable["cpu"] ?? "0"))
          violate(`${machine.spec.name}: ${cpu}m CPU requested of ${allocatable["cpu"]}`);
        if (memory > value(allocatable["memory"] ?? "0"))
          violate(`${machine.spec.name}: ${memory} bytes requested of ${allocatable["memory"]}`);
      },
    };
  },
});
