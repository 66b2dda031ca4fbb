import { type Node, WallClock } from "../src/model/index.ts";
import type { Host } from "../src/node/host.ts";
import { Kubelet } from "../src/node/kubelet.ts";
import type { KubeletApi } from "../src/node/kubelet-api.ts";
import { defaultKubeletConfiguration, kubeletClocks } from "../src/node/kubelet-configuration.ts";
import { SharedParts } from "../src/node/shared-parts.ts";
import { Execution } from "../src/node/work.ts";
import type { EventLoop } from "../src/sim/index.ts";

const ample = 2 ** 40;

/** A runtime whose calls take as long as in the recordings; software that answers at once and runs on. */
export const plainHost: Host = {
  steady: true,
  retryDraw: () => 0,
  runSandbox: () => ({ tookUs: 300_000 }),
  stopSandbox: () => 100_000,
  removeSandbox: () => undefined,
  hasImage: () => true,
  *pull() {
    yield 0;
    return undefined;
  },
  pulled: () => undefined,
  imageBytes: () => 0,
  images: () => [],
  removeImage: () => undefined,
  create: () => ({ tookUs: 40_000 }),
  start: () => ({ tookUs: 60_000 }),
  started: () => undefined,
  ended: () => undefined,
  removeContainer: () => undefined,
  terminate: () => ({ tookUs: 1_000_000, exitCode: 143 }),
  probe: () => ({ result: "ok", tookUs: 0, output: "" }),
  hook: () => ({ tookUs: 0 }),
  stats: () => ({
    ...{ memoryCapacity: ample, memoryWorkingSet: 0, nodeFsCapacity: ample, nodeFsAvailable: ample },
    ...{ nodeFsInodes: ample, nodeFsInodesFree: ample, maxPids: ample, pids: 0 },
  }),
  usage: () => undefined,
  resizePodCgroup: () => undefined,
  updateResources: () => undefined,
};

interface LoneKubelet {
  readonly name?: string;
  readonly api: KubeletApi;
  readonly host?: Host;
  readonly shared?: SharedParts;
  /** When it started, in microseconds. */
  readonly startUs: number;
}

/** A kubelet without a cluster around it. */
export function loneKubelet(
  loop: EventLoop,
  { name = "n", api, host = plainHost, shared = new SharedParts(), startUs }: LoneKubelet,
): Kubelet {
  return new Kubelet({
    ...{ name, execution: new Execution(loop), api, host, clock: new WallClock(0), shared },
    clocks: kubeletClocks(startUs),
    configuration: defaultKubeletConfiguration,
    node: () => ({ metadata: { name: "n" }, spec: {}, status: { allocatable: {} } }) as unknown as Node,
    addressesOf: () => ({}),
    complaints: () => [],
    runtimeReady: () => true,
    networkError: () => undefined,
    patchNode: () => undefined,
  });
}
