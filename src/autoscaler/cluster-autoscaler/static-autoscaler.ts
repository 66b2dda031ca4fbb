import { callProvider, type Task, type View } from "../../client/index.ts";
import type { CloudCall, CloudReply } from "../../cloud/index.ts";
import { type Node, objectKey } from "../../model/index.ts";
import { Actuator } from "./actuator.ts";
import { tell } from "./announcements.ts";
import { drainContextOf, inKeyOrder, podsOn, snapshotOf } from "./cluster-lists.ts";
import type { ClusterSnapshot, RoundRobin } from "./cluster-snapshot.ts";
import { ClusterState } from "./cluster-state.ts";
import { type ClusterStatus, clusterStatusOf } from "./cluster-status.ts";
import { Cooldowns } from "./cooldowns.ts";
import { DisruptionBudgets } from "./disruption-budgets.ts";
import { type DrainContext, podsToMove } from "./drainability.ts";
import type { Market } from "./expanders.ts";
import { GroupUpkeep } from "./group-upkeep.ts";
import { type NodeGroup, type NodeGroupSpec, NodeGroups } from "./node-groups.ts";
import type { AutoscalingOptions } from "./options.ts";
import { isNodeReady, withoutUnfinished } from "./readiness.ts";
import { emptyStatus, type RunStatus } from "./run-status.ts";
import { ScaleDownPlanner } from "./scale-down-planner.ts";
import { planScaleUp, type ScaleUpPlan } from "./scale-up.ts";
import { increaseSizes, tellPods } from "./scale-up-execution.ts";
import type { ScaleUpInfo } from "./similar-groups.ts";
import type { PodOfKind } from "./similar-pods.ts";
import type { Probes } from "./status-config-map.ts";
import { hasTaint, removeTaint, toBeDeletedTaint } from "./taints.ts";
import { freshNode, type NodeTemplate, templatesOf } from "./template-nodes.ts";
import { type Utilization, utilizationOf } from "./utilization.ts";
import { WaitingPods } from "./waiting-pods.ts";

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
  readonly #templates = new Map<string, NodeTemplate>();
  readonly state: ClusterState;
  readonly planner: ScaleDownPlanner;
  readonly actuator: Actuator;
  #candidatesBefore = new Set<string>();
  #initialized = false;
  #runs = 0;
  #sleepUntilUs: number | undefined;
  /** Of the last run; `undefined`: it came to nothing before it had looked at the groups. */
  #groups: NodeGroups | undefined;
  #clusterStatus: ClusterStatus | undefined;
  #probes: Probes = { nodesUs: 0, candidatesUs: undefined };
  readonly cooldowns: Cooldowns;
  readonly #upkeep: GroupUpkeep;
  readonly #waiting: WaitingPods;

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
      podsOn: (node, now) => podsOn(node, now, options.expendablePodsPriorityCutoff),
      drainContext: (now) =>
        drainContextOf(now, options, new DisruptionBudgets(inKeyOrder(now.list("PodDisruptionBudget")))),
      groupChanged: (group, nowUs) => {
        this.state.invalidate(group);
        this.cooldowns.deleted(group, nowUs);
      },
    });
    this.cooldowns = new Cooldowns(options, view.nowUs);
    this.#upkeep = new GroupUpkeep(options, this.state);
    this.#waiting = new WaitingPods(options);
  }

  /** When a run could come to something else although nothing changed; `undefined`: never. */
  get sleepUntilUs(): number | undefined {
    return this.#sleepUntilUs;
  }

  /** What the last run has to say of itself, and when it looked; `undefined`: nothing. */
  status(): { readonly status: ClusterStatus; readonly probes: Probes } | undefined {
    if (this.#groups === undefined) return undefined;
    const { nodesUs: nowUs, candidatesUs: candidatesAtUs } = this.#probes;
    const input = {
      state: this.state,
      groups: this.#groups,
      candidates: this.#candidatesBefore,
      candidatesAtUs,
      nowUs,
    };
    this.#clusterStatus = clusterStatusOf(input, this.#clusterStatus);
    return { status: this.#clusterStatus, probes: this.#probes };
  }

  *runOnce(view: View): Task<RunStatus> {
    const nowUs = view.nowUs;
    const status = emptyStatus();
    this.#sleepUntilUs = nowUs; // A run that ends early is made again.
    this.#groups = undefined;
    this.#runs += 1;
    const allNodes = inKeyOrder(view.list("Node")).map(withoutUnfinished);
    if (!this.#initialized) yield* this.#cleanUp(view);
    const readyNodes = allNodes.filter(isNodeReady);
    if (allNodes.length === 0 && !this.#options.scaleUpFromZero) return status;
    // Pods are listed before the provider is asked, which takes its time: one that comes meanwhile is for the next run.
    const { expendablePodsPriorityCutoff: cutoff } = this.#options;
    const waiting = this.#waiting.look(view);
    const snapshot = snapshotOf(allNodes, view, cutoff, waiting.nominated, this.#roundRobin);
    const daemonSets = inKeyOrder(view.list("DaemonSet"));
    const reply = yield* callProvider<CloudReply>({ operation: "refresh" } satisfies CloudCall);
    if (!reply.ok || reply.groups === undefined) return status;
    const groups = new NodeGroups(
      reply.groups.flatMap(({ name, min, max, target, instances }): NodeGroup[] => {
        const spec = this.#specs.get(name);
        return spec === undefined ? [] : [{ spec, min, max, target, instances }];
      }),
    );
    const templates = templatesOf(groups, this.#templates, {
      readyNodes,
      podsOn: (node) => podsOn(node, view, cutoff),
      daemonSets,
      forceDaemonSets: this.#options.forceDaemonSets,
      suffix: String(this.#runs),
      clock: view.clock,
      nowUs,
    });
    const budgets = new DisruptionBudgets(inKeyOrder(view.list("PodDisruptionBudget")));
    for (const notice of this.state.update(allNodes, groups, nowUs)) {
      yield* tell(notice.reason, notice.message, notice.type);
    }
    this.#groups = groups;
    this.#probes = { ...this.#probes, nodesUs: nowUs };
    yield* this.#upkeep.revertTimedOut(groups);
    yield* this.#upkeep.removeLongUnregistered(groups);
    if (!this.state.isClusterHealthy()) {
      this.planner.forgetUnneeded();
      yield* tell("ClusterUnhealthy", "Cluster is unhealthy", "Warning");
      return status;
    }
    yield* this.#upkeep.deleteFailedInstances(groups);
    if (yield* this.#upkeep.fixSizes(groups, nowUs)) return status;
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
    const pods = this.#waiting.toHelp(waiting, view, snapshot, this.actuator.draining, nowUs);
    const scaleDownForbidden = yield* this.#scaleUp(pods, round);
    if (this.#options.scaleDownEnabled) yield* this.#scaleDown(round, scaleDownForbidden);
    if (this.#options.enforceNodeGroupMinSize) yield* this.#raiseToMinimum(round);
    this.#planSleep(round);
    return status;
  }

  *#cleanUp(view: View): Task<void> {
    this.#initialized = true;
    for (const node of inKeyOrder(view.list("Node"))) {
      if (!hasTaint(node, toBeDeletedTaint)) continue;
      yield* removeTaint(node, toBeDeletedTaint, this.#options.cordonNodeBeforeTerminating, view);
    }
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

  /** Answers whether scaling down is out of the question in this run. */
  *#scaleUp(pods: readonly PodOfKind[], round: Round): Task<boolean> {
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
    if (this.#waiting.areAllNew(pods, nowUs)) {
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
      yield* tellPods(status.scaleUp);
      if (!this.#options.salvoScaleUp || status.scaleUp.result !== "ScaleUpSuccessful") break;
      this.#addBought(plan, round);
      left = this.#waiting.stillUnhelped(left, round.snapshot);
    } while (left.length > 0 && view.nowUs < untilUs);
    return false;
  }

  /** What was just bought stands in the snapshot, for the rest of the salvo. */
  #addBought({ scaleUps }: ScaleUpPlan, { snapshot, templates }: Round): void {
    for (const { group, currentSize, newSize } of scaleUps) {
      for (let index = currentSize; index < newSize; index++) {
        const { node, pods } = freshNode(templates.get(group.spec.id)!, `salvo-${index}`);
        snapshot.addNode(node, pods);
      }
    }
  }

  *#tellLimit(): Task<void> {
    const { maxNodesTotal } = this.#options;
    yield* tell("MaxNodesTotalReached", `Max total nodes in cluster reached: ${maxNodesTotal}`, "Warning");
  }

  #scaleUpInput(pods: readonly PodOfKind[], round: Round): Parameters<typeof planScaleUp>[0] {
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
    else yield* increaseSizes(scaleUps, status.scaleUp, this.state, this.cooldowns, nowUs);
    if (status.scaleUp.result === "ScaleUpSuccessful") status.scaleDown.result = "ScaleDownInCooldown";
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
    this.#probes = { ...this.#probes, candidatesUs: nowUs };
    this.#candidatesBefore = new Set(unneeded.map(({ metadata }) => metadata.name));
    if (forbidden || this.cooldowns.holds(nowUs)) {
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
        this.cooldowns.lastScaleDownFailUs = nowUs;
        return;
      }
      status.scaleDown.result = started.length > 0 ? "ScaleDownNodeDeleteStarted" : "ScaleDownNoNodeDeleted";
      if (started.length > 0) this.cooldowns.lastScaleDownDeleteUs = nowUs;
    }
    const names = this.#candidatesBefore;
    const mine = allNodes.filter(({ metadata }) => groups.ofNode(metadata.name) !== undefined);
    const needed = mine.filter(({ metadata }) => !names.has(metadata.name));
    const marked = mine.filter(({ metadata }) => names.has(metadata.name));
    if (this.#options.maxBulkSoftTaintCount > 0) yield* this.actuator.updateSoftTaints(marked, needed, view);
  }

  /** As the node is, without the pods that are thought to come to it. */
  #utilizationOf(node: Node, view: View): Utilization | undefined {
    const pods = podsOn(node.metadata.name, view, this.#options.expendablePodsPriorityCutoff);
    const utilization = utilizationOf(node, pods, this.#options, view.clock, view.nowUs);
    return typeof utilization === "string" ? undefined : utilization;
  }

  #candidates({ groups, allNodes, snapshot, nowUs }: Round, drain: DrainContext): Node[] {
    const mayShrink = allNodes.filter(({ metadata }) => {
      const group = groups.ofNode(metadata.name);
      return group !== undefined && group.target > group.min && !this.cooldowns.holdsGroup(group.spec.id, nowUs);
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
    yield* increaseSizes(infos, status.scaleUp, this.state, this.cooldowns, nowUs);
  }

  /** Until when nothing can come of a run as long as nothing changes. */
  #planSleep({ groups, nowUs }: Round): void {
    this.#sleepUntilUs = undefined;
    const busy =
      this.#waiting.count > 0 ||
      this.actuator.deleting.size > 0 ||
      [...groups].some((group) => this.state.upcoming(group, nowUs).count > 0);
    if (busy) {
      this.#sleepUntilUs = nowUs;
      return;
    }
    const deadlines = [this.planner.nextDeadlineUs(), this.state.nextDeadlineUs(), this.state.backoff.nextEndUs(nowUs)];
    if (this.#candidatesBefore.size > 0) {
      deadlines.push(...this.cooldowns.endsUs.filter((endUs) => endUs > nowUs));
    }
    for (const atUs of deadlines) {
      if (atUs === undefined) continue;
      if (this.#sleepUntilUs === undefined || atUs < this.#sleepUntilUs) this.#sleepUntilUs = atUs;
    }
  }
}
