import type { Node, Pod, WallClock } from "../../model/index.ts";
import type { NodeInfo } from "../../scheduler/index.ts";
import { type ClusterSnapshot, infoOf } from "./cluster-snapshot.ts";
import type { DisruptionBudgets } from "./disruption-budgets.ts";
import { type DrainContext, podsToMove } from "./drainability.ts";
import type { NodeGroups } from "./node-groups.ts";
import type { AutoscalingOptions } from "./options.ts";
import { HintingSimulator } from "./placing.ts";
import { hasGpuLabel, isNodeReady } from "./readiness.ts";
import { ResourceRoom } from "./resource-limits.ts";
import { PodKinds } from "./similar-pods.ts";
import { taintedAtSeconds, toBeDeletedTaint } from "./taints.ts";
import { type Utilization, utilizationOf } from "./utilization.ts";

/** A node that the others could do without. */
export interface RemovableNode {
  readonly node: Node;
  readonly podsToReschedule: readonly Pod[];
  readonly onCompletion: boolean;
  /** Its pods share a budget that does not allow all of them to go at once. */
  readonly risky: boolean;
}

/** Why a node stays, under upstream's names. */
export interface UnremovableNode {
  readonly node: string;
  readonly reason: string;
  readonly blockingPod?: Pod;
  readonly blockingReason?: string;
}

/** What a round of planning looks at. */
export interface PlanningInput {
  readonly snapshot: ClusterSnapshot;
  readonly groups: NodeGroups;
  /** Registered nodes that are no longer on their way, in name order. */
  readonly nodes: readonly Node[];
  readonly candidates: readonly Node[];
  readonly budgets: DisruptionBudgets;
  readonly drain: DrainContext;
  /** Nodes that are being given back. */
  readonly deleting: ReadonlySet<string>;
  readonly nowUs: number;
}

const beingDeletedUs = 300_000_000;

/** Decides which nodes are not needed, and since when (`planner`, `eligibility`, `unneeded`, `unremovable`). */
export class ScaleDownPlanner {
  readonly #options: AutoscalingOptions;
  readonly #clock: WallClock;
  readonly #simulator = new HintingSimulator();
  #unneeded = new Map<string, { readonly removable: RemovableNode; readonly sinceUs: number }>();
  #untilUs = new Map<string, number>();
  #reasons = new Map<string, UnremovableNode>();
  #utilization = new Map<string, Utilization>();
  #latestUs: number | undefined;
  #shortestIntervalUs: number;

  constructor(options: AutoscalingOptions, clock: WallClock) {
    this.#options = options;
    this.#clock = clock;
    this.#shortestIntervalUs = options.scaleDownUnneededTimeUs;
  }

