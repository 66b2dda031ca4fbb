import type { Node } from "../model/index.ts";
import type { NodePool } from "./node-pool.ts";

/** What the provider says that a new machine of the pool will look like as a node: ready, and in the pool's first zone. */
export function templateNode({ name, machineType, region, zones, labels, taints }: NodePool): Node {
  const arch = /^(?:[a-z]\d+g|t4g)/.test(machineType.name) ? "arm64" : "amd64";
  const [zone = ""] = zones;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: `template-${name}`,
      labels: {
        "beta.kubernetes.io/arch": arch,
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": arch,
        "kubernetes.io/os": "linux",
        "kubernetes.io/hostname": `template-${name}`,
        "node.kubernetes.io/instance-type": machineType.name,
        "topology.kubernetes.io/region": region,
        "topology.kubernetes.io/zone": zone,
        ...labels,
      },
    },
    spec: taints.length > 0 ? { taints } : {},
    status: {
      capacity: machineType.capacity,
      allocatable: machineType.allocatable,
      conditions: [{ type: "Ready", status: "True" }],
    },
  } as unknown as Node;
}
