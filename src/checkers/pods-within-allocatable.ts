import {
  milliValue,
  type Node,
  objectKey,
  type Pod,
  type PodResources,
  podRequests,
  type Uid,
  value,
} from "../model/index.ts";
import type { Machine } from "../world/index.ts";
import { defineInvariant } from "./invariant.ts";

/** Pods with processes on a machine request no more than its Node can give. A pod that the API has let go counts no more. */
export const podsWithinAllocatable = defineInvariant({
  name: "admitted pods are within allocatable",
  watch({ api, violate }) {
    const counted = new Map<Uid, Counted>();
    const sumsOf = new Map<Machine, Sums>();
    const remove = (uid: Uid): void => {
      const known = counted.get(uid);
      if (known === undefined) return;
      counted.delete(uid);
      known.sums.cpuMillicores -= known.requests.cpuMillicores;
      known.sums.memoryBytes -= known.requests.memoryBytes;
    };
    const check = (machine: Machine, sums: Sums, { status }: Node): void => {
      const { allocatable = {} } = status;
      if (sums.cpuMillicores > milliValue(allocatable["cpu"] ?? "0"))
        violate(`${machine.spec.name}: ${sums.cpuMillicores}m CPU requested of ${allocatable["cpu"]}`);
      if (sums.memoryBytes > value(allocatable["memory"] ?? "0"))
        violate(`${machine.spec.name}: ${sums.memoryBytes} bytes requested of ${allocatable["memory"]}`);
    };
    /** The pod asks for other resources than when it came: what its kubelet says it granted counts. */
    const recount = (known: Counted, pod: Pod): void => {
      const requests = podRequests(granted(pod));
      const more = {
        cpuMillicores: requests.cpuMillicores - known.requests.cpuMillicores,
        memoryBytes: requests.memoryBytes - known.requests.memoryBytes,
      };
      known.requests = requests;
      known.sums.cpuMillicores += more.cpuMillicores;
      known.sums.memoryBytes += more.memoryBytes;
      const node = api.store.get("Node", objectKey(undefined, known.machine.spec.name));
      if (node !== undefined && (more.cpuMillicores > 0 || more.memoryBytes > 0))
        check(known.machine, known.sums, node);
    };
    return {
      onCommit({ before, after }) {
        if (after === undefined && before!.kind === "Pod") remove(before!.metadata.uid);
        if (after?.kind !== "Pod") return;
        const known = counted.get(after.metadata.uid);
        if (known !== undefined && known.containers !== (after as Pod).spec.containers) recount(known, after as Pod);
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
        counted.set(uid, { machine, sums, requests, containers: pod.spec.containers });
        check(machine, sums, node);
      },
    };
  },
});

/** A pod that is counted, and the containers it had when it came. */
interface Counted {
  readonly machine: Machine;
  readonly sums: Sums;
  readonly containers: Pod["spec"]["containers"];
  requests: PodResources;
}

/** The pod with the requests that its kubelet reports as allocated. */
function granted({ spec, status }: Pod): Pick<Pod, "spec"> {
  const all = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])];
  const own = (containers: Pod["spec"]["containers"]): Pod["spec"]["containers"] =>
    containers.map((container) => {
      const requests = all.find(({ name }) => name === container.name)?.allocatedResources;
      return requests === undefined ? container : { ...container, resources: { ...container.resources, requests } };
    });
  const { containers, initContainers } = spec;
  return {
    spec: {
      ...spec,
      containers: own(containers),
      ...(initContainers !== undefined && { initContainers: own(initContainers) }),
    },
  };
}

/** What the pods on one machine request together. */
interface Sums {
  cpuMillicores: number;
  memoryBytes: number;
}
