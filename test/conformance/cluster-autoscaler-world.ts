import type { ApiReply, ApiRequest, ApiServer } from "../../src/apiserver/index.ts";
import { Store } from "../../src/apiserver/index.ts";
import type { NodeGroupSpec } from "../../src/autoscaler/index.ts";
import type { RunStatus } from "../../src/autoscaler/index.ts";
import type { StaticAutoscaler } from "../../src/autoscaler/cluster-autoscaler/static-autoscaler.ts";
import { type AutoscalingOptions, defaultOptions } from "../../src/autoscaler/cluster-autoscaler/options.ts";
import { type Effect, Process, type ProcessOptions, type Surroundings } from "../../src/client/index.ts";
import type { AutoscalerCall, CloudReply, InstanceListing } from "../../src/cloud/index.ts";
import {
  keyOf,
  type Kind,
  type KubeObject,
  matchesLabelSelector,
  type Node,
  type ObjectKey,
  objectKey,
  parseGoDuration,
  type Pod,
  type PodDisruptionBudget,
  WallClock,
} from "../../src/model/index.ts";
import { EventLoop, handler, phase } from "../../src/sim/index.ts";
import { World } from "../../src/world/index.ts";

/** 2000-01-01T00:00:00Z: `atMs` 0 of every recording. */
export const startEpochUs = 946_684_800_000_000;

export interface RecordedGroup {
  readonly id: string;
  readonly min: number;
  readonly max: number;
  readonly target: number;
  readonly template: Node;
  readonly pricePerHour?: number;
  readonly zeroOrMaxNodeScaling?: boolean;
  readonly boot?: {
    readonly registerMs?: number;
    readonly readyMs?: number;
    readonly deleteMs?: number;
    readonly fail?: "neverRegister" | "neverReady" | "outOfResources" | "increaseError";
    readonly failAfterMs?: number;
    readonly failUntilMs?: number;
  };
}

export interface RecordedInput {
  readonly nodeGroups: readonly RecordedGroup[];
  readonly nodes?: readonly Node[];
  readonly nodeGroupOfNode?: Readonly<Record<string, string>>;
  readonly instancesWithoutNode?: Readonly<Record<string, readonly string[]>>;
  readonly pods?: readonly Pod[];
  readonly daemonSets?: readonly KubeObject[];
  readonly replicaSets?: readonly KubeObject[];
  readonly podDisruptionBudgets?: readonly KubeObject[];
  readonly options?: Readonly<Record<string, unknown>>;
  readonly runAtMs: readonly number[] | { readonly firstMs: number; readonly everyMs: number; readonly count: number };
  readonly runDurationMs?: number;
  readonly endMs?: number;
}

/** An entry of `expect.log`: `env` did it to us, `ca` must come out. */
export interface LogEntry {
  readonly atMs: number;
  readonly who: "env" | "ca";
  readonly what: string;
  readonly [detail: string]: unknown;
}

/** The flags of a recording, under the names of our options. */
export function optionsOf(recorded: Readonly<Record<string, unknown>> = {}): AutoscalingOptions {
  // The harness records events before any correlator sees them.
  const options: Record<string, unknown> = { ...defaultOptions, recordDuplicatedEvents: true };
  for (const [name, value] of Object.entries(recorded)) {
    if (name === "expander") options["expanders"] = String(value).split(",");
    else if (name === "maxMemoryTotalGi" || name === "minMemoryTotalGi") {
      options[name.replace("Gi", "Bytes")] = Number(value) * 1_073_741_824;
    } else if (name === "maxGracefulTerminationSec") options["maxGracefulTerminationSeconds"] = value;
    else if (name === "fastpathBinpackingEnabled") options["fastpathBinpacking"] = value;
    else if (`${name}Us` in options) options[`${name}Us`] = parseGoDuration(String(value)) / 1000;
    else if (name in options) options[name] = value;
    else if (name in defaultOptions.drainability) {
      options["drainability"] = { ...(options["drainability"] as object), [name]: value };
    } else if (name !== "parallelScaleUp") throw new Error(`unknown option ${name}`);
  }
  return options as unknown as AutoscalingOptions;
}

