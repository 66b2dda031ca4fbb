import type { NewObject } from "../../src/apiserver/index.ts";
import type { Deployment, Labels, Pod, PodCondition, PodSpec, WallClock } from "../../src/model/index.ts";
import type { LoopRecording } from "./closed-loop-recording.ts";
import type { Row } from "./timelines-recording.ts";

/** The pods of a recording as its timeline tells of them, under their stable names. */
export class RecordedPods {
  readonly #recording: LoopRecording;
  readonly #clock: WallClock;
  readonly #pods = new Map<string, Pod>();
  #next = 0;

  /** `clock`: its instant 0 is the recording's. */
  constructor(recording: LoopRecording, clock: WallClock) {
    this.#recording = recording;
    this.#clock = clock;
  }

  /** Asked in the order of time. */
  at(atMs: number): readonly Pod[] {
    const { timeline } = this.#recording;
    for (; this.#next < timeline.length && timeline[this.#next]!.atMs <= atMs; this.#next += 1) {
      const row = timeline[this.#next]!;
      if (row.kind === "Pod") this.apply(row);
    }
    return [...this.#pods.values()];
  }

  /** The pod after a row about it; `undefined` when it is gone. Events and refusals change nothing. */
  apply(row: Row): Pod | undefined {
    const { name, verb, subresource, change = {} } = row;
    if (row.type !== undefined || row.code !== undefined) return this.#pods.get(name);
    if (row.removed === true) this.#pods.delete(name);
    const pod = verb === "create" && subresource === undefined ? this.#born(row) : this.#pods.get(name);
    if (pod === undefined) return undefined;
    const time = this.#clock.time(row.atMs * 1000);
    // The recorded groups take an evicted pod for one that stays until its kubelet writes; no decision hangs on it.
    const ends = verb === "delete" || "metadata.deletionTimestamp" in change;
    const phase = change["status.phase"] as string | undefined;
    const nodeName = change["spec.nodeName"] as string | undefined;
    const starts = phase === "Running" && { startTime: this.#clock.time((row.atMs - runMs) * 1000) };
    const nominated = "status.nominatedNodeName" in change && {
      nominatedNodeName: (change["status.nominatedNodeName"] ?? "") as string,
    };
    const after: Pod = {
      ...pod,
      metadata: { ...pod.metadata, ...(ends && { deletionTimestamp: time }) },
      spec: { ...pod.spec, ...(nodeName !== undefined && { nodeName }) },
      status: {
        ...pod.status,
        ...(phase !== undefined && { phase }),
        ...starts,
        ...nominated,
        conditions: conditionsAfter(pod.status.conditions ?? [], change, time),
      },
    };
    this.#pods.set(name, after);
    return after;
  }

  #born({ name, atMs, change = {} }: Row): Pod {
    const labels: Labels = { app: String(change["metadata.labels.app"]) };
    const replicaSet = name.slice(0, name.indexOf("/"));
    const priority = Number(change["spec.priority"] ?? 0);
    const spec = { ...specOf(this.#recording, replicaSet.slice(0, replicaSet.indexOf("-rs#"))), priority };
    const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: replicaSet, uid: replicaSet, controller: true };
    const metadata = {
      name,
      namespace: this.#recording.namespace,
      uid: name,
      creationTimestamp: this.#clock.time(atMs * 1000),
      labels,
      ownerReferences: [owner],
    };
    return { apiVersion: "v1", kind: "Pod", metadata, spec, status: { phase: "Pending" } } as unknown as Pod;
  }
}

/** All pods of the recordings run this long after their kubelet saw them. */
const runMs = 3_000;

function specOf({ actions }: LoopRecording, deployment: string): PodSpec {
  const created = actions.find(({ object }) => object?.kind === "Deployment" && object.metadata.name === deployment);
  return (created!.object as NewObject & Deployment).spec.template.spec as PodSpec;
}

function conditionsAfter(conditions: readonly PodCondition[], change: NonNullable<Row["change"]>, time: string): PodCondition[] {
  const after = new Map(conditions.map((condition) => [condition.type, condition]));
  for (const [path, value] of Object.entries(change)) {
    const [, type] = /^status\.conditions\[(.+)\]$/.exec(path) ?? [];
    if (type === undefined) continue;
    const { status, reason } = value as PodCondition;
    const lastTransitionTime = after.get(type)?.status === status ? after.get(type)!.lastTransitionTime : time;
    after.set(type, { type, status, reason, lastTransitionTime } as PodCondition);
  }
  return [...after.values()];
}
