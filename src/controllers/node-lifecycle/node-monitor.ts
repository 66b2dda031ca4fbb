import type { LeaseTable } from "../../apiserver/index.ts";
import { type Change, callApi, type PeriodicLoop, recordEvent, type Task, type View } from "../../client/index.ts";
import { isPodReady, keyOf, type Node, objectKey, type Pod, withCondition } from "../../model/index.ts";
import { nextTickAt, type Ticker } from "../../sim/index.ts";
import { patchPod } from "../pod-control.ts";
import { evictionTaintFor, readyStatus, withEvictionTaint } from "./node-taints.ts";
import { type EvictionRates, evictionRate, type ZoneState, zoneState } from "./zone-state.ts";

const client = "node-lifecycle-controller";
/** From a lease's renewal to the controller's cache. */
const leaseWatchUs = 5_000;

export interface NodeMonitorFlags {
  readonly periodUs: number;
  readonly gracePeriodUs: number;
  readonly startupGracePeriodUs: number;
  readonly unhealthyZoneThreshold: number;
  readonly rates: EvictionRates;
}

interface Zone {
  readonly nodes: Map<string, boolean>;
  state: ZoneState;
  /** Nodes that wait for their NoExecute taint, in order. */
  readonly queue: Set<string>;
  draining: boolean;
  lastTaintUs: number;
}

interface Memory {
  readonly zones: Map<string, Zone>;
  readonly zoneOf: Map<string, string>;
  /** Nodes to look at in the next pass: not ready, without a beating lease, or new. */
  readonly suspects: Set<string>;
  readonly bornUs: Map<string, number>;
  readonly announced: Set<string>;
  readonly removed: Map<string, Node>;
  /** Silent nodes whose pods have been marked not ready. */
  readonly marked: Set<string>;
  /** Nobody is silent for longer than this process has looked. */
  firstPassUs: number | undefined;
}

/** node-lifecycle-controller's monitor: every 5 s, over the nodes about which there is something to find out. */
export function nodeMonitor(leases: LeaseTable, flags: NodeMonitorFlags): PeriodicLoop<Memory> {
  const ticker: Ticker = { phaseUs: 0, periodUs: flags.periodUs };
  return {
    name: client,
    ticker,
    watches: [{ kind: "Node", matters: note }],
    memory: () => ({
      zones: new Map(),
      zoneOf: new Map(),
      suspects: new Set(),
      bornUs: new Map(),
      announced: new Set(),
      removed: new Map(),
      marked: new Set(),
      firstPassUs: undefined,
    }),
    tick: (view, memory) => pass(view, memory, leases, flags, ticker),
  };
}

/** Keeps the tallies of zones; what a pass must look at becomes a suspect. */
function note({ before, after }: Change<Node>, memory: Memory): boolean {
  const node = (after ?? before)!;
  const { name } = node.metadata;
  if (after === undefined) {
    leaveZone(name, memory);
    memory.suspects.delete(name);
    memory.marked.delete(name);
    memory.removed.set(name, node);
    return true;
  }
  const zone = zoneOf(after);
  if (memory.zoneOf.get(name) !== zone) leaveZone(name, memory);
  memory.zoneOf.set(name, zone);
  zoneNamed(zone, memory).nodes.set(name, readyStatus(after) === "True");
  if (readyStatus(after) === "True") memory.marked.delete(name);
  if (before !== undefined && readyStatus(before) === readyStatus(after)) return false;
  memory.suspects.add(name);
  return true;
}

function zoneOf({ metadata }: Node): string {
  const { "topology.kubernetes.io/region": region = "", "topology.kubernetes.io/zone": zone = "" } =
    metadata.labels ?? {};
  return region === "" && zone === "" ? "" : `${region}:\0:${zone}`;
}

function zoneNamed(name: string, { zones }: Memory): Zone {
  let zone = zones.get(name);
  if (zone === undefined) {
    zone = {
      nodes: new Map(),
      state: "Normal",
      queue: new Set(),
      draining: false,
      lastTaintUs: Number.NEGATIVE_INFINITY,
    };
    zones.set(name, zone);
  }
  return zone;
}

function leaveZone(name: string, memory: Memory): void {
  const zone = memory.zones.get(memory.zoneOf.get(name) ?? "");
  zone?.nodes.delete(name);
  zone?.queue.delete(name);
  memory.zoneOf.delete(name);
}

