import { type Container, type ContainerStatus, isSidecar, type Pod, type PodStatus } from "../model/index.ts";
import { nextTickAt } from "../sim/index.ts";
import type { Host, ProbeType } from "./host.ts";
import type { ProbeVerdicts } from "./pod-actions.ts";
import type { PodWorker } from "./pod-worker.ts";
import { type ProbeResult, type ProbeSurroundings, ProbeWorker } from "./probe-worker.ts";
import type { Row } from "./rows.ts";
import type { RuntimePod } from "./runtime-pod.ts";
import type { Execution } from "./work.ts";

/** All probes of one pod: prober's manager, as far as one pod is concerned. */
export class PodProbes implements ProbeVerdicts, ProbeSurroundings {
  readonly #pod: PodWorker;
  #workers: ProbeWorker[] | undefined = undefined;
  /** The next relist brings a sync that a worker asked for in vain. */
  #again = false;

  constructor(pod: PodWorker) {
    this.#pod = pod;
  }

  /** prober's `AddPod`: a worker for every probe, from the pod's first whole sync on. */
  start(): void {
    if (this.#workers !== undefined) {
      this.#revive(this.#workers);
      return;
    }
    if (!hasProbes(this.#pod.pod)) return;
    this.#workers = this.#newWorkers();
    for (const worker of this.#workers) worker.start();
  }

  #newWorkers(): ProbeWorker[] {
    return probedContainers(this.#pod.pod).flatMap((container) =>
      (["startup", "readiness", "liveness"] as const).flatMap((type) => {
        const probe = container[`${type}Probe`];
        return probe === undefined ? [] : [new ProbeWorker(type, container, probe, this)];
      }),
    );
  }

  /** Writes down how far its workers have come. Answers false while a turn of any is to come. */
  rest(row: number[]): boolean {
    return !this.#again && (this.#workers?.every((worker) => worker.rest(row)) ?? true);
  }

  /** As it was before `rest`. */
  wake(row: Row): void {
    if (!hasProbes(this.#pod.pod)) return;
    this.#workers = this.#newWorkers();
    for (const worker of this.#workers) worker.wake(row);
  }

  /**
   * Who ended with a container begins anew; the first who is there still ends the search, as upstream. One whose container does
   * not run ends at once, and its last word is one more sync of the pod, which begins it again: a round each relist.
   */
  #revive(workers: ProbeWorker[]): void {
    let inVain = false;
    for (const [index, { over, type, container }] of workers.entries()) {
      if (!over) break;
      if (this.#status(container.name)?.state?.running === undefined) inVain = true;
      else {
        workers[index] = new ProbeWorker(type, container, container[`${type}Probe`]!, this);
        workers[index].start();
      }
    }
    if (!inVain || this.host.steady || this.#again) return;
    this.#again = true;
    const { kubelet } = this.#pod;
    kubelet.execution.at(nextTickAt(kubelet.clocks.relist, kubelet.nowUs + 1), () => {
      this.#again = false;
      this.#syncSoon();
    });
  }

  #syncSoon(tell: () => void = () => undefined): void {
    const { kubelet, uid } = this.#pod;
    kubelet.execution.soon(() =>
      kubelet.syncLoop.run(() => {
        tell();
        kubelet.syncSoon(uid);
      }),
    );
  }

  #status(name: string): ContainerStatus | undefined {
    const { containerStatuses = [], initContainerStatuses = [] } = this.status() ?? {};
    return [...containerStatuses, ...initContainerStatuses].find((status) => status.name === name);
  }

  stop(): void {
    for (const worker of this.#workers ?? []) worker.stop();
  }

  stopLivenessAndStartup(): void {
    const own = new Set(this.#pod.pod.spec.containers.map(({ name }) => name));
    for (const worker of this.#workers ?? []) {
      // Sidecars are probed on: they live longer.
      if (worker.type !== "readiness" && own.has(worker.container.name)) worker.stop();
    }
  }

  /** Containers or what probes would see of them changed. */
  look(): void {
    for (const worker of this.#workers ?? []) worker.look();
  }

  startup(id: string): ProbeResult | undefined {
    return this.#result("startup", id);
  }

  liveness(id: string): ProbeResult | undefined {
    return this.#result("liveness", id);
  }

  isStarted({ name, containerID = "" }: ContainerStatus, before: boolean): boolean {
    const worker = this.#worker("startup", name);
    if (worker === undefined) return true;
    const result = worker.resultOf(containerID);
    return result === undefined ? before : result === "success";
  }

  /** A container that is not known to be ready is probed at once. */
  isReady({ name, containerID = "" }: ContainerStatus): boolean {
    const worker = this.#worker("readiness", name);
    if (worker === undefined || worker.resultOf(containerID) === "success") return true;
    worker.trigger();
    return false;
  }

  #worker(type: ProbeType, name: string): ProbeWorker | undefined {
    return this.#workers?.find((worker) => worker.type === type && worker.container.name === name);
  }

  #result(type: ProbeType, id: string): ProbeResult | undefined {
    for (const worker of this.#workers ?? []) {
      const result = worker.type === type ? worker.resultOf(id) : undefined;
      if (result !== undefined) return result;
    }
    return undefined;
  }

  // What each worker needs, said once for all of them.

  get execution(): Execution {
    return this.#pod.execution;
  }

  get host(): Host {
    return this.#pod.host;
  }

  get held(): RuntimePod {
    return this.#pod.held;
  }

  pod(): Pod {
    return this.#pod.pod;
  }

  status(): PodStatus | undefined {
    return this.#pod.kubelet.statuses.get(this.#pod.uid);
  }

  unhealthy(container: Container, message: string): void {
    this.#pod.containerEvent(container, "Warning", "Unhealthy", message);
  }

  published(type: ProbeType, containerID: string, result: ProbeResult): void {
    if (type === "liveness" && result !== "failure") return;
    const { uid, kubelet } = this.#pod;
    this.#syncSoon(() => {
      const pod = kubelet.workers.get(uid)?.pod;
      if (pod === undefined) return;
      if (type === "readiness") kubelet.statuses.setReadiness(pod, containerID, result === "success");
      if (type === "startup") kubelet.statuses.setStarted(pod, containerID, result === "success");
    });
  }

  settled(): void {
    this.#pod.kubelet.workers.settle(this.#pod.uid);
  }
}

function probedContainers({ spec }: Pod): readonly Container[] {
  return spec.initContainers === undefined
    ? spec.containers
    : [...spec.containers, ...spec.initContainers.filter(isSidecar)];
}

/** Something of the pod is probed while it lives. */
export function hasProbes(pod: Pod): boolean {
  return probedContainers(pod).some((one) => one.startupProbe ?? one.readinessProbe ?? one.livenessProbe);
}
