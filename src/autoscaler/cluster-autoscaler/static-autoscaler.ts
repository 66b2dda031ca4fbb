import { callProvider, type Task, type View } from "../../client/index.ts";
import type { CloudCall, CloudReply } from "../../cloud/index.ts";
import {
  isPodTerminal,
  type Kind,
  type KubeObject,
  keyOf,
  type Node,
  objectKey,
  type Pod,
  parseGoDuration,
} from "../../model/index.ts";
import { Actuator, type ScaledDownNode } from "./actuator.ts";
import { tell, tellOf } from "./announcements.ts";
import { ClusterSnapshot, infoOf, type RoundRobin } from "./cluster-snapshot.ts";
import { ClusterState } from "./cluster-state.ts";
import { DisruptionBudgets } from "./disruption-budgets.ts";
import { type DrainContext, podsToMove } from "./drainability.ts";
import type { Market } from "./expanders.ts";
import { type NodeGroup, type NodeGroupSpec, NodeGroups } from "./node-groups.ts";
import type { AutoscalingOptions } from "./options.ts";
import { HintingSimulator, type PodToPlace } from "./placing.ts";
import { isExpendable, isRecreatable, isUnschedulable } from "./pod-kinds.ts";
import { gpuResource, isNodeReady, withoutUnfinished } from "./readiness.ts";
import { ScaleDownPlanner } from "./scale-down-planner.ts";
import { planScaleUp, type ScaleUpPlan, type UnhelpedPod } from "./scale-up.ts";
import type { ScaleUpInfo } from "./similar-groups.ts";
import { hasTaint, removeTaint, toBeDeletedTaint } from "./taints.ts";
import { freshNode, type NodeTemplate, templatesOf } from "./template-nodes.ts";
import { TemplateRequests } from "./template-requests.ts";
import { type Utilization, utilizationOf } from "./utilization.ts";

/** What a run came to, under upstream's names. */
export interface ScaleUpStatus {
  result:
    | "ScaleUpSuccessful"
    | "ScaleUpError"
    | "ScaleUpNoOptionsAvailable"
    | "ScaleUpNotNeeded"
    | "ScaleUpNotTried"
    | "ScaleUpInCooldown"
    | "ScaleUpLimitedByMaxNodesTotal";
  scaleUps: readonly { group: string; currentSize: number; newSize: number; maxSize: number }[];
  helped: readonly Pod[];
  awaiting: readonly Pod[];
  unhelped: readonly UnhelpedPod[];
}

export interface ScaleDownStatus {
  result:
    | "ScaleDownError"
    | "ScaleDownNoNodeDeleted"
    | "ScaleDownNodeDeleteStarted"
    | "ScaleDownNotTried"
    | "ScaleDownInCooldown"
    | "ScaleDownNoCandidates";
  scaledDown: readonly ScaledDownNode[];
}

export interface RunStatus {
  readonly scaleUp: ScaleUpStatus;
  readonly scaleDown: ScaleDownStatus;
}

const unschedulablePodBufferUs = 2_000_000;
const unschedulablePodWithGpuBufferUs = 30_000_000;
const hourUs = 3_600_000_000;

/** Kinds that filters read. */
const schedulingKinds = [
  "Namespace",
  "PersistentVolume",
  "PersistentVolumeClaim",
  "StorageClass",
  "CSINode",
  "CSIDriver",
  "CSIStorageCapacity",
  "VolumeAttachment",
] as const satisfies readonly Kind[];

const controllerKinds = ["ReplicationController", "ReplicaSet", "Job", "StatefulSet", "DaemonSet"] as const;

/** Every kind that a run reads. */
export const watchedKinds: readonly Kind[] = [
  "Node",
  "Pod",
  "PodDisruptionBudget",
  "ConfigMap",
  ...controllerKinds,
  ...schedulingKinds,
];