function* pass(
  view: View,
  memory: Memory,
  leases: LeaseTable,
  flags: NodeMonitorFlags,
  ticker: Ticker,
): Task<number | "asleep"> {
  let wakeUs = Number.POSITIVE_INFINITY;
  memory.firstPassUs ??= view.nowUs;
  yield* announce(view, memory);
  for (const name of [...memory.suspects]) {
    let node = view.get("Node", objectKey(undefined, name));
    if (node === undefined) {
      memory.suspects.delete(name);
      continue;
    }
    const deadlineUs = deadlineOf(node, leases, flags, ticker, view, memory);
    // Not "<": upstream's passes drift by milliseconds, so that the tenth after the last renewal is always late enough.
    if (deadlineUs <= view.nowUs) {
      if (readyStatus(node) !== "Unknown") {
        node = yield* becomeUnknown(node, view, memory);
        // This pass already judges by what it has just found out, whatever the cache says.
        zoneNamed(memory.zoneOf.get(name) ?? "", memory).nodes.set(name, readyStatus(node) === "True");
      }
    } else if (deadlineUs !== Number.POSITIVE_INFINITY) {
      wakeUs = Math.min(wakeUs, nextTickAt(ticker, deadlineUs));
    }
    if (readyStatus(node) === "True" && deadlineUs === Number.POSITIVE_INFINITY) memory.suspects.delete(name);
    const refused = deadlineUs <= view.nowUs && readyStatus(node) !== "Unknown";
    const marked = readyStatus(node) !== "Unknown" || (yield* markPodsNotReady(node, view, memory));
    const tainted = yield* evictionTaints(node, view, memory);
    if (refused || !marked || !tainted) {
      memory.suspects.add(name);
      wakeUs = view.nowUs; // The next pass tries again.
    }
  }
  updateZones(memory, flags);
  yield* startDraining(view, memory, flags);
  const queued = [...memory.zones.values()].some(({ queue, draining }) => queue.size > 0 && !draining);
  if (queued) wakeUs = Math.min(wakeUs, view.nowUs + 1);
  return wakeUs === Number.POSITIVE_INFINITY ? "asleep" : wakeUs;
}

/** `RegisteredNode` and `RemovingNode` come at the pass after the fact. */
function* announce(view: View, memory: Memory): Task<void> {
  for (const name of memory.suspects) {
    const node = memory.announced.has(name) ? undefined : view.get("Node", objectKey(undefined, name));
    if (node === undefined) continue;
    memory.announced.add(name);
    memory.bornUs.set(name, view.nowUs);
    const message = `Node ${name} event: Registered Node ${name} in Controller`;
    yield* recordEvent("node-controller", node, "Normal", "RegisteredNode", message);
  }
  for (const [name, node] of memory.removed) {
    memory.announced.delete(name);
    memory.bornUs.delete(name);
    const message = `Node ${name} event: Removing Node ${name} from Controller`;
    yield* recordEvent("node-controller", node, "Normal", "RemovingNode", message);
  }
  memory.removed.clear();
}

/** From this instant on the node counts as silent: the pass that noticed its last renewal, plus the grace period. */
function deadlineOf(
  node: Node,
  leases: LeaseTable,
  flags: NodeMonitorFlags,
  ticker: Ticker,
  view: View,
  { bornUs, firstPassUs = view.nowUs }: Memory,
): number {
  const { name } = node.metadata;
  if (leases.beating(name)) return Number.POSITIVE_INFINITY;
  const renewedUs = leases.lastRenewalUs(name, view.nowUs);
  const neverReported = !node.status.conditions?.some(({ type }) => type === "Ready");
  if (renewedUs === undefined || neverReported) return (bornUs.get(name) ?? view.nowUs) + flags.startupGracePeriodUs;
  return Math.max(nextTickAt(ticker, renewedUs + leaseWatchUs), firstPassUs) + flags.gracePeriodUs;
}

const monitored = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/** The node as it stands then. */
function* becomeUnknown(node: Node, view: View, { marked }: Memory): Task<Node> {
  const time = view.clock.time(view.nowUs);
  const wasReady = readyStatus(node) === "True";
  const change = (stored: Node): Node => {
    let conditions = stored.status.conditions ?? [];
    for (const type of monitored) {
      const known = conditions.find((condition) => condition.type === type);
      const reported = known !== undefined;
      const reason = reported ? "NodeStatusUnknown" : "NodeStatusNeverUpdated";
      const message = reported ? "Kubelet stopped posting node status." : "Kubelet never posted node status.";
      const lastHeartbeatTime = known?.lastHeartbeatTime;
      conditions = withCondition(conditions, {
        type,
        status: "Unknown",
        reason,
        message,
        lastTransitionTime: time,
        ...(lastHeartbeatTime && { lastHeartbeatTime }),
      });
    }
    return { ...stored, status: { ...stored.status, conditions } };
  };
  const reply = yield* callApi(client, { verb: "patch", kind: "Node", key: keyOf(node), part: "status", change });
  if (!reply.ok) return node;
  const { name } = node.metadata;
  if (wasReady)
    yield* recordEvent("node-controller", node, "Normal", "NodeNotReady", `Node ${name} status is now: NodeNotReady`);
  else marked.add(name); // Only who was ready has pods that are.
  return reply.object as Node;
}

