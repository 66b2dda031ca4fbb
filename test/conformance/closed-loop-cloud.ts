import type { NewObject } from "../../src/apiserver/index.ts";
import type { NodeGroupSpec } from "../../src/autoscaler/index.ts";
import type { AutoscalerCall, CloudReply, InstanceListing } from "../../src/cloud/index.ts";
import type { Node } from "../../src/model/index.ts";
import type { LoopRecording, RecordedCall, RecordedPool } from "./closed-loop-recording.ts";

interface Pool {
  readonly recorded: RecordedPool;
  /** A Node of the pool, and its name. */
  readonly example: NewObject;
  target: number;
  /** The number in the name of the newest machine. */
  newest: number;
  readonly instances: Map<string, InstanceListing>;
}

/** What becomes of machines, for who keeps Nodes and kubelets. */
export interface Machines {
  readonly nowMs: () => number;
  readonly later: (afterMs: number, then: () => void) => void;
  readonly registers: (node: NewObject) => void;
  readonly isReady: (name: string) => void;
  readonly isGone: (name: string) => void;
}

/** The recordings' cloud: orders become machines after fixed times, or are refused while there is no capacity. */
export class RecordedCloud {
  readonly calls: RecordedCall[] = [];
  readonly #pools = new Map<string, Pool>();
  readonly #machines: Machines;
  readonly #recordedCalls: readonly RecordedCall[];

  constructor({ nodeGroups, nodes, cloudCalls }: LoopRecording, machines: Machines) {
    this.#recordedCalls = cloudCalls;
    this.#machines = machines;
    for (const recorded of nodeGroups) {
      const own = nodes.filter(({ metadata }) => metadata.labels?.["group"] === recorded.id);
      const instances = new Map(own.map(({ metadata }) => [metadata.name!, { name: metadata.name!, state: "running" } as const]));
      const example = { ...own[0]!, spec: { ...(own[0]!["spec"] as object), taints: [] } };
      this.#pools.set(recorded.id, { recorded, example, target: own.length, newest: own.length, instances });
    }
  }

  get specs(): NodeGroupSpec[] {
    return [...this.#pools.values()].map(({ recorded: { id }, example }) => {
      const node = named(example, `template-${id}`) as unknown as Node;
      const { allocatable } = node.status;
      const conditions = [{ type: "Ready", status: "True" }];
      return { id, template: { ...node, status: { ...node.status, capacity: allocatable, conditions } } as Node };
    });
  }

  /** Of groups that the expanders find equal upstream draws: here the one that was raised next in the recording. */
  recordedChoice(groups: readonly string[]): number {
    const raised = this.calls.filter(({ call }) => call === "IncreaseSize").length;
    const next = this.#recordedCalls.filter(({ call }) => call === "IncreaseSize")[raised];
    return Math.max(0, groups.indexOf(next?.group ?? ""));
  }

  handle(call: AutoscalerCall): CloudReply {
    if (call.operation === "refresh") {
      const groups = [...this.#pools.values()].map(({ recorded: { id: name, min, max }, target, instances }) => {
        return { name, min, max, target, instances: [...instances.values()] };
      });
      return { ok: true, groups };
    }
    const pool = this.#pools.get(call.group)!;
    const atMs = this.#machines.nowMs();
    const { group } = call;
    switch (call.operation) {
      case "increaseSize":
        this.calls.push({ atMs, call: "IncreaseSize", group, delta: call.delta });
        if (pool.recorded.outOfCapacityMs?.some(([fromMs, untilMs]) => fromMs <= atMs && atMs < untilMs)) {
          return { ok: false, error: "rpc error: code = ResourceExhausted desc = InsufficientInstanceCapacity" };
        }
        pool.target += call.delta;
        for (let count = 0; count < call.delta; count += 1) this.#boot(pool);
        return { ok: true };
      case "deleteNodes":
        this.calls.push({ atMs, call: "DeleteNodes", group, nodes: call.nodes });
        for (const name of call.nodes) this.#delete(pool, name);
        return { ok: true };
      case "decreaseTargetSize":
        this.calls.push({ atMs, call: "DecreaseTargetSize", group, delta: call.delta });
        pool.target -= call.delta;
        return { ok: true };
    }
  }

  #boot(pool: Pool): void {
    const { id, bootMs, readyMs } = pool.recorded;
    pool.newest += 1;
    const name = `${id}-${pool.newest}`;
    const { later, registers, isReady } = this.#machines;
    pool.instances.set(name, { name, state: "creating" });
    later(bootMs, () => {
      pool.instances.set(name, { name, state: "running" });
      registers(named(pool.example, name));
      later(readyMs, () => isReady(name));
    });
  }

  #delete(pool: Pool, name: string): void {
    pool.target -= 1;
    pool.instances.set(name, { name, state: "deleting" });
    this.#machines.later(pool.recorded.deleteMs, () => {
      pool.instances.delete(name);
      this.#machines.isGone(name);
    });
  }
}

/** A Node like that, of another name. */
export function named(node: NewObject, name: string): NewObject {
  const labels: Record<string, string> = { ...node.metadata.labels, "kubernetes.io/hostname": name };
  const spec = { ...(node["spec"] as object), providerID: `sim://${labels["group"]}/${name}` };
  return { ...node, metadata: { ...node.metadata, name, labels }, spec };
}
