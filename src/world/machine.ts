import type { RunningPod } from "./running-pod.ts";

/** What a provider sells: size, price, and how long it lives is somebody else's. All integers. */
export interface MachineType {
  /** Provider's name, `m6i.2xlarge`. */
  readonly name: string;
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
  readonly networkBytesPerSecond: number;
  /** On-demand price in millionths of a US dollar an hour. */
  readonly microUsdPerHour: number;
  /** What a kubelet on it reports: allocatable and capacity, quantity texts by resource name. */
  readonly capacity: Readonly<Record<string, string>>;
  readonly allocatable: Readonly<Record<string, string>>;
}

export interface MachineSpec {
  /** Also the Node's name. Never used twice in a run. */
  readonly name: string;
  readonly pool: string;
  readonly type: MachineType;
  readonly region: string;
  readonly zone: string;
  /** Labels and taints that the pool puts on its Nodes. */
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
}

/** Between a provider's notice and the end of a spot machine: EC2's two minutes (aws/karpenter-provider-aws, designs/interruption-handling.md). */
export const spotNoticeUs = 120_000_000;

/** A machine that is: bought, maybe powered, maybe frozen. What the Node object says of it may be another matter. */
export class Machine {
  /** Dense index over all machines of a run; also its `Place`. */
  readonly index: number;
  readonly spec: MachineSpec;
  /** Bought at, in virtual microseconds; billing starts here. */
  readonly boughtAtUs: number;
  /** The provider has said that it will take the machine back then, on its own account. */
  reclaimAtUs: number | undefined;
  /** Given back to the provider; billing ends here. */
  releasedAtUs: number | undefined;
  /** Has electricity. A machine without it does and says nothing. */
  powered = false;
  /** Powered but stopped in its tracks (paused VM, hung kernel). */
  frozen = false;
  /** The container runtime calls itself ready. */
  runtimeReady = true;
  /** The kubelet's process lives. */
  kubeletAlive = true;
  /** What its containers want together, each within its limit. */
  cpuDemandMillicores = 0;
  /** Weights of the containers that want something, together. */
  cpuDemandShares = 0;
  /** How far the demands of its containers have moved, added up since the beginning, while that was all that happened. */
  cpuDemandTravelMillicores = 0;
  /** Counts what else may move what a pod can reach: weights, power, processes, a machine that is or was short. */
  cpuEpoch = 0;
  /** What its containers hold together; only `World` changes it. */
  memoryBytes = 0;
  /** `World` tells when `memoryBytes` comes above this, or back. Set by who watches the machine's memory. */
  memoryAlarmBytes = Number.POSITIVE_INFINITY;
  /** Above this the kernel has nothing left to give and kills. */
  memoryFullBytes = Number.POSITIVE_INFINITY;
  /** Processes on it, in order of their start. */
  readonly pods = new Set<RunningPod>();

  constructor(index: number, spec: MachineSpec, boughtAtUs: number) {
    this.index = index;
    this.spec = spec;
    this.boughtAtUs = boughtAtUs;
  }

  /** Runs instructions now. */
  get alive(): boolean {
    return this.powered && !this.frozen;
  }
}