/** What one run looks at, all taken at its start. */
interface Round {
  readonly view: View;
  readonly nowUs: number;
  readonly groups: NodeGroups;
  readonly allNodes: readonly Node[];
  readonly readyNodes: readonly Node[];
  readonly templates: Map<string, NodeTemplate>;
  readonly snapshot: ClusterSnapshot;
  readonly budgets: DisruptionBudgets;
  readonly status: RunStatus;
  readonly upcoming: number;
  /** Of the priority expander. */
  readonly complaints: (readonly [reason: string, message: string])[];
}

/** cluster-autoscaler's loop and everything that it remembers between runs (`StaticAutoscaler`). */
export class StaticAutoscaler {
  readonly #options: AutoscalingOptions;
  readonly #specs: ReadonlyMap<string, NodeGroupSpec>;
  readonly #choose: (groups: readonly string[]) => number;
  readonly #roundRobin: RoundRobin = { lastIndex: 0 };
  readonly #podSimulator = new HintingSimulator();
  readonly #templates = new Map<string, NodeTemplate>();
  readonly state: ClusterState;
  readonly planner: ScaleDownPlanner;
  readonly actuator: Actuator;
  #candidatesBefore = new Set<string>();
  #lastLocal = new Map<string, { addedUs?: number; deletedUs?: number; failedUs?: number }>();
  #initialized = false;
  #runs = 0;
  readonly #births = new Map<string, number>();
  #sleepUntilUs: number | undefined;
  lastScaleUpUs: number;
  lastScaleDownDeleteUs: number;
  lastScaleDownFailUs: number;

  constructor(
    options: AutoscalingOptions,
    specs: readonly NodeGroupSpec[],
    choose: (groups: readonly string[]) => number,
    view: Pick<View, "clock" | "nowUs">,
  ) {
    this.#options = options;
    this.#specs = new Map(specs.map((spec) => [spec.id, spec]));
    this.#choose = choose;
    this.state = new ClusterState(options, view.clock, view.nowUs);
    this.planner = new ScaleDownPlanner(options, view.clock);
    this.actuator = new Actuator({
      options,
      podsOn: (node, now) => this.#podsOn(node, now),
      drainContext: (now) =>
        drainContextOf(now, options, new DisruptionBudgets(inKeyOrder(now.list("PodDisruptionBudget")))),
      groupChanged: (group) => this.state.invalidate(group),
    });
    // Before the start, so that no run begins in cooldown.
    this.lastScaleUpUs = view.nowUs - hourUs;
    this.lastScaleDownDeleteUs = view.nowUs - hourUs;
    this.lastScaleDownFailUs = view.nowUs - hourUs;
  }

  /** When a run could come to something else although nothing changed; `undefined`: never. */
  get sleepUntilUs(): number | undefined {
    return this.#sleepUntilUs;
  }

