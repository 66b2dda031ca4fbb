import type { Pod } from "../model/index.ts";
import { fullImageName } from "./image-name.ts";
import type { Kubelet } from "./kubelet.ts";
import { allContainers } from "./pod-containers.ts";
import { hasProbes } from "./pod-probes.ts";
import { PodWorker } from "./pod-worker.ts";
import { Rows } from "./rows.ts";

/**
 * A kubelet's pod workers by uid, in the order in which their pods came; those of objects that are gone too, until nothing of
 * them runs. A pod at rest has no worker: what its object does not tell of it is a row of numbers, of which the worker is
 * made again when something happens.
 */
export class PodWorkers {
  readonly #kubelet: Kubelet;
  readonly #workers = new Map<string, PodWorker | number>();
  readonly #rows = new Rows();

  constructor(kubelet: Kubelet) {
    this.#kubelet = kubelet;
  }

  /** Wakes a pod that rests. */
  get(uid: string): PodWorker | undefined {
    const known = this.#workers.get(uid);
    if (typeof known !== "number") return known;
    const kubelet = this.#kubelet;
    const pod = kubelet.pod(uid)!;
    const worker = PodWorker.woken(kubelet, pod, this.#rows.take(known));
    kubelet.statuses.wake(pod);
    this.#workers.set(uid, worker);
    return worker;
  }

  of({ metadata }: Pod): PodWorker | undefined {
    return this.get(metadata.uid);
  }

  rests(uid: string): boolean {
    return typeof this.#workers.get(uid) === "number";
  }

  add(worker: PodWorker): void {
    this.#workers.set(worker.uid, worker);
  }

  delete(uid: string): void {
    this.#workers.delete(uid);
  }

  /** Something about the pod has come to its end: it may rest now. */
  settle(uid: string): void {
    const worker = this.#workers.get(uid);
    if (worker === undefined || typeof worker === "number") return;
    const row = worker.rest();
    if (row === undefined) return;
    this.#workers.set(uid, this.#rows.put(row));
    this.#kubelet.statuses.forget(uid);
  }

  /** What probes would see of the pod has changed. */
  lookAgain(uid: string): void {
    if (this.rests(uid) && !hasProbes(this.#kubelet.pod(uid)!)) return;
    this.get(uid)?.probes.look();
    this.settle(uid);
  }

  mayRun(uid: string): boolean {
    return this.rests(uid) || (this.get(uid)?.mayRun ?? false);
  }

  /** Pods of which something may run, as their workers know them. */
  active(): Pod[] {
    const pods: Pod[] = [];
    for (const [uid, worker] of this.#workers) {
      if (typeof worker === "number") pods.push(this.#kubelet.pod(uid)!);
      else if (worker.mayRun) pods.push(worker.pod);
    }
    return pods;
  }

  /** A container of the pod runs, and nobody has told it to end. */
  runs(uid: string, containerID: string): boolean {
    const worker = this.#workers.get(uid);
    if (typeof worker !== "number") {
      const container = worker?.held.byId(containerID);
      return container?.seen.state === "running" && !container.terminating;
    }
    const { initContainerStatuses = [], containerStatuses = [] } = this.#kubelet.pod(uid)!.status;
    return [...initContainerStatuses, ...containerStatuses].some(
      (status) => status.containerID === containerID && status.state?.running !== undefined,
    );
  }

  /** Full names of the images of containers that exist, and of pods that are to run. */
  images(): ReadonlySet<string> {
    const images = new Set<string>();
    for (const worker of this.#workers.values()) {
      if (typeof worker === "number") continue;
      for (const { spec } of worker.held.containers) images.add(fullImageName(spec.image ?? ""));
    }
    for (const { spec } of this.active())
      for (const { image } of allContainers(spec)) images.add(fullImageName(image ?? ""));
    return images;
  }
}
