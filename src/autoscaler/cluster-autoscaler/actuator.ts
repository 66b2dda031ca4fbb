import { all, callProvider, type Task, type View, waitUntil } from "../../client/index.ts";
import type { CloudReply } from "../../cloud/index.ts";
import { goValue, type Node, objectKey, type Pod } from "../../model/index.ts";
import { tell, tellOf } from "./announcements.ts";
import { drainNode, podsToEvict } from "./drain-node.ts";
import { type DrainContext, podsToMove } from "./drainability.ts";
import type { AutoscalingOptions } from "./options.ts";
import type { RemovableNode } from "./scale-down-planner.ts";
import { addTaint, deletionCandidateTaint, hasTaint, removeTaint, toBeDeletedTaint } from "./taints.ts";
import type { Utilization } from "./utilization.ts";

/** A node whose deletion began. */
export interface ScaledDownNode {
  readonly node: string;
  readonly utilization: Utilization | undefined;
  readonly evictedPods: readonly Pod[];
}

interface Deletion {
  readonly group: string;
  readonly drain: boolean;
}

/** What a deletion needs of the autoscaler around it. */
export interface ActuatorSurroundings {
  readonly options: AutoscalingOptions;
  /** Pods that hold their nodes, as they are known now. */
  readonly podsOn: (node: string, view: View) => Pod[];
  readonly drainContext: (view: View) => DrainContext;
  readonly groupChanged: (group: string, nowUs: number) => void;
}

const taintWorkers = 5;

/** Gives nodes back: taints, drains, deletes (`actuation`). Deletions go on while runs come and go. */
export class Actuator {
  readonly #around: ActuatorSurroundings;
  readonly #deletions = new Map<string, Deletion>();

  constructor(around: ActuatorSurroundings) {
    this.#around = around;
  }

