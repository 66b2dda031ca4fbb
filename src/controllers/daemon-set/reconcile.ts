import type { ApiError } from "../../apiserver/index.ts";
import {
  all,
  type Change,
  type Controller,
  callApi,
  Expectations,
  inSlowStartBatches,
  type Outcome,
  OwnWrites,
  recordEvent,
  type Task,
  type View,
} from "../../client/index.ts";
import {
  controllerOf,
  type DaemonSet,
  type DaemonSetStatus,
  isPodReady,
  isPodTerminal,
  keyOf,
  matchesLabelSelector,
  type Node,
  type ObjectKey,
  objectKey,
  type Pod,
  sameContent,
} from "../../model/index.ts";
import { claimPods } from "../claim-dependents.ts";
import { createPod, deletePod } from "../pod-control.ts";
import { isPodAvailable } from "../replica-set/status.ts";
import { staleCache } from "../stale-cache.ts";
import { FailedPodBackoff } from "./failed-pod-backoff.ts";
import { byNode, daemonPod, Placement, type Verdict } from "./placement.ts";
import { historyOf, revisionLabel, truncateHistory } from "./revisions.ts";
import { rollingStep } from "./rolling-update.ts";

const client = "daemonset-controller";
/** BurstReplicas: creations and deletions in one sync at most. */
const burstReplicas = 250;

interface Memory {
  readonly expectations: Expectations;
  readonly own: OwnWrites;
  readonly failed: FailedPodBackoff;
}

/** daemonset-controller of kube-controller-manager v1.36. */
export const daemonSetController: Controller<Memory> = {
  name: client,
  workers: 2,
  memory: () => ({ expectations: new Expectations(), own: new OwnWrites(), failed: new FailedPodBackoff() }),
  watches: [
    { kind: "DaemonSet", keys: ({ key }: Change<DaemonSet>) => [key] },
    { kind: "Pod", keys: podKeys },
    { kind: "Node", keys: nodeKeys },
    { kind: "ControllerRevision", keys: () => [] },
  ],
  reconcile,
};

function podKeys({ before, after }: Change<Pod>, view: View, { expectations }: Memory): ObjectKey[] {
  const pod = (after ?? before)!;
  const { namespace } = pod.metadata;
  const owner = controllerOf(pod);
  if (owner !== undefined) {
    if (owner.kind !== "DaemonSet") return [];
    const key = objectKey(namespace, owner.name);
    if (before === undefined) expectations.created(key);
    if (after === undefined || after.metadata.deletionTimestamp !== undefined)
      expectations.deleted(key, pod.metadata.uid);
    return [key];
  }
  if (after === undefined || after.metadata.deletionTimestamp !== undefined) return [];
  const sets = [...view.inNamespace("DaemonSet", namespace ?? "")];
  return sets.filter(({ spec }) => matchesLabelSelector(spec.selector, pod.metadata.labels ?? {})).map(keyOf);
}

/** Sets whose verdict on the node is another one now. */
function nodeKeys({ before, after }: Change<Node>, view: View): ObjectKey[] {
  if (after === undefined) return [];
  const same =
    before !== undefined &&
    sameContent(before.metadata.labels, after.metadata.labels) &&
    sameContent(before.spec.taints, after.spec.taints);
  if (same) return [];
  const keys: ObjectKey[] = [];
  for (const set of view.list("DaemonSet")) {
    const placement = new Placement(set);
    const now = placement.verdict(after);
    const was = before && placement.verdict(before);
    if (was === undefined ? now.shouldRun : was.shouldRun !== now.shouldRun || was.mayStay !== now.mayStay)
      keys.push(keyOf(set));
  }
  return keys;
}

function* reconcile(key: ObjectKey, view: View, memory: Memory): Task<Outcome> {
  const set = view.get("DaemonSet", key);
  if (set === undefined) {
    memory.expectations.forget(key);
    memory.own.forget(key);
    return "done";
  }
  if (!memory.own.seen(key, view)) return { retry: staleCache };
  if (set.metadata.deletionTimestamp !== undefined) return "done";
  const history = yield* historyOf(set, view, memory.own);
  if ("error" in history) return { retry: history.error };
  const sync = new Sync(set, history.hash, view, memory);
  let error: ApiError | undefined;
  if (memory.expectations.satisfied(key, view.nowUs)) {
    error = yield* sync.manage();
    if (error === undefined && memory.expectations.satisfied(key, view.nowUs)) {
      if (set.spec.updateStrategy?.type === "RollingUpdate") error = yield* sync.roll();
      yield* truncateHistory(set, history.old, [...view.ownedBy("Pod", set.metadata.uid)]);
    }
  }
  const statusError = yield* sync.updateStatus();
  if (error !== undefined || statusError !== undefined) return { retry: (error ?? statusError)! };
  return sync.requeueInUs === Number.POSITIVE_INFINITY ? "done" : { requeueInUs: sync.requeueInUs };
}

