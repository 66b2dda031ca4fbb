import { type ApiReply, type ApiRequest, type ApiServer, Store } from "../../src/apiserver/index.ts";
import { watchedKinds } from "../../src/autoscaler/cluster-autoscaler/cluster-lists.ts";
import { StaticAutoscaler } from "../../src/autoscaler/cluster-autoscaler/static-autoscaler.ts";
import { Process } from "../../src/client/index.ts";
import type { AutoscalerCall } from "../../src/cloud/index.ts";
import { keyOf, type KubeObject, type Node, objectKey, type Pod } from "../../src/model/index.ts";
import { EventLoop, handler, phase, randomStreams } from "../../src/sim/index.ts";
import { World } from "../../src/world/index.ts";
import type { CaseResult } from "./area.ts";
import { named, RecordedCloud } from "./closed-loop-cloud.ts";
import { RecordedPods } from "./closed-loop-pods.ts";
import { autoscalingOptionsOf } from "./closed-loop-processes.ts";
import { clockOf, type LoopRecording, type RecordedCall } from "./closed-loop-recording.ts";
import type { Row } from "./timelines-recording.ts";

const group = "open loop: calls of the Cluster Autoscaler";
/** Virtual ms of the recording's 0. */
const startMs = 60_000;
/** A call comes within its run, and a drained node goes when the next poll finds it empty. */
const toleranceMs = 1_500;
const lucks = 8;

/**
 * The Cluster Autoscaler's runs at the recorded instants, in the cluster as the timeline has it then: one case for each
 * recorded call, and one for there being no other. What it writes is not carried out, the recording's writes are.
 */
export function* replayCalls(recording: LoopRecording): Iterable<CaseResult> {
  const { name, cloudCalls } = recording;
  let best = { missing: [...cloudCalls], extra: [] as RecordedCall[] };
  for (let luck = 1; luck <= lucks && (luck === 1 || best.missing.length + best.extra.length > 0); luck += 1) {
    const attempt = matched(cloudCalls, new DecisionReplay(recording, luck).run());
    if (luck === 1 || attempt.missing.length + attempt.extra.length < best.missing.length + best.extra.length) best = attempt;
  }
  for (const call of cloudCalls) {
    const id = `${name}: ${textOf(call)}`;
    yield best.missing.includes(call) ? { group, id, difference: "not called" } : { group, id };
  }
  const id = `${name}: no other call`;
  yield best.extra.length === 0 ? { group, id } : { group, id, difference: best.extra.map(textOf).join(", ") };
}

function textOf({ atMs, call, group: pool, delta, nodes }: RecordedCall): string {
  return `${call} ${pool} ${delta ?? nodes?.join(" ")} at ${Math.round(atMs)} ms`;
}

function matched(recorded: readonly RecordedCall[], got: readonly RecordedCall[]): { missing: RecordedCall[]; extra: RecordedCall[] } {
  const extra = [...got];
  const missing = recorded.filter((wanted) => {
    const index = extra.findIndex((call) => isSame(wanted, call));
    if (index >= 0) extra.splice(index, 1);
    return index < 0;
  });
  return { missing, extra };
}

function isSame(left: RecordedCall, right: RecordedCall): boolean {
  const decision = ({ call, group: pool, delta, nodes }: RecordedCall): string => `${call} ${pool} ${delta} ${nodes?.join()}`;
  return decision(left) === decision(right) && Math.abs(left.atMs - right.atMs) < toleranceMs;
}

const act = handler<() => void>("closed-loop/decisions", (task) => task());

/** Its events are nobody's concern here. */
class SilentProcess extends Process {
  override recorder(): ReturnType<Process["recorder"]> {
    return { record: () => undefined } as unknown as ReturnType<Process["recorder"]>;
  }
}

class DecisionReplay {
  readonly #recording: LoopRecording;
  readonly #loop = new EventLoop();
  readonly #store: Store;
  readonly #cloud: RecordedCloud;
  readonly #pods: RecordedPods;
  readonly #luckOf: (name: string) => string;