  get deleting(): ReadonlySet<string> {
    return new Set(this.#deletions.keys());
  }

  get draining(): string[] {
    return [...this.#deletions].filter(([, { drain }]) => drain).map(([name]) => name);
  }

  deletionsOf(group: string): number {
    let count = 0;
    for (const deletion of this.#deletions.values()) if (deletion.group === group) count += 1;
    return count;
  }

  /** Taints what the budgets of parallelism allow, and starts to delete it. `failed`: a node could not be tainted. */
  *start(
    empty: readonly RemovableNode[],
    drain: readonly RemovableNode[],
    describe: (node: Node) => { readonly group: string; readonly utilization: Utilization | undefined },
    view: View,
  ): Task<{ readonly started: readonly ScaledDownNode[]; readonly failed: boolean }> {
    const [emptyNow, drainNow] = this.#crop(empty, drain);
    const started: ScaledDownNode[] = [];
    for (const [nodes, draining] of [
      [emptyNow, false],
      [drainNow, true],
    ] as const) {
      if (nodes.length === 0) continue;
      if (!(yield* this.#taintAll(nodes, view))) return { started, failed: true };
      const batch: { readonly node: Node; readonly group: string }[] = [];
      for (const { node } of nodes) {
        const { name } = node.metadata;
        const { group, utilization } = describe(node);
        const { evicted } = podsToEvict(this.#around.podsOn(name, view), false);
        const evictedPods = draining ? evicted : [];
        if (draining) yield* tell("ScaleDown", drainMessage(name, utilization, evictedPods));
        else yield* tell("ScaleDownEmpty", `Scale-down: removing empty node "${name}"`);
        started.push({ node: name, utilization, evictedPods });
        this.#deletions.set(name, { group, drain: draining });
        batch.push({ node, group });
      }
      yield { do: "spawn", task: this.#deleteBatch(batch, draining, view) };
    }
    return { started, failed: false };
  }

  #crop(empty: readonly RemovableNode[], drain: readonly RemovableNode[]): [RemovableNode[], RemovableNode[]] {
    const { maxScaleDownParallelism, maxDrainParallelism } = this.#around.options;
    const budget = Math.max(0, maxScaleDownParallelism - this.#deletions.size);
    const emptyNow = empty.slice(0, budget);
    const drainBudget = Math.min(budget - emptyNow.length, maxDrainParallelism - this.draining.length);
    return [emptyNow, drain.slice(0, Math.max(0, drainBudget))];
  }

  *#taintAll(nodes: readonly RemovableNode[], view: View): Task<boolean> {
    const queue = nodes.map(({ node }) => node);
    const tainted: Node[] = [];
    const around = this.#around;
    let failed = false;
    function* work(): Task<void> {
      for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
        const cordon = around.options.cordonNodeBeforeTerminating;
        const error = yield* addTaint(node, { key: toBeDeletedTaint, effect: "NoSchedule" }, cordon, view);
        if (error === undefined) {
          tainted.push(node);
          yield* tellOf(node, "ScaleDown", "marked the node as toBeDeleted/unschedulable");
          continue;
        }
        failed = true;
        yield* tellOf(
          node,
          "ScaleDownFailed",
          `failed to mark the node as toBeDeleted/unschedulable: ${error}`,
          "Warning",
        );
      }
    }
    yield* all(Array.from({ length: Math.min(taintWorkers, nodes.length) }, work));
    if (failed) for (const node of tainted) yield* this.#untaint(node, view);
    return !failed;
  }

  *#untaint(node: Node, view: View): Task<void> {
    yield* removeTaint(node, toBeDeletedTaint, this.#around.options.cordonNodeBeforeTerminating, view);
  }

  *#deleteBatch(
    batch: readonly { readonly node: Node; readonly group: string }[],
    drain: boolean,
    view: View,
  ): Task<void> {
    yield* waitUntil(view.nowUs + this.#around.options.nodeDeleteDelayAfterTaintUs);
    for (const { node } of batch) yield { do: "spawn", task: this.#deleteNode(node, drain, view) };
  }

  *#deleteNode(node: Node, drain: boolean, view: View): Task<void> {
    const { options, podsOn, drainContext } = this.#around;
    const { name } = node.metadata;
    const pods = podsOn(name, view);
    const moving = podsToMove(pods, drainContext(view));
    if (moving.blocked !== undefined) {
      const { pod, reason } = moving.blocked;
      yield* this.#abort(node, drain, `GetPodsToMove for "${name}" returned error: ${blockMessage(pod, reason)}`, view);
      return;
    }
    if (!drain && moving.move.length > 0) {
      yield* this.#abort(node, drain, `failed to delete empty node "${name}", new pods scheduled`, view);
      return;
    }
    const byDefault = drain ? options.daemonSetEvictionForOccupiedNodes : options.daemonSetEvictionForEmptyNodes;
    const { evicted, daemonSet } = podsToEvict(pods, byDefault);
    const error = yield* drainNode(node, drain ? evicted : [], daemonSet, options, view);
    if (drain && error !== undefined) {
      yield* this.#abort(node, drain, error, view);
      return;
    }
    yield* this.#waitForDelays(name, view);
    yield* this.#giveBack(node, drain, view);
  }

  /** Others may ask for time by an annotation; they get two minutes. */
  *#waitForDelays(name: string, view: View): Task<void> {
    const untilUs = view.nowUs + this.#around.options.nodeDeletionDelayTimeoutUs;
    const delayed = (): boolean => {
      const node = view.get("Node", objectKey(undefined, name));
      const annotations = Object.keys(node?.metadata.annotations ?? {});
      return annotations.some((key) => key.startsWith("delay-deletion.cluster-autoscaler.kubernetes.io/"));
    };
    while (delayed() && view.nowUs < untilUs) yield* waitUntil(Math.min(untilUs, view.nowUs + 5_000_000));
  }

  *#giveBack(node: Node, drain: boolean, view: View): Task<void> {
    const { name } = node.metadata;
    const { group } = this.#deletions.get(name)!;
    const reply = yield* callProvider<CloudReply>({ operation: "deleteNodes", group, nodes: [name] } as never);
    this.#around.groupChanged(group, view.nowUs);
    if (!reply.ok) {
      yield* this.#abort(node, drain, `failed to delete ${name}: ${reply.error}`, view);
      return;
    }
    yield* tellOf(node, "ScaleDown", "nodes removed by cluster autoscaler");
    if (drain) yield* tell("ScaleDown", `Scale-down: node ${name} removed with drain`);
    else yield* tell("ScaleDownEmpty", `Scale-down: empty node ${name} removed`);
    this.#deletions.delete(name);
  }

  *#abort(node: Node, drain: boolean, error: string, view: View): Task<void> {
    const what = drain ? "failed to drain and delete node" : "failed to delete empty node";
    yield* tellOf(node, "ScaleDownFailed", `${what}: ${error}`, "Warning");
    yield* this.#untaint(node, view);
    this.#deletions.delete(node.metadata.name);
  }

  /** Marks what is not needed and unmarks what is, within the budgets of one run. */
  *updateSoftTaints(unneeded: readonly Node[], needed: readonly Node[], view: View): Task<void> {
    const { maxBulkSoftTaintCount, maxBulkSoftTaintTimeUs } = this.#around.options;
    const untilUs = view.nowUs + maxBulkSoftTaintTimeUs;
    let left = maxBulkSoftTaintCount;
    const mayGoOn = (): boolean => {
      if (left <= 0 || view.nowUs >= untilUs) return false;
      left -= 1;
      return true;
    };
    for (const node of needed) {
      if (hasTaint(node, toBeDeletedTaint) || !hasTaint(node, deletionCandidateTaint)) continue;
      if (mayGoOn()) yield* removeTaint(node, deletionCandidateTaint, false, view);
    }
    for (const node of unneeded) {
      if (hasTaint(node, toBeDeletedTaint) || hasTaint(node, deletionCandidateTaint)) continue;
      if (!mayGoOn()) continue;
      yield* addTaint(node, { key: deletionCandidateTaint, effect: "PreferNoSchedule" }, false, view);
    }
  }
}

function drainMessage(name: string, utilization: Utilization | undefined, pods: readonly Pod[]): string {
  const { cpu = 0, memory = 0, gpu = 0, resource = "", utilization: share = 0 } = utilization ?? {};
  const printed = `{${[cpu, memory, gpu, 0, resource, share].map(goValue).join(" ")}}`;
  const names = pods.map(({ metadata }) => metadata.name).join(",");
  return `Scale-down: removing node ${name}, utilization: ${printed}, pods to reschedule: ${names}`;
}

/** Upstream's words about a pod that cannot be moved. */
function blockMessage(pod: Pod, reason: string): string {
  const name = `${pod.metadata.namespace}/${pod.metadata.name}`;
  switch (reason) {
    case "NotReplicated":
      return `${name} is not replicated`;
    case "NotEnoughPdb":
      return `not enough pod disruption budget to move ${name}`;
    case "UnmovableKubeSystemPod":
      return `non-daemonset, non-mirrored, non-pdb-assigned kube-system pod present: ${pod.metadata.name}`;
    case "LocalStorageRequested":
      return `pod with local storage present: ${pod.metadata.name}`;
    case "NotSafeToEvictAnnotation":
      return `pod annotated as not safe to evict present: ${pod.metadata.name}`;
    default:
      return `${name}: ${reason}`;
  }
}