interface Group {
  readonly recorded: RecordedGroup;
  target: number;
  created: number;
  readonly instances: Map<string, InstanceListing>;
}

const stopUs = 1_750_000;

export interface WorldOptions {
  /** Nodes boot and pods stop by themselves, as the recording has no entries for them. */
  readonly lives?: boolean;
  /**
   * Evictions spend and respect disruption budgets. What chance decided upstream is taken from this log: which of several
   * pods gets the last unit of a budget, which of equal groups is raised first.
   */
  readonly chances?: readonly LogEntry[];
  readonly recording?: readonly LogEntry[];
  readonly watchUs: number;
}

type RecordedEvent = Extract<Effect, { do: "event" }>;

/** Its events are told as they are made: the recordings stand before client-go's correlator. */
class RecordedProcess extends Process {
  readonly #onEvent: (event: RecordedEvent) => void;

  constructor(surroundings: Surroundings, options: ProcessOptions, onEvent: (event: RecordedEvent) => void) {
    super(surroundings, options);
    this.#onEvent = onEvent;
  }

  override recorder(): ReturnType<Process["recorder"]> {
    return { record: this.#onEvent } as ReturnType<Process["recorder"]>;
  }
}

/** The world of a recording: an API server without admission, a provider that obeys, and what the environment did. */
export class RecordedWorld {
  readonly loop = new EventLoop();
  readonly clock = new WallClock(startEpochUs);
  readonly store: Store;
  readonly process: Process;
  readonly groups: readonly NodeGroupSpec[];
  readonly log: LogEntry[] = [];
  readonly #groups = new Map<string, Group>();
  readonly #lives: boolean;
  readonly #chances: readonly LogEntry[] | undefined;
  readonly #recording: readonly LogEntry[];
  readonly #later = handler<() => void>("world/later", (act) => act());