  *runOnce(view: View): Task<RunStatus> {
    const nowUs = view.nowUs;
    const status: RunStatus = {
      scaleUp: { result: "ScaleUpNotTried", scaleUps: [], helped: [], awaiting: [], unhelped: [] },
      scaleDown: { result: "ScaleDownNotTried", scaledDown: [] },
    };
    this.#sleepUntilUs = undefined;
    this.#runs += 1;
    this.#births.clear();
    const allNodes = inKeyOrder(view.list("Node")).map(withoutUnfinished);
    if (!this.#initialized) yield* this.#cleanUp(view);
    const readyNodes = allNodes.filter(isNodeReady);
    if (allNodes.length === 0 && !this.#options.scaleUpFromZero) return status;
    const reply = yield* callProvider<CloudReply>({ operation: "refresh" } satisfies CloudCall);
    if (!reply.ok || reply.groups === undefined) return status;
    const groups = new NodeGroups(
      reply.groups.flatMap(({ name, min, max, target, instances }): NodeGroup[] => {
        const spec = this.#specs.get(name);
        return spec === undefined ? [] : [{ spec, min, max, target, instances }];
      }),
    );
    const snapshot = this.#snapshotOf(allNodes, view);
    const templates = templatesOf(groups, this.#templates, {
      readyNodes,
      podsOn: (node) => this.#podsOn(node, view),
      daemonSets: inKeyOrder(view.list("DaemonSet")),
      forceDaemonSets: this.#options.forceDaemonSets,
      suffix: String(this.#runs),
      clock: view.clock,
      nowUs,
    });
    const budgets = new DisruptionBudgets(inKeyOrder(view.list("PodDisruptionBudget")));
    for (const notice of this.state.update(allNodes, groups, nowUs)) {
      yield* tell(notice.reason, notice.message, notice.type);
    }
    yield* this.#revertTimedOut(groups);
    yield* this.#removeLongUnregistered(groups);
    if (!this.state.isClusterHealthy()) {
      this.planner.forgetUnneeded();
      yield* tell("ClusterUnhealthy", "Cluster is unhealthy", "Warning");
      return status;
    }
    yield* this.#deleteFailedInstances(groups);
    if (yield* this.#fixSizes(groups, nowUs)) return status;
    const { nodes, upcoming } = this.#injectUpcoming(groups, templates, snapshot, allNodes, nowUs);
    const round: Round = {
      view,
      nowUs,
      groups,
      allNodes: nodes,
      readyNodes,
      templates,
      snapshot,
      budgets,
      status,
      upcoming,
      complaints: [],
    };
    const pods = this.#podsToHelp(round);
    const scaleDownForbidden = yield* this.#scaleUp(pods, round);
    if (this.#options.scaleDownEnabled) yield* this.#scaleDown(round, scaleDownForbidden);
    if (this.#options.enforceNodeGroupMinSize) yield* this.#raiseToMinimum(round);
    this.#planSleep(round, pods);
    return status;
  }

  *#cleanUp(view: View): Task<void> {
    this.#initialized = true;
    for (const node of inKeyOrder(view.list("Node"))) {
      if (!hasTaint(node, toBeDeletedTaint)) continue;
      yield* removeTaint(node, toBeDeletedTaint, this.#options.cordonNodeBeforeTerminating, view);
    }
  }

  #podsOn(node: string, view: View): Pod[] {
    const pods = [...view.onNode(node)].filter(
      (pod) => !isPodTerminal(pod) && !isExpendable(pod, this.#options.expendablePodsPriorityCutoff),
    );
    return inKeyOrder(pods);
  }

  #snapshotOf(nodes: readonly Node[], view: View): ClusterSnapshot {
    function* objects(): Iterable<KubeObject> {
      for (const kind of schedulingKinds) yield* view.list(kind);
    }
    const snapshot = new ClusterSnapshot(objects(), this.#roundRobin);
    for (const node of nodes) snapshot.addNode(node, this.#podsOn(node.metadata.name, view));
    for (const pod of view.list("Pod")) {
      const nominated = pod.status.nominatedNodeName ?? "";
      if (nominated === "" || isAssigned(pod) || isPodTerminal(pod)) continue;
      if (pod.metadata.deletionTimestamp !== undefined || snapshot.node(nominated) === undefined) continue;
      if (!isExpendable(pod, this.#options.expendablePodsPriorityCutoff)) snapshot.addPod(infoOf(pod), nominated);
    }
    return snapshot;
  }

  *#revertTimedOut(groups: NodeGroups): Task<void> {
    for (const { group, increase } of this.state.timedOut.splice(0)) {
      const reply = yield* this.#decreaseTarget(groups.get(group)!, increase);
      if (reply !== undefined) {
        yield* tell("FailedToRevertScaleUp", `Failed to revert scale-up of group ${group}: ${reply}`, "Warning");
      }
    }
  }

  *#decreaseTarget(group: NodeGroup, delta: number): Task<string | undefined> {
    const { id } = group.spec;
    const call: CloudCall = { operation: "decreaseTargetSize", group: id, delta };
    const reply = yield* callProvider<CloudReply>(call);
    if (!reply.ok) return reply.error;
    group.target -= delta;
    this.state.invalidate(id);
    return undefined;
  }

  *#removeLongUnregistered(groups: NodeGroups): Task<void> {
    for (const group of groups) {
      const names = [...this.state.longUnregistered(group.spec.id)].sort();
      const most = this.#options.forceDeleteUnregisteredNodes ? names.length : group.target - group.min;
      if (names.length === 0 || most <= 0) continue;
      const doomed = group.spec.zeroOrMax === true ? group.instances.map(({ name }) => name) : names.slice(0, most);
      const error = yield* this.#deleteInstances(group, doomed);
      for (const name of doomed) {
        if (error === undefined) yield* tell("DeleteUnregistered", `Removed unregistered node ${name}`);
        else yield* tell("DeleteUnregisteredFailed", `Failed to remove node ${name}: ${error}`, "Warning");
      }
    }
  }

  *#deleteInstances(group: NodeGroup, nodes: readonly string[]): Task<string | undefined> {
    const { id } = group.spec;
    const call: CloudCall = { operation: "deleteNodes", group: id, nodes };
    const reply = yield* callProvider<CloudReply>(call);
    this.state.invalidate(id);
    if (!reply.ok) return reply.error;
    group.target -= nodes.length;
    return undefined;
  }

  *#deleteFailedInstances(groups: NodeGroups): Task<void> {
    for (const group of groups) {
      const failed = this.state.failedInstances(group.spec.id);
      if (failed.length === 0) continue;
      yield* this.#deleteInstances(
        group,
        group.spec.zeroOrMax === true ? group.instances.map(({ name }) => name) : failed,
      );
    }
  }

  *#fixSizes(groups: NodeGroups, nowUs: number): Task<boolean> {
    let fixed = false;
    for (const group of groups) {
      const excess = this.state.excessTarget(group.spec.id, nowUs);
      if (excess === 0) continue;
      fixed = true; // Refused or not: the run ends here.
      if ((yield* this.#decreaseTarget(group, excess)) !== undefined) break;
    }
    return fixed;
  }

  /** Nodes that are on their way stand in the snapshot as if they were ready. */
  #injectUpcoming(
    groups: NodeGroups,
    templates: ReadonlyMap<string, NodeTemplate>,
    snapshot: ClusterSnapshot,
    allNodes: readonly Node[],
    nowUs: number,
  ): { readonly nodes: Node[]; readonly upcoming: number } {
    const onTheWay = new Set<string>();
    let upcoming = 0;
    for (const group of groups) {
      const { count, registered } = this.state.upcoming(group, nowUs);
      const template = templates.get(group.spec.id)!;
      for (const name of registered) onTheWay.add(name);
      for (let index = 0; index < count; index++) {
        const { node, pods } = freshNode(template, `upcoming-${index}`);
        snapshot.addNode(node, pods);
      }
      upcoming += count;
    }
    for (const name of onTheWay) snapshot.removeNode(name);
    return { nodes: allNodes.filter(({ metadata }) => !onTheWay.has(metadata.name)), upcoming };
  }

  /** The pods that wait and that no node there is, or comes, has room for. */
  #podsToHelp({ view, snapshot, nowUs }: Round): Pod[] {
    const { expendablePodsPriorityCutoff: cutoff } = this.#options;
    const pending: Pod[] = [];
    for (const pod of view.list("Pod")) {
      if (isWaiting(pod) && (pod.status.nominatedNodeName ?? "") === "" && !isExpendable(pod, cutoff))
        pending.push(pod);
    }
    const waiting: PodToPlace[] = inKeyOrder(pending).map((pod) => ({ pod }));
    for (const name of this.actuator.draining) {
      for (const { pod } of snapshot.node(name)?.pods ?? []) {
        const leaves = pod.metadata.deletionTimestamp !== undefined;
        if (!leaves && isRecreatable(pod)) waiting.push({ pod, moves: true });
      }
    }
    waiting.sort((a, b) => (b.pod.spec.priority ?? 0) - (a.pod.spec.priority ?? 0));
    const placed = this.#podSimulator.place(snapshot, waiting, () => true, false);
    this.#podSimulator.dropOldHints();
    return waiting
      .map(({ pod }) => pod)
      .filter((pod) => !placed.has(pod) && !isOfDaemonSet(pod) && this.#isOldEnough(pod, view, nowUs));
  }

  #isOldEnough(pod: Pod, view: View, nowUs: number): boolean {
    const wish = pod.metadata.annotations?.["cluster-autoscaler.kubernetes.io/pod-scale-up-delay"];
    const delayUs = Math.max(this.#options.newPodScaleUpDelayUs, wish === undefined ? 0 : durationUs(wish));
    return nowUs - this.#bornUs(pod, view) > delayUs;
  }

  /** Pods of a flood share a handful of creation times. */
  #bornUs({ metadata }: Pod, view: View): number {
    let bornUs = this.#births.get(metadata.creationTimestamp);
    if (bornUs === undefined) {
      bornUs = view.clock.instantUs(metadata.creationTimestamp);
      this.#births.set(metadata.creationTimestamp, bornUs);
    }
    return bornUs;
  }

  /** More pods are probably coming: the oldest is younger than 2 s, or than 30 s if it wants a GPU. */
  #allPodsAreNew(pods: readonly Pod[], view: View, nowUs: number): boolean {
    const requests = new TemplateRequests();
    let oldest = Number.POSITIVE_INFINITY;
    let oldestWithGpu = Number.POSITIVE_INFINITY;
    for (const pod of pods) {
      const bornUs = this.#bornUs(pod, view);
      oldest = Math.min(oldest, bornUs);
      if ((requests.of(pod).scalars.get(gpuResource) ?? 0) > 0) oldestWithGpu = Math.min(oldestWithGpu, bornUs);
    }
    if (oldest + unschedulablePodBufferUs > nowUs) return true;
    return Number.isFinite(oldestWithGpu) && oldestWithGpu + unschedulablePodWithGpuBufferUs > nowUs;
  }