/** Once for a node that has fallen silent, by whichever life of this process. Whether nothing is left to do. */
function* markPodsNotReady({ metadata: { name } }: Node, view: View, { marked }: Memory): Task<boolean> {
  if (marked.has(name)) return true;
  const time = view.clock.time(view.nowUs);
  let all = true;
  for (const pod of [...view.onNode(name)]) if (!(yield* markNotReady(pod, time))) all = false;
  if (all) marked.add(name);
  return all;
}

function* markNotReady(pod: Pod, time: string): Task<boolean> {
  if (!isPodReady(pod)) return true;
  const reply = yield* patchPod(client, pod, "status", (stored) => {
    const ready = stored.status.conditions?.find(({ type }) => type === "Ready");
    if (ready === undefined || ready.status === "False") return stored;
    const conditions = withCondition(stored.status.conditions, { ...ready, status: "False", lastTransitionTime: time });
    return { ...stored, status: { ...stored.status, conditions } };
  });
  yield* recordEvent("node-controller", pod, "Warning", "NodeNotReady", "Node is not ready");
  return reply.ok || reply.error.code === 404 || reply.error.code === 409;
}

/** Queues a node for its NoExecute taint, or takes the taint away from one that is well again; `false` when that failed. */
function* evictionTaints(node: Node, view: View, memory: Memory): Task<boolean> {
  const { name } = node.metadata;
  const zone = zoneNamed(memory.zoneOf.get(name) ?? "", memory);
  const wanted = evictionTaintFor(node);
  const time = view.clock.time(view.nowUs);
  if (withEvictionTaint(node, wanted, time) === (node.spec.taints ?? [])) return true;
  if (wanted !== undefined) {
    zone.queue.add(name);
    return true;
  }
  zone.queue.delete(name);
  return yield* setEvictionTaint(node, time);
}

function* setEvictionTaint(node: Node, time: string): Task<boolean> {
  const change = (stored: Node): Node => {
    const taints = withEvictionTaint(stored, evictionTaintFor(stored), time);
    return taints === stored.spec.taints ? stored : { ...stored, spec: { ...stored.spec, taints } };
  };
  const reply = yield* callApi(client, { verb: "patch", kind: "Node", key: keyOf(node), part: "main", change });
  return reply.ok || reply.error.code === 404;
}

function updateZones({ zones }: Memory, { unhealthyZoneThreshold }: NodeMonitorFlags): void {
  for (const zone of zones.values()) {
    let notReady = 0;
    for (const ready of zone.nodes.values()) if (!ready) notReady += 1;
    zone.state = zoneState(zone.nodes.size - notReady, notReady, unhealthyZoneThreshold);
  }
  // All zones dark: the one cut off is probably the manager itself, so nobody is evicted.
  const occupied = [...zones.values()].filter(({ nodes }) => nodes.size > 0);
  if (occupied.every(({ state }) => state === "FullDisruption")) for (const { queue } of occupied) queue.clear();
}

function* startDraining(view: View, memory: Memory, flags: NodeMonitorFlags): Task<void> {
  for (const zone of memory.zones.values()) {
    if (zone.queue.size === 0 || zone.draining) continue;
    zone.draining = true;
    yield { do: "spawn", task: drain(zone, view, flags) };
  }
}

/** Taints one queued node after another at the zone's rate; the tainter's own loop turns every 100 ms. */
function* drain(zone: Zone, view: View, flags: NodeMonitorFlags): Task<void> {
  yield { do: "wait", untilUs: view.nowUs + 100_000 };
  while (zone.queue.size > 0) {
    const rate = evictionRate(zone.state, zone.nodes.size, flags.rates);
    if (rate === 0) break;
    yield { do: "wait", untilUs: zone.lastTaintUs + Math.ceil(1_000_000 / rate) };
    const name = zone.queue.values().next().value;
    if (name === undefined) break;
    zone.queue.delete(name);
    const node = view.get("Node", objectKey(undefined, name));
    if (node === undefined || evictionTaintFor(node) === undefined) continue;
    zone.lastTaintUs = view.nowUs;
    if (!(yield* setEvictionTaint(node, view.clock.time(view.nowUs)))) zone.queue.add(name);
  }
  zone.draining = false;
}
