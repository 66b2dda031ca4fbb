import type { Node, WallClock } from "../../model/index.ts";
import { Backoff } from "./backoff.ts";
import type { Instance, NodeGroup, NodeGroups } from "./node-groups.ts";
import type { AutoscalingOptions } from "./options.ts";
import { isNodeReady } from "./readiness.ts";

/** Names of a group's nodes by what is known of them. */
export interface Readiness {
  readonly ready: string[];
  readonly unready: string[];
  /** Registered, and young enough to be still on its way. */
  readonly notStarted: string[];
  /** There is no instance any more. */
  readonly deleted: string[];
  readonly registered: string[];
  readonly unregistered: string[];
  readonly longUnregistered: string[];
}

interface ScaleUpRequest {
  timeUs: number;
  expectedAddUs: number;
  increase: number;
}

interface IncorrectSize {
  readonly current: number;
  readonly expected: number;
  readonly sinceUs: number;
}

/** An event about the autoscaler as a whole, or a node whose instance could not be created. */
export interface Notice {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

const instancesRefreshUs = 120_000_000;

function emptyReadiness(): Readiness {
  return {
    ready: [],
    unready: [],
    notStarted: [],
    deleted: [],
    registered: [],
    unregistered: [],
    longUnregistered: [],
  };
}

/** What the autoscaler believes of its groups: who is ready, who is on the way, what failed (`ClusterStateRegistry`). */
export class ClusterState {
  readonly backoff: Backoff;
  readonly #options: AutoscalingOptions;
  readonly #clock: WallClock;
  readonly #startedUs: number;
  readonly #requests = new Map<string, ScaleUpRequest>();
  readonly #instances = new Map<string, { readonly list: readonly Instance[]; readonly atUs: number }>();
  #failedBefore = new Set<string>();
  #unregisteredSince = new Map<string, number>();
  #readiness = new Map<string, Readiness>();
  #total = emptyReadiness();
  #nodeCount = 0;
  #incorrect = new Map<string, IncorrectSize>();

  constructor(options: AutoscalingOptions, clock: WallClock, startedUs: number) {
    this.#options = options;
    this.#clock = clock;
    this.#startedUs = startedUs;
    this.backoff = new Backoff({
      initialUs: options.initialNodeGroupBackoffUs,
      maxUs: options.maxNodeGroupBackoffUs,
      resetUs: options.nodeGroupBackoffResetUs,
    });
  }

  /** Takes in nodes and groups as they are now; answers what there is to tell. */
  update(nodes: readonly Node[], groups: NodeGroups, nowUs: number): Notice[] {
    const notices: Notice[] = [];
    this.#nodeCount = nodes.length;
    this.#refreshInstances(groups, nowUs);
    this.#updateUnregistered(nodes, groups, nowUs);
    this.#updateReadiness(nodes, groups, nowUs);
    this.#updateRequests(groups, nowUs, notices);
    this.#noticeFailedInstances(groups, nowUs, notices);
    this.#updateIncorrectSizes(groups, nowUs);
    return notices;
  }

  registerScaleUp(group: string, delta: number, nowUs: number): void {
    const request = this.#requests.get(group);
    const expectedAddUs = nowUs + this.#options.maxNodeProvisionTimeUs;
    if (request === undefined) {
      if (delta > 0) this.#requests.set(group, { timeUs: nowUs, expectedAddUs, increase: delta });
      return;
    }
    if (request.increase + delta <= 0) {
      this.#requests.delete(group);
      return;
    }
    request.increase += delta;
    if (delta <= 0) return;
    request.timeUs = nowUs;
    request.expectedAddUs = expectedAddUs;
  }

  /** The autoscaler changed the group: what the provider listed before is old. */
  invalidate(group: string): void {
    this.#instances.delete(group);
  }