  /** Answers whether scaling down is out of the question in this run. */
  *#scaleUp(pods: readonly Pod[], round: Round): Task<boolean> {
    const { status, readyNodes, nowUs, view } = round;
    const { maxNodesTotal } = this.#options;
    if (pods.length === 0) {
      status.scaleUp.result = "ScaleUpNotNeeded";
      return false;
    }
    if (maxNodesTotal > 0 && readyNodes.length >= maxNodesTotal) {
      status.scaleUp.result = "ScaleUpLimitedByMaxNodesTotal";
      yield* this.#tellLimit();
      return false;
    }
    if (this.#allPodsAreNew(pods, view, nowUs)) {
      status.scaleUp.result = "ScaleUpInCooldown";
      return true;
    }
    let left = pods;
    const untilUs = view.nowUs + this.#options.salvoScaleUpBudgetUs;
    do {
      const plan = planScaleUp(this.#scaleUpInput(left, round));
      if (plan.limited) yield* this.#tellLimit();
      for (const [reason, message] of round.complaints.splice(0)) yield* tell(reason, message, "Warning");
      const before = { ...status.scaleUp };
      yield* this.#execute(plan, round);
      if (left !== pods && status.scaleUp.result === "ScaleUpNoOptionsAvailable") {
        Object.assign(status.scaleUp, before); // The salvo is over; what it did counts.
        break;
      }
      yield* this.#tellPods(status.scaleUp);
      if (!this.#options.salvoScaleUp || status.scaleUp.result !== "ScaleUpSuccessful") break;
      left = this.#unhelpedBy(plan, left, round);
    } while (left.length > 0 && view.nowUs < untilUs);
    return false;
  }

  /** The pods that still wait once the nodes just bought stand in the snapshot. */
  #unhelpedBy({ scaleUps }: ScaleUpPlan, pods: readonly Pod[], { snapshot, templates, nowUs, view }: Round): Pod[] {
    for (const { group, currentSize, newSize } of scaleUps) {
      for (let index = currentSize; index < newSize; index++) {
        const { node, pods: daemons } = freshNode(templates.get(group.spec.id)!, `salvo-${index}`);
        snapshot.addNode(node, daemons);
      }
    }
    const waiting = pods.map((pod) => ({ pod }));
    const placed = this.#podSimulator.place(snapshot, waiting, () => true, false);
    return pods.filter((pod) => !placed.has(pod) && this.#isOldEnough(pod, view, nowUs));
  }

  *#tellLimit(): Task<void> {
    const { maxNodesTotal } = this.#options;
    yield* tell("MaxNodesTotalReached", `Max total nodes in cluster reached: ${maxNodesTotal}`, "Warning");
  }