  constructor(input: RecordedInput, { lives = false, chances, recording = [], watchUs }: WorldOptions) {
    this.#lives = lives;
    this.#chances = chances;
    this.#recording = recording;
    this.store = new Store(this.loop, this.clock);
    const api = {
      store: this.store,
      handle: (request: ApiRequest) => this.#handle(request),
    } as unknown as ApiServer;
    const world = new World(() => this.loop.nowUs);
    this.process = new RecordedProcess(
      { loop: this.loop, api, world, clock: this.clock },
      {
        name: "cluster-autoscaler",
        limits: () => ({ perSecond: 0, burst: 0 }),
        requestUs: 0,
        watchUs,
        provider: (call, reply) => reply(this.#provide(call as AutoscalerCall)),
      },
      ({ about, type, reason, message }) => {
        this.#logs("event", { object: `${about.kind} ${keyOf(about)}`, reason, type, message });
      },
    );
    this.groups = input.nodeGroups.map(({ id, template, pricePerHour, zeroOrMaxNodeScaling }) => ({
      id,
      template: completed("Node", template) as Node,
      pricePerHour,
      zeroOrMax: zeroOrMaxNodeScaling,
    }));
    for (const recorded of input.nodeGroups) {
      this.#groups.set(recorded.id, { recorded, target: recorded.target, created: 0, instances: new Map() });
    }
    for (const [node, group] of Object.entries(input.nodeGroupOfNode ?? {})) this.#addInstance(group, node);
    for (const [group, names] of Object.entries(input.instancesWithoutNode ?? {})) {
      for (const name of names) this.#addInstance(group, name);
    }
    this.#create("Namespace", { metadata: { name: "default" } } as KubeObject);
    this.#create("Namespace", { metadata: { name: "kube-system" } } as KubeObject);
    for (const node of input.nodes ?? []) this.#create("Node", node);
    for (const pod of input.pods ?? []) this.#create("Pod", pod);
    for (const object of input.daemonSets ?? []) this.#create("DaemonSet", object);
    for (const object of input.replicaSets ?? []) this.#create("ReplicaSet", object);
    for (const object of input.podDisruptionBudgets ?? []) this.#create("PodDisruptionBudget", object);
  }

  at(atUs: number, act: () => void): void {
    this.loop.schedule(atUs, phase.world, this.#later, act);
  }

  /** After everything that the autoscaler does at that instant, as in the recordings. */
  after(atUs: number, act: () => void): void {
    this.loop.schedule(atUs, phase.observe, this.#later, act);
  }

  run(untilMs: number): void {
    while (this.loop.step(100_000, untilMs * 1000) === "more");
  }

  get targets(): Record<string, number> {
    return Object.fromEntries([...this.#groups].map(([id, { target }]) => [id, target]));
  }

  /** What the environment did, done again at its time. */
  replay(entry: LogEntry): void {
    const text = (name: string): string => entry[name] as string;
    switch (entry.what) {
      case "podCreated":
        this.#create("Pod", entry["pod"] as Pod);
        return;
      case "podDeleted":
        this.#remove("Pod", text("pod") as ObjectKey);
        return;
      case "podBound":
        this.#change<Pod>("Pod", text("pod"), (pod) => ({
          ...pod,
          spec: { ...pod.spec, nodeName: text("node") },
          status: { ...pod.status, phase: "Running", conditions: [this.#scheduled("True")] },
        }));
        return;
      case "podUnschedulable":
        this.#change<Pod>("Pod", text("pod"), (pod) => ({
          ...pod,
          status: { ...pod.status, conditions: [{ ...this.#scheduled("False"), reason: "Unschedulable" }] },
        }));
        return;
      case "nodeRegistered":
        this.#register(text("node"));
        return;
      case "nodeReady":
        this.#setReady(text("node"), true);
        return;
      case "nodeNotReady":
        this.#setReady(text("node"), false);
        return;
      case "nodeGone":
        this.#vanish(text("node"));
        return;
      case "instanceError": {
        const group = this.#groupOf(text("instance"))!;
        const error = { class: text("errorClass"), code: text("errorCode"), message: text("errorMessage") };
        const instance = { name: text("instance"), state: "creating", error } as InstanceListing;
        group.instances.set(instance.name, instance);
        return;
      }
      case "instanceGone":
        this.#groupOf(text("instance"))?.instances.delete(text("instance"));
        return;
      case "pdbStatus":
        this.#change<PodDisruptionBudget>("PodDisruptionBudget", inNamespace(text("pdb")), (budget) => ({
          ...budget,
          status: { ...budget.status, disruptionsAllowed: entry["disruptionsAllowed"] as number },
        }));
        return;
      default:
        throw new Error(`unknown entry ${entry.what}`);
    }
  }

  #scheduled(status: string): { type: string; status: string; lastTransitionTime: string } {
    return { type: "PodScheduled", status, lastTransitionTime: this.clock.time(this.loop.nowUs) };
  }

  #addInstance(group: string, name: string): void {
    this.#groups.get(group)!.instances.set(name, { name, state: "running" });
  }

  #groupOf(instance: string): Group | undefined {
    return [...this.#groups.values()].find(({ instances }) => instances.has(instance));
  }