  isClusterHealthy(): boolean {
    const unready = this.#total.unready.length;
    const { okTotalUnreadyCount, maxTotalUnreadyPercentage } = this.#options;
    return !(unready > okTotalUnreadyCount && unready > (maxTotalUnreadyPercentage / 100) * this.#nodeCount);
  }

  isGroupHealthy(group: NodeGroup): boolean {
    const { id } = group.spec;
    const readiness = this.#readiness.get(id);
    const increase = this.#requests.get(id)?.increase ?? 0;
    const minNodes = group.target - (readiness?.longUnregistered.length ?? 0) - increase;
    if (readiness === undefined) return group.target === 0 || (minNodes === 0 && group.target > 0);
    const { ready, unready, notStarted } = readiness;
    const unjustified = Math.max(0, minNodes - ready.length);
    const { okTotalUnreadyCount, maxTotalUnreadyPercentage } = this.#options;
    const share = (maxTotalUnreadyPercentage / 100) * (ready.length + unready.length + notStarted.length);
    return !(unjustified > okTotalUnreadyCount && unjustified > share);
  }

  isSafeToScaleUp(group: NodeGroup, nowUs: number): boolean {
    return this.isGroupHealthy(group) && !this.backoff.isBackedOff(group.spec.id, nowUs);
  }

  isScalingUp(group: NodeGroup): boolean {
    return this.#requests.has(group.spec.id) && this.#awaitsNodes(group);
  }

  /** Nodes of the group that are asked for and not ready yet, and those of them that are registered. */
  upcoming(group: NodeGroup, nowUs: number): { readonly count: number; readonly registered: readonly string[] } {
    const none = { count: 0, registered: [] };
    const { id } = group.spec;
    if (!this.#requests.has(id) || this.backoff.isBackedOff(id, nowUs)) return none;
    const { ready, unready, longUnregistered, notStarted } = this.#readiness.get(id) ?? emptyReadiness();
    const count = group.target - (ready.length + unready.length + longUnregistered.length);
    return count <= 0 ? none : { count, registered: notStarted };
  }

  /** Of all nodes, whether or not they belong to a group. */
  get total(): Readiness {
    return this.#total;
  }

  readinessOf(group: string): Readiness | undefined {
    return this.#readiness.get(group);
  }

  /** Instances that should have become nodes long ago. */
  longUnregistered(group: string): readonly string[] {
    return this.#readiness.get(group)?.longUnregistered ?? [];
  }

  /** Instances that could not be created, as far as the provider was asked. */
  failedInstances(group: string): readonly string[] {
    return failed(this.#instances.get(group)?.list ?? []).map(({ name }) => name);
  }

  /** How many nodes fewer a group should have asked for, seen for so long that it is no passing state. */
  excessTarget(group: string, nowUs: number): number {
    const incorrect = this.#incorrect.get(group);
    if (incorrect === undefined || incorrect.sinceUs + this.#options.maxNodeProvisionTimeUs >= nowUs) return 0;
    return Math.max(0, incorrect.expected - incorrect.current);
  }

  /** The next instant at which something will be overdue; `undefined` when nothing is awaited. */
  nextDeadlineUs(): number | undefined {
    const { maxNodeProvisionTimeUs } = this.#options;
    let next: number | undefined;
    const consider = (atUs: number): void => {
      if (next === undefined || atUs < next) next = atUs;
    };
    for (const { expectedAddUs } of this.#requests.values()) consider(expectedAddUs);
    for (const sinceUs of this.#unregisteredSince.values()) consider(sinceUs + maxNodeProvisionTimeUs);
    for (const { sinceUs } of this.#incorrect.values()) consider(sinceUs + maxNodeProvisionTimeUs);
    return next;
  }

  #refreshInstances(groups: NodeGroups, nowUs: number): void {
    const tick = (atUs: number): number => Math.floor((atUs - this.#startedUs) / instancesRefreshUs);
    for (const group of groups) {
      const { id } = group.spec;
      const known = this.#instances.get(id);
      if (known !== undefined && !this.isScalingUp(group) && tick(known.atUs) === tick(nowUs)) continue;
      this.#instances.set(id, { list: group.instances, atUs: nowUs });
    }
  }

  #updateUnregistered(nodes: readonly Node[], groups: NodeGroups, nowUs: number): void {
    const registered = new Set(nodes.map(({ metadata }) => metadata.name));
    const since = new Map<string, number>();
    for (const { spec } of groups) {
      for (const { name, state, error } of this.#instances.get(spec.id)?.list ?? []) {
        if (registered.has(name) || state === "deleting" || error !== undefined) continue;
        since.set(name, this.#unregisteredSince.get(name) ?? nowUs);
      }
    }
    this.#unregisteredSince = since;
  }

  #updateReadiness(nodes: readonly Node[], groups: NodeGroups, nowUs: number): void {
    const total = emptyReadiness();
    const perGroup = new Map<string, Readiness>();
    const of = (id: string): Readiness => {
      const known = perGroup.get(id) ?? emptyReadiness();
      perGroup.set(id, known);
      return known;
    };
    for (const node of nodes) {
      const { name, creationTimestamp } = node.metadata;
      const group = groups.ofNode(name);
      const bornUs = this.#clock.instantUs(creationTimestamp);
      const young = bornUs + this.#options.maxNodeStartupTimeUs > nowUs;
      const state = isNodeReady(node) ? "ready" : young ? "notStarted" : "unready";
      for (const readiness of group === undefined ? [total] : [total, of(group.spec.id)]) {
        readiness.registered.push(name);
        readiness[state].push(name);
      }
    }
    for (const [name, sinceUs] of this.#unregisteredSince) {
      const group = groups.ofNode(name);
      if (group === undefined) continue;
      const long = sinceUs + this.#options.maxNodeProvisionTimeUs < nowUs;
      for (const readiness of [total, of(group.spec.id)]) {
        readiness[long ? "longUnregistered" : "unregistered"].push(name);
      }
    }
    this.#readiness = perGroup;
    this.#total = total;
  }

  #awaitsNodes(group: NodeGroup): boolean {
    const readiness = this.#readiness.get(group.spec.id);
    const provisioned = readiness === undefined ? 0 : readiness.registered.length - readiness.notStarted.length;
    return group.target > provisioned;
  }

  #updateRequests(groups: NodeGroups, nowUs: number, notices: Notice[]): void {
    this.backoff.forgetOld(nowUs);
    for (const [id, request] of this.#requests) {
      const group = groups.get(id);
      if (group === undefined || !this.#awaitsNodes(group)) {
        this.#requests.delete(id);
        continue;
      }
      if (request.expectedAddUs >= nowUs) continue;
      const elapsed = goDuration(nowUs - request.timeUs);
      const message = `Nodes added to group ${id} failed to register within ${elapsed}`;
      notices.push({ type: "Warning", reason: "ScaleUpTimedOut", message });
      const why = `Scale-up timed out for node group ${id} after ${elapsed}`;
      this.backoff.failed(id, nowUs, { code: "timeout", message: why });
      this.#requests.delete(id);
      this.timedOut.push({ group: id, increase: request.increase });
    }
  }

  /** Requests that ran out of time in the last update: their increase is to be taken back. */
  readonly timedOut: { readonly group: string; readonly increase: number }[] = [];

  #noticeFailedInstances(groups: NodeGroups, nowUs: number, notices: Notice[]): void {
    const failedNow = new Set<string>();
    for (const group of groups) {
      const { id } = group.spec;
      const byCode = new Map<string, Instance[]>();
      for (const instance of failed(this.#instances.get(id)?.list ?? [])) {
        failedNow.add(instance.name);
        const code = `${instance.error!.class}.${instance.error!.code}`;
        const known = byCode.get(code);
        if (known === undefined) byCode.set(code, [instance]);
        else known.push(instance);
      }
      for (const [code, instances] of byCode) {
        const unseen = instances.filter(({ name }) => !this.#failedBefore.has(name)).length;
        if (unseen === 0 || !this.isScalingUp(group)) continue;
        const messages = [...new Set(instances.map(({ error }) => error!.message))].join(", ");
        const message = `Failed adding ${unseen} nodes to group ${id} due to ${code}; source errors: ${messages}`;
        notices.push({ type: "Warning", reason: "ScaleUpFailed", message });
        this.registerScaleUp(id, -unseen, nowUs);
        this.backoff.failed(id, nowUs, { code: instances[0]!.error!.code, message: messages });
      }
    }
    this.#failedBefore = failedNow;
  }

  #updateIncorrectSizes(groups: NodeGroups, nowUs: number): void {
    const incorrect = new Map<string, IncorrectSize>();
    for (const { spec, target } of groups) {
      const readiness = this.#readiness.get(spec.id);
      if (readiness === undefined) continue;
      const current = readiness.registered.length;
      const unregistered = readiness.unregistered.length + readiness.longUnregistered.length;
      if (current <= target && current >= target - unregistered) continue;
      const known = this.#incorrect.get(spec.id);
      const same = known?.current === current && known.expected === target;
      incorrect.set(spec.id, same ? known : { current, expected: target, sinceUs: nowUs });
    }
    this.#incorrect = incorrect;
  }
}

function failed(instances: readonly Instance[]): Instance[] {
  return instances.filter(({ state, error }) => state === "creating" && error !== undefined);
}

/** As Go prints a duration of whole or broken seconds: `15m10s`, `2m0.75s`. */
export function goDuration(us: number): string {
  const seconds = us / 1_000_000;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = Math.round((us % 60_000_000) / 1000) / 1000;
  return `${hours > 0 ? `${hours}h` : ""}${hours > 0 || minutes > 0 ? `${minutes}m` : ""}${rest}s`;
}
