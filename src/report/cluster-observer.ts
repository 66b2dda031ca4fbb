import type { LogEntry } from "../apiserver/index.ts";
import { isPodReady, isPodTerminal, type KubeObject, keyOf, type Node, type Pod, workloadOf } from "../model/index.ts";
import type { Resize } from "./rises.ts";
import type { WorkloadResult } from "./run-result.ts";
import { HeldSeries, type Steps } from "./steps.ts";

interface Workload {
  readonly wanted: HeldSeries;
  readonly ready: HeldSeries;
  /** Changes of what is wanted since the start, and how many of them went the other way than the one before. */
  resizes: number;
  turns: number;
  grew: boolean | undefined;
}

/** Counts what the store knows: wanted and ready replicas, pods without a machine, ready nodes. */
export class ClusterObserver {
  readonly #steps: Steps;
  readonly #workloads = new Map<string, Workload>();
  readonly #pendingSince = new Map<string, number>();
  readonly #readyNodes = new Set<string>();
  readonly pending: HeldSeries;
  readonly readyMachines: HeldSeries;
  /** When each node was first Ready, and when it stopped being so. */
  readonly nodeReadyUs = new Map<string, number>();
  readonly nodeUnreadyUs = new Map<string, number[]>();
  /** Changes of how many pods are wanted of a workload, since the start. */
  readonly resizes: Resize[] = [];
  longestPendingUs = 0;
  writes = 0;

  constructor(steps: Steps) {
    this.#steps = steps;
    this.pending = new HeldSeries(steps);
    this.readyMachines = new HeldSeries(steps);
  }

  onCommit({ before, after, atUs }: LogEntry): void {
    this.writes += 1;
    const object = (after ?? before)!;
    if (object.kind === "Pod") this.#onPod(before as Pod | undefined, after as Pod | undefined, atUs);
    else if (object.kind === "Node") this.#onNode(object as Node, after !== undefined, atUs);
    else if (object.kind === "Deployment" || object.kind === "StatefulSet")
      this.#onScalable(object, { isNew: before === undefined, isGone: after === undefined }, atUs);
  }

  /** Waiting pods count until the end. */
  finish(endUs: number): void {
    for (const sinceUs of this.#pendingSince.values())
      this.longestPendingUs = Math.max(this.longestPendingUs, endUs - sinceUs);
  }

  workloads(): WorkloadResult[] {
    return this.#sorted().map(([name, { wanted, ready, resizes, turns }]) => {
      const slash = name.indexOf("/");
      return {
        workload: name.slice(slash + 1),
        namespace: name.slice(0, slash),
        leastReady: ready.least,
        mostReady: ready.most,
        mostWanted: wanted.most,
        resizes,
        turns,
      };
    });
  }

  series(): { readonly workload: string; readonly wanted: readonly number[]; readonly ready: readonly number[] }[] {
    return this.#sorted().map(([workload, { wanted, ready }]) => ({
      workload,
      wanted: wanted.finish(),
      ready: ready.finish(),
    }));
  }

  /** Least number of ready pods of a workload since the start. */
  leastReady(workload: string): number | undefined {
    return this.#workloads.get(workload)?.ready.least;
  }

  #sorted(): [string, Workload][] {
    return [...this.#workloads].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  #workload(name: string): Workload {
    let workload = this.#workloads.get(name);
    if (workload === undefined) {
      const [wanted, ready] = [new HeldSeries(this.#steps), new HeldSeries(this.#steps)];
      workload = { wanted, ready, resizes: 0, turns: 0, grew: undefined };
      this.#workloads.set(name, workload);
    }
    return workload;
  }

  #onScalable(object: KubeObject, { isNew, isGone }: { isNew: boolean; isGone: boolean }, atUs: number): void {
    const { replicas = 1 } = (object as unknown as { spec: { replicas?: number } }).spec;
    const name = `${object.metadata.namespace}/${object.kind.toLowerCase()}/${object.metadata.name}`;
    const workload = this.#workload(name);
    const size = isGone ? 0 : replicas;
    const before = workload.wanted.value;
    if (size === before) return;
    workload.wanted.set(atUs, size);
    if (atUs < this.#steps.fromUs) return;
    if (!isNew && !isGone) this.resizes.push({ atUs, workload: name, from: before, to: size });
    const grew = size > before;
    workload.resizes += 1;
    if (workload.grew !== undefined && workload.grew !== grew) workload.turns += 1;
    workload.grew = grew;
  }

  #onPod(before: Pod | undefined, after: Pod | undefined, atUs: number): void {
    const pod = (after ?? before)!;
    const key = keyOf(pod);
    const waits = after !== undefined && (after.spec.nodeName ?? "") === "" && !isPodTerminal(after);
    const since = this.#pendingSince.get(key);
    if (waits && since === undefined) {
      this.#pendingSince.set(key, atUs);
      this.pending.set(atUs, this.#pendingSince.size);
    } else if (!waits && since !== undefined) {
      this.#pendingSince.delete(key);
      this.pending.set(atUs, this.#pendingSince.size);
      if (atUs > this.#steps.fromUs)
        this.longestPendingUs = Math.max(this.longestPendingUs, atUs - Math.max(since, this.#steps.fromUs));
    }
    const ready =
      after !== undefined &&
      isPodReady(after) &&
      after.metadata.deletionTimestamp === undefined &&
      !isPodTerminal(after);
    const wasReady =
      before !== undefined &&
      isPodReady(before) &&
      before.metadata.deletionTimestamp === undefined &&
      !isPodTerminal(before);
    if (ready === wasReady) return;
    const name = `${pod.metadata.namespace}/${workloadOf(pod)}`;
    if (!/^[^/]+\/(deployment|statefulset)\//.test(name)) return;
    const workload = this.#workload(name);
    workload.ready.set(atUs, workload.ready.value + (ready ? 1 : -1));
  }

  #onNode(node: Node, there: boolean, atUs: number): void {
    const { name } = node.metadata;
    const ready =
      there && node.status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
    if (ready === this.#readyNodes.has(name)) return;
    if (ready) {
      this.#readyNodes.add(name);
      if (!this.nodeReadyUs.has(name)) this.nodeReadyUs.set(name, atUs);
    } else {
      this.#readyNodes.delete(name);
      this.nodeUnreadyUs.set(name, [...(this.nodeUnreadyUs.get(name) ?? []), atUs]);
    }
    this.readyMachines.set(atUs, this.#readyNodes.size);
  }
}