/** One sync of one set: what it sees is fixed, what it does is written down as it goes. */
class Sync {
  readonly #set: DaemonSet;
  readonly #key: ObjectKey;
  readonly #hash: string;
  readonly #view: View;
  readonly #memory: Memory;
  readonly #verdicts = new Map<string, Verdict>();
  requeueInUs = Number.POSITIVE_INFINITY;

  constructor(set: DaemonSet, hash: string, view: View, memory: Memory) {
    this.#set = set;
    this.#key = keyOf(set);
    this.#hash = hash;
    this.#view = view;
    this.#memory = memory;
    const placement = new Placement(set);
    for (const node of view.list("Node")) this.#verdicts.set(node.metadata.name, placement.verdict(node));
  }

  /** Pods by node; those that have ended and are being deleted hold no place any more. */
  *#pods(withEnded = false): Task<Map<string, Pod[]>> {
    const pods = yield* claimPods(client, this.#set, this.#set.spec.selector, this.#view);
    const there = (pod: Pod): boolean => !isPodTerminal(pod) || pod.metadata.deletionTimestamp === undefined;
    return byNode(withEnded ? pods : pods.filter(there));
  }

  /** Pods where there should be some, and none where there should not. */
  *manage(): Task<ApiError | undefined> {
    const nodes = yield* this.#pods();
    const create: string[] = [];
    const remove: Pod[] = [];
    for (const [node, { shouldRun, mayStay }] of this.#verdicts) {
      const pods = nodes.get(node);
      if (pods === undefined) {
        if (shouldRun) create.push(node);
      } else if (mayStay) remove.push(...(yield* this.#surplus(node, pods)));
      else remove.push(...pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined));
    }
    // Pods that wait for a node which has gone: the scheduler will never place them.
    for (const [node, pods] of nodes) {
      if (this.#verdicts.has(node)) continue;
      remove.push(...pods.filter(({ spec, metadata }) => !spec.nodeName && metadata.deletionTimestamp === undefined));
    }
    return yield* this.#carryOut(remove, create);
  }

  /** Ended pods, each after its back-off, and all but one of those that run (two while surging). */
  *#surplus(node: string, pods: readonly Pod[]): Task<Pod[]> {
    const remove: Pod[] = [];
    const running: Pod[] = [];
    for (const pod of pods) {
      if (pod.metadata.deletionTimestamp !== undefined) continue;
      const { phase } = pod.status;
      const what = `on node ${node}, will try to`;
      if (phase === "Failed") {
        const waitUs = this.#memory.failed.next(`${this.#set.metadata.uid}/${node}`, this.#view.nowUs);
        if (waitUs > 0) {
          this.requeueInUs = Math.min(this.requeueInUs, waitUs);
          continue;
        }
        const message = `Found failed daemon pod ${keyOf(pod)} ${what} kill it`;
        yield* recordEvent(client, this.#set, "Warning", "FailedDaemonPod", message);
        remove.push(pod);
      } else if (phase === "Succeeded") {
        const message = `Found succeeded daemon pod ${keyOf(pod)} ${what} delete it`;
        yield* recordEvent(client, this.#set, "Normal", "SucceededDaemonPod", message);
        remove.push(pod);
      } else running.push(pod);
    }
    if (running.length <= 1) return remove;
    const surge = this.#set.spec.updateStrategy?.rollingUpdate?.maxSurge ?? 0;
    if (surge === 0 || surge === "0%") return [...remove, ...running.slice(1)];
    const isNew = ({ metadata }: Pod): boolean => metadata.labels?.[revisionLabel] === this.#hash;
    const newest = running.find(isNew);
    let oldest = running.find((pod) => !isNew(pod));
    if (newest !== undefined && oldest !== undefined && (!isPodReady(oldest) || this.#isAvailable(newest)))
      oldest = undefined;
    return [...remove, ...running.filter((pod) => pod !== newest && pod !== oldest)];
  }

  *roll(): Task<ApiError | undefined> {
    const desired = [...this.#verdicts.values()].filter(({ shouldRun }) => shouldRun).length;
    const nodes = yield* this.#pods();
    // Upstream goes in Go's random order of maps; ours takes nodes that exist before those that have gone.
    const order = [...this.#verdicts.keys(), ...nodes.keys()];
    const ordered = new Map(order.flatMap((node) => (nodes.has(node) ? [[node, nodes.get(node)!] as const] : [])));
    const { remove, create } = rollingStep(this.#set, ordered, this.#hash, desired, (pod) => this.#isAvailable(pod));
    return yield* this.#carryOut(remove, create);
  }

  #isAvailable(pod: Pod): boolean {
    return isPodAvailable(pod, this.#set.spec.minReadySeconds ?? 0, this.#view.clock, this.#view.nowUs);
  }

  /** Creations in slow-start batches, then deletions side by side (syncNodes). */
  *#carryOut(remove: readonly Pod[], create: readonly string[]): Task<ApiError | undefined> {
    const doomed = remove.slice(0, burstReplicas);
    const nodes = create.slice(0, burstReplicas);
    if (doomed.length + nodes.length === 0) return undefined;
    const { expectations } = this.#memory;
    expectations.expect(
      this.#key,
      nodes.length,
      doomed.map(({ metadata }) => metadata.uid),
      this.#view.nowUs,
    );
    let attempted = 0;
    const { error } = yield* inSlowStartBatches(nodes.length, (index) =>
      this.#create(nodes[index]!, () => attempted++),
    );
    for (let skipped = attempted; skipped < nodes.length; skipped += 1) expectations.created(this.#key);
    const errors = yield* all(doomed.map((pod) => this.#delete(pod)));
    return error ?? errors.find((found) => found !== undefined);
  }

  *#create(node: string, begun: () => void): Task<ApiError | undefined> {
    begun();
    const error = yield* createPod(client, this.#set, daemonPod(this.#set, this.#hash, node));
    if (error !== undefined) this.#memory.expectations.created(this.#key);
    return error;
  }

  *#delete(pod: Pod): Task<ApiError | undefined> {
    const error = yield* deletePod(client, this.#set, pod);
    if (error !== undefined) this.#memory.expectations.deleted(this.#key, pod.metadata.uid);
    return error;
  }

  *updateStatus(): Task<ApiError | undefined> {
    const nodes = yield* this.#pods(true);
    const status = this.#status(nodes);
    if (sameContent(this.#set.status, status)) return undefined;
    const next = { ...this.#set, status } as DaemonSet;
    const reply = yield* callApi(client, { verb: "update", next, part: "status" });
    if (!reply.ok) return reply.error;
    this.#memory.own.note(this.#key, reply.object);
    return undefined;
  }

  #status(nodes: ReadonlyMap<string, readonly Pod[]>): DaemonSetStatus {
    let [desired, current, misscheduled, ready, available, updated] = [0, 0, 0, 0, 0, 0];
    for (const [node, { shouldRun }] of this.#verdicts) {
      const pod = nodes.get(node)?.[0];
      if (!shouldRun) {
        if (pod !== undefined) misscheduled += 1;
        continue;
      }
      desired += 1;
      if (pod === undefined) continue;
      current += 1;
      if (isPodReady(pod)) ready += 1;
      if (this.#isAvailable(pod)) available += 1;
      if (pod.metadata.labels?.[revisionLabel] === this.#hash) updated += 1;
    }
    const { minReadySeconds = 0 } = this.#set.spec;
    if (minReadySeconds > 0 && ready !== available)
      this.requeueInUs = Math.min(this.requeueInUs, minReadySeconds * 1_000_000);
    const { collisionCount, conditions } = this.#set.status;
    return {
      currentNumberScheduled: current,
      numberMisscheduled: misscheduled,
      desiredNumberScheduled: desired,
      numberReady: ready,
      observedGeneration: this.#set.metadata.generation,
      ...(updated > 0 && { updatedNumberScheduled: updated }),
      ...(available > 0 && { numberAvailable: available }),
      ...(desired > available && { numberUnavailable: desired - available }),
      ...(collisionCount !== undefined && { collisionCount }),
      ...(conditions && { conditions }),
    };
  }
}
