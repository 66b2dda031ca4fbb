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
  /** StopPodSandbox with CNI DEL. Assumption. */
  readonly sandboxStopUs: number;
  /** Before the first byte of an image arrives. */
  readonly pullSetup: Distribution;
  /** One layer's unpacking, the bottleneck of a pull: bytes of the compressed image per second. */
  readonly unpackBytesPerSecond: number;
}

export const defaultNodeDelays: NodeDelays = {
  // With the cloud's vmInit these add up to a median of 35 s and a p99 near 100 s from launch to Ready, as suggested
  // there; the best case (bare AMI, awslabs/node-latency-for-k8s) is VM initialized 14 s, kubelet 21 s, Ready 26 s.
  kubeletStart: { medianUs: 11_000_000, p95Us: 25_000_000, floorUs: 5_000_000 },
  networkReady: { medianUs: 8_000_000, p95Us: 25_000_000, floorUs: 3_000_000 },
  sandbox: { medianUs: 300_000, p95Us: 800_000 },
  containerStart: { medianUs: 100_000, p95Us: 300_000 },
  sandboxStopUs: 100_000,
  pullSetup: { medianUs: 500_000, p95Us: 1_500_000 },
  unpackBytesPerSecond: 85 * 1024 * 1024, // containerd/containerd#13559: 80–90 MiB/s of compressed bytes on one core.
};