  #logs(what: string, details: object): void {
    this.log.push({ atMs: this.loop.nowUs / 1000, who: "ca", what, ...details });
  }

  #create(kind: Kind, object: KubeObject): void {
    const created = completed(kind, object);
    const uid = created.metadata.uid ?? keyOf(created);
    const creationTimestamp = created.metadata.creationTimestamp ?? "1999-12-31T22:00:00Z";
    this.store.create({ ...created, metadata: { ...created.metadata, uid, creationTimestamp } } as KubeObject);
  }

  #remove(kind: Kind, key: ObjectKey): void {
    const stored = this.store.get(kind, key);
    if (stored !== undefined) this.store.remove(stored);
  }

  #change<T extends KubeObject>(kind: Kind, key: string, edit: (stored: T) => T): void {
    const stored = this.store.get(kind, key as ObjectKey) as T | undefined;
    if (stored !== undefined) this.store.replace<KubeObject>(stored, edit(stored));
  }

  #register(name: string): void {
    const { recorded } = this.#groupOf(name)!;
    const { template } = recorded;
    const time = this.clock.time(this.loop.nowUs);
    this.#create("Node", {
      ...template,
      metadata: {
        ...template.metadata,
        name,
        creationTimestamp: time,
        labels: { ...template.metadata.labels, "kubernetes.io/hostname": name },
      },
      spec: {
        ...template.spec,
        providerID: name,
        taints: [...(template.spec?.taints ?? []), { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }],
      },
      status: { ...template.status, conditions: [{ type: "Ready", status: "False", lastTransitionTime: time }] },
    } as Node);
    this.#addInstance(recorded.id, name);
  }

  #setReady(name: string, ready: boolean): void {
    const lastTransitionTime = this.clock.time(this.loop.nowUs);
    this.#change<Node>("Node", name, (node) => {
      const taints = (node.spec.taints ?? []).filter(({ key }) => key !== "node.kubernetes.io/not-ready");
      return {
        ...node,
        spec: { ...node.spec, taints },
        status: { ...node.status, conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime }] },
      };
    });
  }

  #vanish(name: string): void {
    this.#remove("Node", objectKey(undefined, name));
    for (const pod of [...this.store.list("Pod")]) if (pod.spec.nodeName === name) this.store.remove(pod);
    this.#groupOf(name)?.instances.delete(name);
  }

  #provide(call: AutoscalerCall): CloudReply {
    if (call.operation === "refresh") {
      const groups = [...this.#groups.values()].map(({ recorded, target, instances }) => ({
        name: recorded.id,
        min: recorded.min,
        max: recorded.max,
        target,
        instances: [...instances.values()],
      }));
      return { ok: true, groups };
    }
    const group = this.#groups.get(call.group)!;
    switch (call.operation) {
      case "increaseSize":
        if (this.#failure(group) === "increaseError") return { ok: false, error: this.#recordedRefusalOf(call.group) };
        this.#logs("increaseSize", { nodeGroup: call.group, delta: call.delta });
        group.target += call.delta;
        for (let count = 0; count < call.delta; count++) this.#boot(group);
        return { ok: true };
      case "decreaseTargetSize":
        if (group.target - call.delta < group.instances.size) {
          return { ok: false, error: "attempt to delete existing nodes" };
        }
        this.#logs("decreaseTargetSize", { nodeGroup: call.group, delta: -call.delta });
        group.target -= call.delta;
        return { ok: true };
      case "deleteNodes":
        for (const name of call.nodes) {
          this.#logs("deleteNodes", { nodeGroup: call.group, nodes: [name] });
          group.target -= 1;
          group.instances.set(name, { ...group.instances.get(name)!, name, state: "deleting" });
          if (!this.#lives) continue;
          this.at(this.loop.nowUs + (group.recorded.boot?.deleteMs ?? 2250) * 1000, () => this.#vanish(name));
        }
        return { ok: true };
    }
  }

  /** Of groups that are equal, the one that was raised next in the recording. */
  recordedChoice(groups: readonly string[]): number {
    const raised = this.log.filter(({ what }) => what === "increaseSize").length;
    const next = (this.#chances ?? []).filter(({ what }) => what === "increaseSize")[raised];
    return Math.max(0, groups.indexOf(String(next?.["nodeGroup"])));
  }

  /** What became of this eviction upstream, if it was made at this instant there too. */
  #recordedRefusal(pod: ObjectKey): boolean | undefined {
    const atMs = this.loop.nowUs / 1000;
    const found = this.#chances!.find((entry) => entry.what === "evict" && entry.atMs === atMs && entry["pod"] === pod);
    return found === undefined ? undefined : found["error"] !== undefined;
  }

  #failure({ recorded: { boot } }: Group): string | undefined {
    const until = boot?.failUntilMs;
    return until === undefined || this.loop.nowUs < until * 1000 ? boot?.fail : undefined;
  }

  /** What the provider said: its words stand in the event about them. */
  #recordedRefusalOf(group: string): string {
    const atMs = this.loop.nowUs / 1000;
    const prefix = `Scale-up failed for group ${group}: `;
    for (const entry of this.#recording) {
      const message = String(entry["message"]);
      if (entry.atMs === atMs && message.startsWith(prefix)) return message.slice(prefix.length);
    }
    return "the provider refuses";
  }

  #boot(group: Group): void {
    group.created += 1;
    const name = `${group.recorded.id}-n${String(group.created).padStart(3, "0")}`;
    group.instances.set(name, { name, state: "creating" });
    const { boot } = group.recorded;
    if (!this.#lives || boot === undefined) return;
    const { nowUs } = this.loop;
    const failure = this.#failure(group);
    if (failure === "outOfResources") {
      const error = { class: "OutOfResource", code: "InsufficientInstanceCapacity", message: "no capacity" } as const;
      this.at(nowUs + (boot.failAfterMs ?? 0) * 1000, () => {
        group.instances.set(name, { name, state: "creating", error });
      });
      return;
    }
    if (failure === "neverRegister") return;
    if (boot.registerMs !== undefined) this.at(nowUs + boot.registerMs * 1000, () => this.#register(name));
    if (failure === "neverReady") return;
    if (boot.readyMs !== undefined) this.at(nowUs + boot.readyMs * 1000, () => this.#setReady(name, true));
  }

  #handle(request: ApiRequest): ApiReply {
    const missing = (message: string): ApiReply => ({
      ok: false,
      error: { code: 404, reason: "NotFound", message },
    });
    switch (request.verb) {
      case "get": {
        const object = this.store.get(request.kind, request.key);
        return object === undefined ? missing(`"${request.key}" not found`) : { ok: true, object };
      }
      case "update":
        return this.#update(request.next as Node);
      case "evict":
        return this.#evict(request.key, request.options?.gracePeriodSeconds ?? 30);
      default:
        throw new Error(`unexpected ${request.verb}`);
    }
  }

  #update(next: Node): ApiReply {
    const stored = this.store.get("Node", keyOf(next));
    if (stored === undefined) {
      return { ok: false, error: { code: 404, reason: "NotFound", message: `nodes "${next.metadata.name}" not found` } };
    }
    if (stored.metadata.resourceVersion !== next.metadata.resourceVersion) {
      return { ok: false, error: { code: 409, reason: "Conflict", message: "the object has been modified" } };
    }
    const node = next.metadata.name;
    const [before, after] = [stored.spec.taints ?? [], next.spec.taints ?? []];
    for (const { key, effect } of after) {
      if (!before.some((taint) => taint.key === key)) this.#logs("taintAdded", { node, key, effect });
    }
    for (const { key } of before) if (!after.some((taint) => taint.key === key)) this.#logs("taintRemoved", { node, key });
    const [was, is] = [stored.spec.unschedulable === true, next.spec.unschedulable === true];
    if (was !== is) this.#logs(is ? "cordon" : "uncordon", { node });
    return { ok: true, object: this.store.replace(stored, next) };
  }

  #evict(key: ObjectKey, gracePeriodSeconds: number): ApiReply {
    const pod = this.store.get("Pod", key);
    if (pod === undefined) return { ok: false, error: { code: 404, reason: "NotFound", message: `pods "${key}" not found` } };
    for (const budget of this.#chances !== undefined ? [...this.store.list("PodDisruptionBudget")] : []) {
      if (budget.metadata.namespace !== pod.metadata.namespace) continue;
      if (!matchesLabelSelector(budget.spec.selector, pod.metadata.labels ?? {})) continue;
      const allowed = budget.status?.disruptionsAllowed ?? 0;
      if (this.#recordedRefusal(key) ?? allowed < 1) {
        const message = "Cannot evict pod as it would violate the pod's disruption budget.";
        this.#logs("evict", { pod: key, gracePeriodSeconds, error: 429 });
        return { ok: false, error: { code: 429, reason: "TooManyRequests", message } };
      }
      this.store.replace(budget, { ...budget, status: { ...budget.status, disruptionsAllowed: allowed - 1 } });
    }
    this.#logs("evict", { pod: key, gracePeriodSeconds });
    const { nowUs } = this.loop;
    if (this.#lives) this.at(nowUs + Math.min(stopUs, gracePeriodSeconds * 1_000_000), () => this.#remove("Pod", key));
    const deletionTimestamp = this.clock.time(nowUs + gracePeriodSeconds * 1_000_000);
    const metadata = { ...pod.metadata, deletionTimestamp, deletionGracePeriodSeconds: gracePeriodSeconds };
    return { ok: true, object: this.store.replace<KubeObject>(pod, { ...pod, metadata } as Pod) };
  }
}