  constructor(recording: LoopRecording, luck: number) {
    this.#recording = recording;
    const loop = this.#loop;
    const clock = clockOf(recording, startMs * 1000);
    this.#store = new Store(loop, clock);
    this.#pods = new RecordedPods(recording, clockOf(recording, 0));
    const streams = randomStreams(`${luck}`);
    this.#luckOf = (name) => `${Math.floor(streams(name)() * 1e6)}-${name.replace("/", ".")}`;
    this.#cloud = new RecordedCloud(recording, {
      nowMs: () => loop.nowUs / 1000 - startMs,
      later: (afterMs, then) => this.#at(loop.nowUs / 1000 - startMs + afterMs, then),
      // Nodes come and go as the timeline says.
      registers: () => undefined,
      isReady: () => undefined,
      isGone: () => undefined,
    });
    const api = { store: this.#store, handle: (request: ApiRequest) => this.#handle(request) } as unknown as ApiServer;
    const process = new SilentProcess(
      { loop, api, world: new World(() => loop.nowUs), clock },
      {
        name: "cluster-autoscaler",
        limits: () => ({ perSecond: 0, burst: 0 }),
        requestUs: 0,
        watchUs: 0,
        provider: (call, reply) => reply(this.#cloud.handle(call as unknown as AutoscalerCall)),
      },
    );
    for (const kind of watchedKinds) process.informer(kind);
    const options = autoscalingOptionsOf(recording.flags["cluster-autoscaler"] ?? []);
    const choose = (groups: readonly string[]): number => this.#cloud.recordedChoice(groups);
    const autoscaler = new StaticAutoscaler(options, this.#cloud.specs, choose, process.view);
    this.#at(-startMs, () => this.#begin());
    this.#at(1_000 - startMs, () => process.start());
    for (const row of recording.timeline) if (row.type === undefined && row.code === undefined) this.#at(row.atMs, () => this.#apply(row));
    for (const runMs of recording.phases.clusterAutoscalerLoopsAtMs) {
      const run = (): void => process.run(autoscaler.runOnce(process.view), () => undefined);
      loop.schedule(Math.round((startMs + runMs) * 1000), phase.observe, act, run);
    }
  }

  run(): readonly RecordedCall[] {
    while (this.#loop.step(100_000, (startMs + this.#recording.endMs) * 1000) === "more");
    return this.#cloud.calls;
  }

  #at(atMs: number, task: () => void): void {
    this.#loop.schedule(Math.round((startMs + atMs) * 1000), phase.world, act, task);
  }

  #begin(): void {
    const { nodes, actions, namespace, priorityExpander: priorities } = this.#recording;
    for (const node of nodes) this.#create(withReady(node as unknown as Node, "True", undefined));
    if (priorities !== undefined) {
      const metadata = { name: "cluster-autoscaler-priority-expander", namespace: "kube-system" };
      this.#create({ apiVersion: "v1", kind: "ConfigMap", metadata, data: { priorities } } as unknown as KubeObject);
    }
    for (const { object } of actions) {
      if (object?.kind !== "PodDisruptionBudget") continue;
      this.#create({ ...object, metadata: { ...object.metadata, namespace }, status: { disruptionsAllowed: 0 } } as unknown as KubeObject);
    }
  }

  #create(object: KubeObject): void {
    const uid = object.metadata.uid ?? keyOf(object);
    const creationTimestamp = object.metadata.creationTimestamp ?? this.#store.clock.time(this.#loop.nowUs);
    this.#store.create({ ...object, metadata: { ...object.metadata, uid, creationTimestamp } } as KubeObject);
  }

  #change<T extends KubeObject>(kind: T["kind"], name: string, edit: (stored: T) => T): void {
    const namespace = kind === "Node" ? undefined : this.#recording.namespace;
    const stored = this.#store.get(kind as never, objectKey(namespace, name)) as T | undefined;
    if (stored !== undefined) this.#store.replace<KubeObject>(stored, edit(stored));
  }

  #apply(row: Row): void {
    const { kind, name, change = {} } = row;
    if (kind === "Pod") this.#applyPod(row);
    else if (kind === "Node") this.#applyNode(row);
    else if (kind === "PodDisruptionBudget" && "status.disruptionsAllowed" in change) {
      const status = { disruptionsAllowed: change["status.disruptionsAllowed"] as number };
      this.#change<KubeObject & { status?: object }>(kind, name, (budget) => ({ ...budget, status }));
    } else if (kind === "ReplicaSet" && "spec.replicas" in change) {
      const spec = { replicas: change["spec.replicas"] as number };
      if (row.verb !== "create") this.#change<KubeObject & { spec?: object }>(kind, name, (set) => ({ ...set, spec }));
      else this.#create({ apiVersion: "apps/v1", kind, metadata: { name, namespace: this.#recording.namespace }, spec } as unknown as KubeObject);
    }
  }

  #applyPod(row: Row): void {
    const pod = this.#pods.apply(row);
    const name = this.#luckOf(row.name);
    const stored = this.#store.get("Pod", objectKey(this.#recording.namespace, name));
    if (pod === undefined) {
      if (stored !== undefined) this.#store.remove(stored);
      return;
    }
    const renamed: Pod = { ...pod, metadata: { ...pod.metadata, name } };
    if (stored === undefined) this.#create(renamed);
    else {
      const { resourceVersion } = stored.metadata;
      this.#store.replace<KubeObject>(stored, { ...renamed, metadata: { ...renamed.metadata, resourceVersion } } as Pod);
    }
  }

  #applyNode({ verb, name, change = {} }: Row): void {
    const taints = change["spec.taints"] as Node["spec"]["taints"] | null | undefined;
    if (verb === "delete") {
      const stored = this.#store.get("Node", objectKey(undefined, name));
      if (stored !== undefined) this.#store.remove(stored);
    } else if (verb === "create") {
      const example = this.#cloud.specs.find(({ id }) => name.startsWith(`${id}-`))!.template;
      const node = named(example as never, name) as unknown as Node;
      this.#create(withReady({ ...node, spec: { ...node.spec, taints: taints ?? [] } }, "False", this.#now));
    } else {
      const ready = change["status.conditions[Ready]"] as { readonly status: string } | undefined;
      const unschedulable = change["spec.unschedulable"] as boolean | null | undefined;
      this.#change<Node>("Node", name, (stored) => {
        const spec = {
          ...stored.spec,
          ...(taints !== undefined && { taints: taints ?? [] }),
          ...(unschedulable !== undefined && { unschedulable: unschedulable ?? false }),
        };
        const changed = { ...stored, spec };
        return ready === undefined ? changed : withReady(changed, ready.status, this.#now);
      });
    }
  }

  get #now(): string {
    return this.#store.clock.time(this.#loop.nowUs);
  }

  /** The autoscaler's own writes are in the timeline already. */
  #handle(request: ApiRequest): ApiReply {
    if (request.verb === "update") return { ok: true, object: request.next };
    const object = "key" in request && this.#store.get("kind" in request ? request.kind : "Pod", request.key);
    if (object) return { ok: true, object };
    return { ok: false, error: { code: 404, reason: "NotFound", message: "not found" } };
  }
}

function withReady(node: Node, status: string, lastTransitionTime: string | undefined): Node {
  const ready = { type: "Ready", status, lastTransitionTime };
  return { ...node, status: { ...node.status, capacity: node.status.allocatable, conditions: [ready] } } as unknown as Node;
}
