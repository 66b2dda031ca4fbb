import type { NewObject } from "../apiserver/index.ts";
import type { ContainerImage, Node, NodeCondition } from "../model/index.ts";
import type { Machine } from "../world/index.ts";

const pressures = [
  { type: "MemoryPressure", reason: "KubeletHasSufficientMemory", message: "kubelet has sufficient memory available" },
  { type: "DiskPressure", reason: "KubeletHasNoDiskPressure", message: "kubelet has no disk pressure" },
  { type: "PIDPressure", reason: "KubeletHasSufficientPID", message: "kubelet has sufficient PID available" },
];

/** What a kubelet says of its machine: healthy but for Ready, which waits for the network. */
export function nodeConditions(ready: boolean, before: readonly NodeCondition[], time: string): NodeCondition[] {
  const network =
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized";
  const wanted = [
    ...pressures.map((pressure) => ({ ...pressure, status: "False" })),
    ready
      ? { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" }
      : { type: "Ready", status: "False", reason: "KubeletNotReady", message: network },
  ];
  return wanted.map((condition) => {
    const known = before.find(({ type }) => type === condition.type);
    const lastTransitionTime = known?.status === condition.status ? known.lastTransitionTime : time;
    return { ...condition, lastHeartbeatTime: time, lastTransitionTime };
  });
}

/** The Node a kubelet registers: its provider's labels, its pool's labels and taints, images on its disk, not ready yet. */
export function newNode(
  { spec }: Machine,
  {
    hostIP,
    time,
    images,
  }: { readonly hostIP: string; readonly time: string; readonly images: readonly ContainerImage[] },
): NewObject {
  const { name, type, zone, region, labels, taints } = spec;
  const arch = /^(?:[a-z]\d+g|t4g)/.test(type.name) ? "arm64" : "amd64";
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "beta.kubernetes.io/arch": arch,
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": arch,
        "kubernetes.io/os": "linux",
        "kubernetes.io/hostname": name,
        "node.kubernetes.io/instance-type": type.name,
        "topology.kubernetes.io/region": region,
        "topology.kubernetes.io/zone": zone,
        ...labels,
      },
    },
    spec: { providerID: `aws:///${zone}/${name}`, ...(taints.length > 0 && { taints }) },
    status: {
      capacity: type.capacity,
      allocatable: type.allocatable,
      conditions: nodeConditions(false, [], time),
      addresses: [
        { type: "InternalIP", address: hostIP },
        { type: "Hostname", address: name },
      ],
      nodeInfo: {
        architecture: arch,
        bootID: "",
        containerRuntimeVersion: "containerd://2.2.0",
        kernelVersion: "",
        kubeProxyVersion: "v1.36.2",
        kubeletVersion: "v1.36.2",
        machineID: "",
        operatingSystem: "linux",
        osImage: "",
        systemUUID: "",
      },
      ...(images.length > 0 && { images }),
    } satisfies Node["status"],
  };
}
