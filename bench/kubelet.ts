import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { defaultPod, type Pod, type PodStatus } from "../src/model/index.ts";
import type { Kubelet } from "../src/node/kubelet.ts";
import type { KubeletApi } from "../src/node/kubelet-api.ts";
import { SharedParts } from "../src/node/shared-parts.ts";
import { EventLoop, handler, phase } from "../src/sim/index.ts";
import { loneKubelet } from "./lone-kubelet.ts";

const podsPerNode = 30;
/** Objects of one node and a watch that shows each write 5 ms later. */
class BenchApi implements KubeletApi {
  readonly requestUs = 2_000;
  readonly #loop: EventLoop;
  readonly #pods = new Map<string, Pod>();
  readonly #seen = handler<() => void>("bench/watch", (task) => task());
  kubelet: Kubelet | undefined;
  writes = 0;

  constructor(loop: EventLoop) {
    this.#loop = loop;
  }

  put(pod: Pod, verb: "add" | "update"): void {
    this.#pods.set(pod.metadata.uid, pod);
    this.#loop.schedule(this.#loop.nowUs + 5_000, phase.deliver, this.#seen, () => this.kubelet![verb](pod));
  }

  pod(pod: Pod): Pod | undefined {
    return this.#pods.get(pod.metadata.uid);
  }

  keysOf(): ReadonlySet<string> | undefined {
    return undefined;
  }

  patchStatus(pod: Pod, status: PodStatus, done: (accepted: boolean) => void): void {
    this.writes += 1;
    this.put({ ...pod, status }, "update");
    done(true);
  }

  deletePod({ metadata }: Pod): void {
    this.#pods.delete(metadata.uid);
    this.#loop.schedule(this.#loop.nowUs + 5_000, phase.deliver, this.#seen, () => this.kubelet!.remove(metadata.uid));
  }

  createPod(): void {}

  event(): void {}
}

/** Kubelets by themselves: what a pod weighs while it runs, and what its life from binding to the object's end costs. */
export function benchKubelets(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  console.log("| kubelets | pods | bytes a pod | events a pod | writes a pod | CPU ns a write | CPU µs a pod's life |");
  console.log("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
  for (const nodes of [10, 100, 1_000, 5_000]) {
    const loop = new EventLoop();
    const { spec } = defaultPod({ spec: { containers: [{ name: "c", image: "i:1" }] } } as never);
    const pods: { readonly api: BenchApi; readonly pod: Pod }[] = [];
    const shared = new SharedParts();
    const apis = Array.from({ length: nodes }, (_, index) => kubeletOn(loop, shared, index));
    for (const [node, api] of apis.entries()) {
      for (let index = 0; index < podsPerNode; index += 1) pods.push({ api, pod: newPod(`p-${node}-${index}`, spec) });
    }
    collect();
    const before = usedBytes();
    const began = process.cpuUsage();
    for (const { api, pod } of pods) api.put(pod, "add");
    loop.step(Number.MAX_SAFE_INTEGER, 60_000_000);
    const startedNs = nanoseconds(process.cpuUsage(began));
    collect();
    const bytes = (usedBytes() - before) / pods.length;
    const again = process.cpuUsage();
    for (const { api, pod } of pods) api.put(deleted(api.pod(pod)!), "update");
    loop.step(Number.MAX_SAFE_INTEGER, 120_000_000);
    const ns = startedNs + nanoseconds(process.cpuUsage(again));
    const writes = apis.reduce((sum, api) => sum + api.writes, 0);
    const left = pods.filter(({ api, pod }) => api.pod(pod) !== undefined).length;
    if (left > 0) throw new Error(`${left} pods are left`);
    const figures = [nodes, pods.length, bytes, loop.firedEvents / pods.length, writes / pods.length, ns / writes];
    const shown = figures.map((figure) => Math.round(figure).toLocaleString("en"));
    console.log(`| ${[...shown, (ns / pods.length / 1000).toFixed(1)].join(" | ")} |`);
  }
}

function usedBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function nanoseconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) * 1000;
}

function kubeletOn(loop: EventLoop, shared: SharedParts, index: number): BenchApi {
  const api = new BenchApi(loop);
  api.kubelet = loneKubelet(loop, { name: `n${index}`, api, shared, startUs: index * 7_919 - 400_000_000 });
  return api;
}

function newPod(name: string, spec: unknown): Pod {
  const metadata = { name, namespace: "default", uid: `uid-${name}`, generation: 1 };
  return { apiVersion: "v1", kind: "Pod", metadata, spec, status: { phase: "Pending" } } as unknown as Pod;
}

function deleted(pod: Pod): Pod {
  const deletion = { deletionTimestamp: "2026-01-05T00:01:00Z", deletionGracePeriodSeconds: 30, generation: 2 };
  return { ...pod, metadata: { ...pod.metadata, ...deletion } } as Pod;
}