  #scaleUpInput(pods: readonly Pod[], round: Round): Parameters<typeof planScaleUp>[0] {
    const { snapshot, groups, templates, readyNodes, nowUs, upcoming } = round;
    return {
      pods,
      snapshot,
      groups,
      templates,
      state: this.state,
      options: this.#options,
      nodes: readyNodes,
      nodeCount: readyNodes.length + upcoming,
      market: this.#market(round),
      choose: this.#choose,
      nowUs,
    };
  }

  #market({ view, allNodes, complaints }: Round): Market {
    const key = objectKey("kube-system", "cluster-autoscaler-priority-expander");
    const configMap = view.get("ConfigMap", key) as { readonly data?: Readonly<Record<string, string>> } | undefined;
    return {
      nodeCount: allNodes.length,
      priorities: configMap?.data?.["priorities"],
      complain: (reason, message) => complaints.push([reason, message]),
    };
  }

  *#execute(plan: ScaleUpPlan, { status, nowUs }: Round): Task<void> {
    const { scaleUps, helped, awaiting, unhelped, failure } = plan;
    Object.assign(status.scaleUp, { helped, awaiting, unhelped });
    if (failure !== undefined) status.scaleUp.result = "ScaleUpError";
    else if (scaleUps.length === 0) status.scaleUp.result = "ScaleUpNoOptionsAvailable";
    else yield* this.#increase(scaleUps, status, nowUs);
    if (status.scaleUp.result === "ScaleUpSuccessful") status.scaleDown.result = "ScaleDownInCooldown";
  }

  *#increase(scaleUps: readonly ScaleUpInfo[], status: RunStatus, nowUs: number): Task<void> {
    const done: ScaleUpInfo[] = [];
    for (const info of scaleUps) {
      const { group, currentSize, newSize, maxSize } = info;
      const { id } = group.spec;
      const sizes = `${newSize} instead of ${currentSize} (max: ${maxSize})`;
      yield* tell("ScaledUpGroup", `Scale-up: setting group ${id} size to ${sizes}`);
      const call: CloudCall = { operation: "increaseSize", group: id, delta: newSize - currentSize };
      const reply = yield* callProvider<CloudReply>(call);
      if (!reply.ok) {
        yield* tell("FailedToScaleUpGroup", `Scale-up failed for group ${id}: ${reply.error}`, "Warning");
        this.state.backoff.failed(id, nowUs);
        Object.assign(status.scaleUp, { result: "ScaleUpError", awaiting: [], unhelped: [] });
        return;
      }
      group.target = newSize;
      this.state.registerScaleUp(id, newSize - currentSize, nowUs);
      this.#local(id).addedUs = nowUs;
      yield* tell("ScaledUpGroup", `Scale-up: group ${id} size set to ${sizes}`);
      done.push(info);
    }
    status.scaleUp.result = "ScaleUpSuccessful";
    status.scaleUp.scaleUps = done.map(({ group, currentSize, newSize, maxSize }) => ({
      group: group.spec.id,
      currentSize,
      newSize,
      maxSize,
    }));
    this.lastScaleUpUs = nowUs;
  }

  *#tellPods({ result, scaleUps, helped, unhelped }: ScaleUpStatus): Task<void> {
    if (result === "ScaleUpNoOptionsAvailable") {
      for (const info of unhelped) {
        yield* tellOf(info.pod, "NotTriggerScaleUp", `pod didn't trigger scale-up: ${reasonsOf(info)}`);
      }
    }
    if (scaleUps.length === 0) return;
    const sizes = scaleUps.map(
      ({ group, currentSize, newSize, maxSize }) => `{${group} ${currentSize}->${newSize} (max: ${maxSize})}`,
    );
    for (const pod of helped) yield* tellOf(pod, "TriggeredScaleUp", `pod triggered scale-up: [${sizes.join(" ")}]`);
  }

  *#scaleDown(round: Round, forbidden: boolean): Task<void> {
    const { view, groups, allNodes, snapshot, budgets, status, nowUs } = round;
    const drain = drainContextOf(view, this.#options, budgets);
    const candidates = this.#candidates(round, drain);
    this.planner.update({
      snapshot,
      groups,
      nodes: allNodes,
      candidates,
      budgets,
      drain,
      deleting: this.actuator.deleting,
      nowUs,
    });
    const unneeded = this.planner.unneeded;
    this.#candidatesBefore = new Set(unneeded.map(({ metadata }) => metadata.name));
    if (forbidden || this.#inCooldown(nowUs)) {
      status.scaleDown.result = "ScaleDownInCooldown";
    } else if (candidates.length === 0) {
      status.scaleDown.result = "ScaleDownNoCandidates";
    } else {
      const { empty, drain: needDrain } = this.planner.removableNow(
        groups,
        allNodes,
        (group) => this.actuator.deletionsOf(group),
        nowUs,
      );
      const describe = (node: Node) => ({
        group: groups.ofNode(node.metadata.name)!.spec.id,
        utilization: this.#utilizationOf(node, view),
      });
      const { started, failed } = yield* this.actuator.start(empty, needDrain, describe, view);
      status.scaleDown.scaledDown = started;
      if (failed) {
        status.scaleDown.result = "ScaleDownError";
        this.lastScaleDownFailUs = nowUs;
        return;
      }
      status.scaleDown.result = started.length > 0 ? "ScaleDownNodeDeleteStarted" : "ScaleDownNoNodeDeleted";
      if (started.length > 0) this.lastScaleDownDeleteUs = nowUs;
    }
    const names = this.#candidatesBefore;
    const mine = allNodes.filter(({ metadata }) => groups.ofNode(metadata.name) !== undefined);
    const needed = mine.filter(({ metadata }) => !names.has(metadata.name));
    const marked = mine.filter(({ metadata }) => names.has(metadata.name));
    if (this.#options.maxBulkSoftTaintCount > 0) yield* this.actuator.updateSoftTaints(marked, needed, view);
  }

  /** As the node is, without the pods that are thought to come to it. */
  #utilizationOf(node: Node, view: View): Utilization | undefined {
    const pods = this.#podsOn(node.metadata.name, view);
    const utilization = utilizationOf(node, pods, this.#options, view.clock, view.nowUs);
    return typeof utilization === "string" ? undefined : utilization;
  }

  #candidates({ groups, allNodes, snapshot, nowUs }: Round, drain: DrainContext): Node[] {
    const mayShrink = allNodes.filter(({ metadata }) => {
      const group = groups.ofNode(metadata.name);
      return group !== undefined && group.target > group.min && !this.#inLocalCooldown(group.spec.id, nowUs);
    });
    const withoutChecks = { ...drain, budgets: undefined };
    const rank = (node: Node): number => {
      const pods = (snapshot.node(node.metadata.name)?.pods ?? []).map(({ pod }) => pod);
      const moving = podsToMove(pods, withoutChecks);
      if (moving.blocked === undefined && moving.move.length === 0) return 0;
      return this.#candidatesBefore.has(node.metadata.name) ? 1 : 2;
    };
    const ranked = mayShrink.map((node) => ({ node, rank: rank(node) }));
    return ranked.sort((a, b) => a.rank - b.rank).map(({ node }) => node);
  }

  #inCooldown(nowUs: number): boolean {
    const options = this.#options;
    if (options.scaleDownDelayTypeLocal) return false;
    return (
      this.lastScaleUpUs + options.scaleDownDelayAfterAddUs > nowUs ||
      this.lastScaleDownFailUs + options.scaleDownDelayAfterFailureUs > nowUs ||
      this.lastScaleDownDeleteUs + options.scaleDownDelayAfterDeleteUs > nowUs
    );
  }

  #inLocalCooldown(group: string, nowUs: number): boolean {
    const options = this.#options;
    if (!options.scaleDownDelayTypeLocal) return false;
    const { addedUs, deletedUs, failedUs } = this.#local(group);
    const recent = (atUs: number | undefined, delayUs: number): boolean => atUs !== undefined && atUs + delayUs > nowUs;
    return (
      recent(addedUs, options.scaleDownDelayAfterAddUs) ||
      recent(deletedUs, options.scaleDownDelayAfterDeleteUs) ||
      recent(failedUs, options.scaleDownDelayAfterFailureUs)
    );
  }

  #local(group: string): { addedUs?: number; deletedUs?: number; failedUs?: number } {
    const known = this.#lastLocal.get(group) ?? {};
    this.#lastLocal.set(group, known);
    return known;
  }

  *#raiseToMinimum({ groups, status, nowUs }: Round): Task<void> {
    const infos: ScaleUpInfo[] = [];
    for (const group of groups) {
      const { target, min, max } = group;
      if (target >= min || !this.state.isSafeToScaleUp(group, nowUs)) continue;
      infos.push({ group, currentSize: target, newSize: min, maxSize: max });
    }
    if (infos.length === 0) {
      status.scaleUp.result = "ScaleUpNotNeeded";
      return;
    }
    yield* this.#increase(infos, status, nowUs);
  }

  /** Until when nothing can come of a run as long as nothing changes. */
  #planSleep({ groups, nowUs }: Round, pods: readonly Pod[]): void {
    const options = this.#options;
    const busy =
      pods.length > 0 ||
      this.actuator.deleting.size > 0 ||
      [...groups].some((group) => this.state.upcoming(group, nowUs).count > 0);
    if (busy) {
      this.#sleepUntilUs = nowUs;
      return;
    }
    const deadlines = [this.planner.nextDeadlineUs(), this.state.nextDeadlineUs(), this.state.backoff.nextEndUs(nowUs)];
    if (this.#candidatesBefore.size > 0) {
      const ends = [
        this.lastScaleUpUs + options.scaleDownDelayAfterAddUs,
        this.lastScaleDownDeleteUs + options.scaleDownDelayAfterDeleteUs,
        this.lastScaleDownFailUs + options.scaleDownDelayAfterFailureUs,
      ];
      deadlines.push(...ends.filter((endUs) => endUs > nowUs));
    }
    for (const atUs of deadlines) {
      if (atUs === undefined) continue;
      if (this.#sleepUntilUs === undefined || atUs < this.#sleepUntilUs) this.#sleepUntilUs = atUs;
    }
  }
}

