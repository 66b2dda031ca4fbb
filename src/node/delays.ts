import type { Distribution } from "../sim/index.ts";

/** How long things take on a machine. Sources: latencies.md §1 and §4 of the data set, where not said otherwise. */
export interface NodeDelays {
  /** From power on to a kubelet that runs: the operating system's part of booting. */
  readonly kubeletStart: Distribution;
  /** From registration until the network plugin is up and the node reports Ready. */
  readonly networkReady: Distribution;
  /** RunPodSandbox with CNI ADD. Assumption. */
  readonly sandbox: Distribution;
  /** CreateContainer and StartContainer together. Assumption. */
  readonly containerStart: Distribution;
  /** Mounting what a pod mounts: the volume manager's loop turns every 100 ms. */
  readonly mountUs: number;
  /** Before the first byte of an image arrives. */
  readonly pullSetup: Distribution;
  /** One layer's unpacking, the bottleneck of a pull: bytes of the compressed image per second. */
  readonly unpackBytesPerSecond: number;
}

export const defaultNodeDelays: NodeDelays = {
  // Bare AMI, awslabs/node-latency-for-k8s: VM initialized 14 s, kubelet start 21 s, registered 22 s, Ready 26 s.
  kubeletStart: { medianUs: 7_000_000, p95Us: 20_000_000, floorUs: 4_000_000 },
  networkReady: { medianUs: 4_000_000, p95Us: 15_000_000, floorUs: 2_000_000 },
  sandbox: { medianUs: 300_000, p95Us: 800_000 },
  containerStart: { medianUs: 100_000, p95Us: 300_000 },
  mountUs: 200_000,
  pullSetup: { medianUs: 500_000, p95Us: 1_500_000 },
  unpackBytesPerSecond: 85 * 1024 * 1024, // containerd/containerd#13559: 80–90 MiB/s of compressed bytes on one core.
};
