import type { Task } from "../../client/index.ts";
import type { Pod } from "../../model/index.ts";
import type { DryRun } from "../cycle/preemption.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { ClusterEventWithHint } from "./cluster-event.ts";
import type { CycleState } from "./cycle-state.ts";
import type { Status } from "./status.ts";
import type { WaitingPods } from "./waiting-pods.ts";

/** The highest normalized score; the lowest is 0. */
export const maxNodeScore = 100;

/** A PreFilter's answer when it knows the only nodes that can pass; `undefined` stands for all nodes. */
export interface PreFilterResult {
  readonly nodeNames: ReadonlySet<string>;
}

/** Why each node was rejected, in a cycle that found none. Nodes not listed have `absent`. */
export interface NodeToStatus {
  readonly byNode: ReadonlyMap<string, Status>;
  /** How many nodes have which status, where that is known without asking node by node. */
  readonly counts?: readonly (readonly [Status, number])[];
  /** As `byNode` where it can be told without a list by name. */
  of?(node: NodeInfo): Status;
  /** Nodes whose status has the code, in the order of the snapshot. */
  withCode?(code: Status["code"]): readonly NodeInfo[];
  /** The status of all nodes that were not examined. */
  readonly absent: Status;
}

/** The status of one node. */
export function statusOf(statuses: NodeToStatus, node: NodeInfo): Status {
  return statuses.of?.(node) ?? statuses.byNode.get(node.name) ?? statuses.absent;
}

/** PostFilter's answer: the node to nominate, `""` to clear the nomination, `undefined` to keep it as it is. */
export interface PostFilterResult {
  readonly status: Status | undefined;
  readonly nominatedNodeName?: string;
  readonly victims?: readonly Pod[];
}

/** Called by the framework on behalf of a pod that found no node. */
export interface PostFilterContext {
  readonly state: CycleState;
  readonly pod: PodInfo;
  readonly statuses: NodeToStatus;
  /** Uniform in [0, 1): start offset and choice among equals in preemption. */
  readonly random: () => number;
  /** Remembers by slot what preemption's dry runs came to; valid as long as nothing changes. */
  readonly dryRuns?: DryRunMemory;
}

/** See `PostFilterContext`. */
export interface DryRunMemory {
  get(slot: number): DryRun | undefined;
  /** Whether it is known that removing pods does not help there. */
  failed(slot: number): boolean;
  set(slot: number, result: DryRun): void;
}

/**
 * The extension points of the scheduling framework under upstream's names; a plugin implements those it takes part in.
 * Success is `undefined` everywhere.
 */
export interface Plugin {
  readonly name: string;
  /** Keeps a pod out of the active queue while it answers with a status. */
  preEnqueue?(pod: PodInfo): Status | undefined;
  /** QueueSort: whether `left` is scheduled before `right`. */
  less?(left: QueuedPod, right: QueuedPod): boolean;
  preFilter?(state: CycleState, pod: PodInfo, snapshot: Snapshot): PreFilterResult | Status | undefined;
  /** PreFilterExtensions: `added` is (as if) on `node` from now on, in this cycle's eyes. */
  addPod?(state: CycleState, pod: PodInfo, added: PodInfo, node: NodeInfo): void;
  removePod?(state: CycleState, pod: PodInfo, removed: PodInfo, node: NodeInfo): void;
  filter?(state: CycleState, pod: PodInfo, node: NodeInfo): Status | undefined;
  postFilter?(context: PostFilterContext): PostFilterResult;
  preScore?(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): Status | undefined;
  score?(state: CycleState, pod: PodInfo, node: NodeInfo): number;
  /** NormalizeScore: changes `scores` (aligned with `nodes`) into 0..100, in place. */
  normalizeScore?(state: CycleState, pod: PodInfo, scores: number[], nodes: readonly NodeInfo[]): void;
  reserve?(state: CycleState, pod: PodInfo, nodeName: string): Status | undefined;
  unreserve?(state: CycleState, pod: PodInfo, nodeName: string): void;
  permit?(state: CycleState, pod: PodInfo, nodeName: string): Status | PermitWait | undefined;
  /** What must be done before the pod may be bound (requests, waiting), if anything. */
  preBind?(state: CycleState, pod: PodInfo, nodeName: string): Task<Status | undefined> | undefined;
  /** Gives the pod its node; `"skip"` leaves that to the next plugin. */
  bind?(state: CycleState, pod: PodInfo, nodeName: string): Task<Status | undefined> | "skip";
  postBind?(state: CycleState, pod: PodInfo, nodeName: string): void;
  /** Cluster events that may make a pod schedulable that this plugin rejected. None: every event may. */
  readonly events?: readonly ClusterEventWithHint[];
}

/** Parks the pod before binding, until `WaitingPod.allow` or for at most so long (15 minutes at most). */
export interface PermitWait {
  readonly timeoutUs: number;
}

/** What QueueSort compares. */
export interface QueuedPod {
  readonly pod: PodInfo;
  /** When the pod (last) entered the scheduling queue, microseconds. */
  readonly timestampUs: number;
}

/** What a framework has of the process it runs in. */
export interface FrameworkSurroundings {
  /** Pods that Permit plugins have parked. */
  readonly waitingPods: WaitingPods;
  readonly nowUs: () => number;
  /** Uniform in [0, 1): the scheduler's stream. */
  readonly random: () => number;
}

/** What a plugin may use of the scheduler around it. */
export interface PluginHandle extends FrameworkSurroundings {
  readonly snapshot: Snapshot;
  /** Runs the profile's filters, with nominated pods, on a node as changed by preemption's dry run. */
  runFiltersWithNominatedPods(state: CycleState, pod: PodInfo, node: NodeInfo): Status | undefined;
  runPreFilterAddPod(state: CycleState, pod: PodInfo, added: PodInfo, node: NodeInfo): void;
  runPreFilterRemovePod(state: CycleState, pod: PodInfo, removed: PodInfo, node: NodeInfo): void;
}

/** A plugin as it is registered: made once per profile with that profile's arguments. */
export interface PluginDefinition<Args = unknown> {
  readonly name: string;
  /**
   * Which of its answers depend on nothing but the arguments, the pod's spec and what is on that one node: they are asked once
   * for all equal pods until that node changes. Default: every node is asked about for every pod.
   */
  readonly looksAtOneNode?: "filter" | "filter and score";
  /** Refuses bad arguments by throwing `ConfigurationError`. */
  create(args: Args, handle: PluginHandle): Plugin;
}

/** Declares a plugin of one's own, to be enabled by name in a KubeSchedulerConfiguration. */
export function definePlugin<Args = unknown>(definition: PluginDefinition<Args>): PluginDefinition {
  return definition as PluginDefinition;
}