function drainContextOf(view: View, options: AutoscalingOptions, budgets: DisruptionBudgets): DrainContext {
  return {
    options: options.drainability,
    replicasOf: (kind, namespace, name) => {
      const object = view.get(kind as Kind, objectKey(namespace, name)) as
        | { readonly spec: { readonly replicas?: number } }
        | undefined;
      return object === undefined ? undefined : (object.spec.replicas ?? 1);
    },
    budgets,
    clock: view.clock,
    nowUs: view.nowUs,
  };
}

/** In the order of their keys, as the autoscaler's lists are walked. */
function inKeyOrder<T extends KubeObject>(objects: Iterable<T>): T[] {
  return [...objects].sort(({ metadata: a }, { metadata: b }) => {
    if (a.namespace === b.namespace) return a.name < b.name ? -1 : 1;
    return keyOf({ metadata: a }) < keyOf({ metadata: b }) ? -1 : 1;
  });
}

function isAssigned(pod: Pod): boolean {
  return pod.spec.nodeName !== undefined && pod.spec.nodeName !== "";
}

/** The scheduler has tried the pod and found no place. */
function isWaiting(pod: Pod): boolean {
  if (isAssigned(pod) || isPodTerminal(pod) || pod.metadata.deletionTimestamp !== undefined) return false;
  return isUnschedulable(pod);
}

function isOfDaemonSet(pod: Pod): boolean {
  return !isRecreatable(pod);
}

function durationUs(text: string): number {
  try {
    return parseGoDuration(text) / 1000;
  } catch {
    return 0; // Upstream logs it and goes on without.
  }
}

/** Reasons with the number of groups that gave each. */
function reasonsOf({ rejected, skipped }: UnhelpedPod): string {
  const counts = new Map<string, number>();
  for (const reasons of [...rejected.values(), ...skipped.values()]) {
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => `${count} ${reason}`).join(", ");
}