/** Some recordings name a budget without its namespace. */
function inNamespace(name: string): string {
  return name.includes("/") ? name : `default/${name}`;
}

/** Recordings leave out what is empty. */
export function completed<T extends KubeObject>(kind: string, object: T): T {
  const { spec = {}, status = {} } = object as { spec?: unknown; status?: unknown };
  return { ...object, kind, spec, status };
}

/** What a run came to, as recordings say it. */
export function describeRun(status: RunStatus, { planner }: StaticAutoscaler): Record<string, unknown> {
  const { scaleUp, scaleDown } = status;
  const names = (pods: readonly Pod[]): readonly string[] | undefined => nonEmpty(pods.map(keyOf).map(String).sort());
  const lists = (map: ReadonlyMap<string, readonly string[]>): unknown =>
    map.size === 0 ? undefined : Object.fromEntries(map);
  return plain({
    scaleUp: {
      result: scaleUp.result,
      scaleUps: nonEmpty(scaleUp.scaleUps.map(({ group, ...sizes }) => ({ nodeGroup: group, ...sizes }))),
      podsTriggeredScaleUp: names(scaleUp.helped),
      podsAwaitEvaluation: names(scaleUp.awaiting),
      podsRemainUnschedulable: nonEmpty(
        scaleUp.unhelped
          .map(({ pod, rejected, skipped }) => ({ pod: keyOf(pod) as string, rejected: lists(rejected), skipped: lists(skipped) }))
          .sort((a, b) => (a.pod < b.pod ? -1 : 1)),
      ),
    },
    scaleDown: {
      result: scaleDown.result,
      unneeded: nonEmpty(planner.unneeded.map(({ metadata }) => metadata.name).sort()),
      unremovable: nonEmpty(
        planner.unremovable
          .map(({ node, reason, blockingPod, blockingReason }) => ({
            node,
            reason,
            utilization: rounded(planner.utilizationOf(node)?.utilization),
            resource: planner.utilizationOf(node)?.resource,
            blockingPod: blockingPod && keyOf(blockingPod),
            blockingReason,
          }))
          .sort((a, b) => (a.node < b.node ? -1 : 1)),
      ),
      scaledDown: nonEmpty(
        scaleDown.scaledDown.map(({ node, utilization, evictedPods }) => ({
          node,
          utilization: rounded(utilization?.utilization),
          evictedPods: names(evictedPods),
        })),
      ),
    },
  });
}

/** Utilizations are compared to 1e-9. */
export function rounded(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.round(value * 1e9) / 1e9;
}

function nonEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

function plain(value: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
}