  get unneeded(): Node[] {
    return [...this.#unneeded.values()].map(({ removable }) => removable.node);
  }

  get unremovable(): UnremovableNode[] {
    return [...this.#reasons.values()];
  }

  utilizationOf(node: string): Utilization | undefined {
    return this.#utilization.get(node);
  }

  forgetUnneeded(): void {
    this.#unneeded.clear();
  }

  /** The next instant at which some node may be tried anew, or will have been unneeded for long enough. */
  nextDeadlineUs(): number | undefined {
    let next: number | undefined;
    const consider = (atUs: number): void => {
      if (next === undefined || atUs < next) next = atUs;
    };
    for (const atUs of this.#untilUs.values()) consider(atUs);
    for (const { removable, sinceUs } of this.#unneeded.values()) consider(sinceUs + this.#waitUs(removable.node));
    return next;
  }

  /** Finds out anew which of the candidates are not needed, on a fork of the snapshot. */
  update(input: PlanningInput): void {
    const { snapshot, nowUs } = input;
    if (this.#latestUs !== undefined) {
      this.#shortestIntervalUs = Math.min(this.#shortestIntervalUs, nowUs - this.#latestUs);
    }
    this.#latestUs = nowUs;
    snapshot.fork();
    this.#categorize(input);
    snapshot.revert();
    this.#simulator.dropOldHints();
  }

  #categorize(input: PlanningInput): void {
    const { snapshot, candidates, deleting, nowUs, budgets } = input;
    this.#expireReasons(snapshot, nowUs);
    const destinations = new Set(input.nodes.map(({ metadata }) => metadata.name));
    for (const name of deleting) destinations.delete(name);
    const eligible = candidates.filter((node) => !deleting.has(node.metadata.name) && this.#isEligible(node, input));
    const removable = new Map<string, { readonly removable: RemovableNode; readonly sinceUs: number }>();
    const limit = this.#unneededLimit();
    let atomic = 0;
    for (const node of eligible) {
      if (removable.size - atomic >= limit) break;
      const { name } = node.metadata;
      const found = this.#simulateRemoval(name, destinations, input);
      if ("reason" in found) {
        this.#untilUs.set(name, nowUs + this.#options.unremovableNodeRecheckTimeoutUs);
        this.#reasons.set(name, found);
        continue;
      }
      destinations.delete(name);
      budgets.spend(found.podsToReschedule);
      removable.set(name, { removable: found, sinceUs: this.#unneeded.get(name)?.sinceUs ?? nowUs });
      if (input.groups.ofNode(name)?.spec.zeroOrMax === true) atomic += 1;
    }
    this.#unneeded = removable;
  }

  #expireReasons(snapshot: ClusterSnapshot, nowUs: number): void {
    this.#reasons = new Map();
    for (const [name, untilUs] of this.#untilUs) {
      if (snapshot.node(name) === undefined || untilUs <= nowUs) this.#untilUs.delete(name);
    }
    this.#utilization = new Map();
  }

  #isEligible(node: Node, input: PlanningInput): boolean {
    const { name } = node.metadata;
    const reason = this.#untilUs.has(name) ? "RecentlyUnremovable" : this.#ineligibility(node, input);
    if (reason !== undefined) this.#reasons.set(name, { node: name, reason });
    return reason === undefined;
  }

  #ineligibility(node: Node, { snapshot, groups, nowUs }: PlanningInput): string | undefined {
    const options = this.#options;
    const { name, annotations } = node.metadata;
    const info = snapshot.node(name);
    if (info === undefined) return "UnexpectedError";
    if (this.isBeingDeleted(node, nowUs)) return "CurrentlyBeingDeleted";
    if (annotations?.["cluster-autoscaler.kubernetes.io/scale-down-disabled"] === "true") {
      return "ScaleDownDisabledAnnotation";
    }
    if (groups.ofNode(name) === undefined) return "NotAutoscaled";
    const pods = info.pods.map(({ pod }) => pod);
    const utilization = utilizationOf(node, pods, options, this.#clock, nowUs);
    if (!options.scaleDownUnreadyEnabled && !isNodeReady(node)) return "ScaleDownUnreadyDisabled";
    if (typeof utilization === "string") return undefined;
    this.#utilization.set(name, utilization);
    const threshold = hasGpuLabel(node)
      ? options.scaleDownGpuUtilizationThreshold
      : options.scaleDownUtilizationThreshold;
    return utilization.utilization > threshold ? "NotUnderutilized" : undefined;
  }

  /** Tainted by the autoscaler, and not so long ago that the deletion must have failed. */
  isBeingDeleted(node: Node, nowUs: number): boolean {
    const seconds = taintedAtSeconds(node, toBeDeletedTaint);
    return seconds !== undefined && this.#clock.epochUs(nowUs) - seconds * 1_000_000 < beingDeletedUs;
  }

  #simulateRemoval(
    name: string,
    destinations: ReadonlySet<string>,
    { snapshot, drain, budgets }: PlanningInput,
  ): RemovableNode | UnremovableNode {
    const info = snapshot.node(name)!;
    const node = info.node!;
    const pods = info.pods.map(({ pod }) => pod);
    const moving = podsToMove(pods, drain);
    if (moving.blocked !== undefined) {
      const { pod, reason } = moving.blocked;
      return { node: name, reason: "BlockedByPod", blockingPod: pod, blockingReason: reason };
    }
    snapshot.fork();
    if (!this.#findPlaces(info, moving.move, destinations, snapshot)) {
      snapshot.revert();
      return { node: name, reason: "NoPlaceToMovePods" };
    }
    snapshot.commit();
    return {
      node,
      podsToReschedule: moving.move,
      onCompletion: moving.onCompletion.length > 0,
      risky: !budgets.allowTogether(moving.move),
    };
  }

  /** Moves the pods while the node stands there tainted, as it will during the drain, and takes it out then. */
  #findPlaces(
    info: NodeInfo,
    pods: readonly Pod[],
    destinations: ReadonlySet<string>,
    snapshot: ClusterSnapshot,
  ): boolean {
    const { name } = info;
    for (const pod of pods) snapshot.removePod(infoOf(pod), name);
    const kinds = new PodKinds();
    const moved = pods.map((pod) => ({ pod, kind: kinds.of(pod), moves: true }));
    const acceptable = (node: NodeInfo): boolean => node.name !== name && destinations.has(node.name);
    const placed = this.#simulator.place(snapshot, moved, acceptable, true);
    if (placed.size < pods.length) return false;
    snapshot.removeNode(name);
    return true;
  }

  #unneededLimit(): number {
    const parallel = this.#options.maxScaleDownParallelism;
    const growing = this.#unneeded.size + 2 * parallel;
    const intervalUs = this.#shortestIntervalUs;
    if (intervalUs === 0) return growing;
    const unneededUs = Math.max(this.#options.scaleDownUnneededTimeUs, intervalUs);
    return Math.min(growing, Math.floor(unneededUs / intervalUs) * parallel + parallel);
  }

  #waitUs(node: Node): number {
    return isNodeReady(node) ? this.#options.scaleDownUnneededTimeUs : this.#options.scaleDownUnreadyTimeUs;
  }

  /** The nodes that may go now: empty ones, and those to drain, safe ones first. The others learn why they stay. */
  removableNow(
    groups: NodeGroups,
    nodes: readonly Node[],
    deletionsOf: (group: string) => number,
    nowUs: number,
  ): { readonly empty: RemovableNode[]; readonly drain: RemovableNode[] } {
    const counted = nodes.filter((node) => !this.isBeingDeleted(node, nowUs));
    const room = ResourceRoom.downTo(this.#options, counted);
    const sizes = new Map([...groups].map(({ spec, target }) => [spec.id, target]));
    const byName = [...this.#unneeded.values()].sort((a, b) =>
      a.removable.node.metadata.name < b.removable.node.metadata.name ? -1 : 1,
    );
    const allowed: RemovableNode[] = [];
    const isEmpty = ({ podsToReschedule }: RemovableNode): boolean => podsToReschedule.length === 0;
    for (const wantEmpty of [true, false]) {
      for (const { removable, sinceUs } of byName) {
        if (isEmpty(removable) !== wantEmpty) continue;
        const reason = this.#staysBecause(removable, sinceUs, groups, sizes, deletionsOf, room, nowUs);
        const { name } = removable.node.metadata;
        if (reason !== undefined) {
          this.#reasons.set(name, { node: name, reason });
          continue;
        }
        const id = groups.ofNode(name)!.spec.id;
        sizes.set(id, sizes.get(id)! - 1);
        room.take(removable.node);
        allowed.push(removable);
      }
    }
    const whole = this.#wholeGroupsOnly(allowed, groups);
    const drain = whole.filter((removable) => !isEmpty(removable));
    return {
      empty: whole.filter(isEmpty),
      drain: [...drain.filter(({ risky }) => !risky), ...drain.filter(({ risky }) => risky)],
    };
  }

  #staysBecause(
    { node, onCompletion }: RemovableNode,
    sinceUs: number,
    groups: NodeGroups,
    sizes: ReadonlyMap<string, number>,
    deletionsOf: (group: string) => number,
    room: ResourceRoom,
    nowUs: number,
  ): string | undefined {
    const { name, annotations } = node.metadata;
    if (annotations?.["cluster-autoscaler.kubernetes.io/scale-down-disabled"] === "true") {
      return "ScaleDownDisabledAnnotation";
    }
    const group = groups.ofNode(name);
    if (group === undefined) return "NotAutoscaled";
    const waitUs = this.#waitUs(node);
    // Longer than, not as long as; but no wait at all is none (recorded).
    if (waitUs > 0 && sinceUs + waitUs >= nowUs) {
      return isNodeReady(node) ? "NotUnneededLongEnough" : "NotUnreadyLongEnough";
    }
    const { id } = group.spec;
    if (sizes.get(id)! - deletionsOf(id) <= group.min) return "NodeGroupMinSizeReached";
    if (room.exceededBy(node, 1).length > 0) return "MinimalResourceLimitExceeded";
    return onCompletion ? "BlockedByOnCompletionPod" : undefined;
  }

  /** Groups that are all or nothing go only when every node of theirs may. */
  #wholeGroupsOnly(removable: readonly RemovableNode[], groups: NodeGroups): RemovableNode[] {
    const counts = new Map<string, number>();
    for (const { node } of removable) {
      const id = groups.ofNode(node.metadata.name)!.spec.id;
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return removable.filter(({ node }) => {
      const { name } = node.metadata;
      const { spec, target } = groups.ofNode(name)!;
      if (spec.zeroOrMax !== true || counts.get(spec.id) === target) return true;
      this.#reasons.set(name, { node: name, reason: "AtomicScaleDownFailed" });
      return false;
    });
  }
}
