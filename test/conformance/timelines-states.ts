import { type KubeObject, keyOf } from "../../src/model/index.ts";
import type { StableNames } from "./timelines-names.ts";
import { bystanders, type Recording, type Row } from "./timelines-recording.ts";

/** What is known of a recorded object: fields by dotted path; `born` when its creation was recorded too. */
interface Known {
  readonly fields: Map<string, unknown>;
  readonly born: boolean;
  deleting: boolean;
}

/** The recorded cluster at an instant, put together from what was written until then. */
export class RecordedStates {
  readonly #rows: readonly Row[];
  readonly #objects = new Map<string, Known>();
  /** Owners from before the clock started: their first pods are in no row. */
  readonly #earlier: readonly string[];
  /** Rows of pods were left out of the big ones. */
  readonly #all: boolean;
  #next = 0;

  constructor({ timeline, actions, perSecond }: Recording) {
    this.#all = perSecond !== undefined;
    this.#rows = timeline;
    this.#earlier = actions.filter(({ atMs }) => atMs < 0).map(({ object }) => object?.metadata.name ?? "");
  }

  advance(atMs: number): void {
    for (; this.#next < this.#rows.length && this.#rows[this.#next]!.atMs <= atMs; this.#next += 1) {
      this.#apply(this.#rows[this.#next]!);
    }
  }

  #apply(row: Row): void {
    if (row.verb.startsWith("event") || row.code !== undefined) return;
    const key = `${row.kind}/${row.name}`;
    if (row.verb === "deletecollection") {
      for (const name of row.deleted ?? []) {
        const known = this.#objects.get(`${row.kind}/${name}`);
        if (row.kind === "Pod" && known !== undefined) known.deleting = true;
        else this.#objects.delete(`${row.kind}/${name}`);
      }
      return;
    }
    if (row.verb === "delete" && row.removed === true) {
      this.#objects.delete(key);
      return;
    }
    const born = row.verb === "create" && row.subresource === undefined;
    let known = born ? undefined : this.#objects.get(key);
    if (known === undefined) {
      known = { fields: new Map(), born, deleting: false };
      this.#objects.set(key, known);
    }
    if (row.verb === "delete" || row.change?.["evicted"] !== undefined || row.change?.["metadata.deletionTimestamp"] != null)
      known.deleting = true;
    for (const [path, value] of Object.entries(row.change ?? {})) {
      if (path === "metadata.finalizers" && value === null && known.deleting) this.#objects.delete(key);
      known.fields.set(path, value);
    }
  }

  /** The first thing in which the store differs from the recording. */
  difference(objects: ReadonlyMap<string, KubeObject>, names: StableNames): string | undefined {
    for (const [key, { fields }] of this.#objects) {
      const kind = key.slice(0, key.indexOf("/"));
      if (!comparedKinds.has(kind)) continue;
      const ours = objects.get(key);
      if (ours === undefined) return `${key}: expected to be there`;
      for (const [path, value] of fields) {
        // A ReplicaSet's generation counts the steps of a rollout, which are not compared one by one.
        if (!isCompared(path) || (kind === "ReplicaSet" && /eneration$/.test(path))) continue;
        const got = at(ours, path, names);
        if (!same(value, got)) return `${key} ${path}: expected ${JSON.stringify(value)}, got ${JSON.stringify(got)}`;
      }
    }
    for (const [key, object] of objects) {
      const sometimes = this.#rows.some((row) => `${row.kind}/${row.name}` === key && row.verb === "create" && row.code === undefined);
      if (comparedKinds.has(object.kind) && sometimes && !this.#objects.has(key)) return `${key}: expected to be gone`;
    }
    return this.#taintDifference(objects) ?? this.#podDifference(objects);
  }

  /** In which order nodes of a zone are tainted is chance, how many are is not. */
  #taintDifference(objects: ReadonlyMap<string, KubeObject>): string | undefined {
    const wanted: string[] = [];
    const got: string[] = [];
    for (const [key, { fields }] of this.#objects) {
      if (!key.startsWith("Node/") || !fields.has("spec.taints")) continue;
      const ours = objects.get(key) as (KubeObject & { spec: { taints?: unknown[] } }) | undefined;
      for (const taint of (fields.get("spec.taints") as unknown[] | null) ?? []) wanted.push(taintText(taint));
      for (const taint of ours?.spec.taints ?? []) got.push(taintText(taint));
    }
    const [left, right] = [wanted.sort().join(" "), got.sort().join(" ")];
    return left === right ? undefined : `taints: expected [${left}], got [${right}]`;
  }

  /** Pods of one owner are alike: how many are in which state, not which. */
  #podDifference(objects: ReadonlyMap<string, KubeObject>): string | undefined {
    const wanted = new Map<string, string[]>();
    const partial = new Set<string>();
    for (const [key, { fields, born, deleting }] of this.#objects) {
      if (!key.startsWith("Pod/")) continue;
      const group = groupOf(key);
      if (!born) partial.add(group);
      const ready = fields.get("status.conditions[Ready]") as { status?: string } | undefined;
      push(wanted, group, stateText(fields.get("status.phase"), ready?.status, deleting));
    }
    const got = new Map<string, string[]>();
    for (const [key, object] of objects) {
      if (object.kind !== "Pod") continue;
      const { status, metadata } = object as unknown as { status: { phase?: string; conditions?: { type: string; status: string }[] }; metadata: { deletionTimestamp?: string } };
      const ready = status.conditions?.find(({ type }) => type === "Ready");
      push(got, groupOf(key), stateText(status.phase, ready?.status, metadata.deletionTimestamp !== undefined));
    }
    for (const group of new Set([...wanted.keys(), ...got.keys()])) {
      if (this.#all) continue;
      if (this.#earlier.some((name) => new RegExp(`^Pod/${name}(-rs#|/pod#|-\\d|$)`).test(group))) continue;
      if (partial.has(group) || !this.#rows.some((row) => row.kind === "Pod" && row.verb === "create" && groupOf(`Pod/${row.name}`) === group && row.subresource === undefined)) continue;
      if (this.#rows.some((row) => row.kind === "Pod" && row.subresource === undefined && row.verb !== "create" && groupOf(`Pod/${row.name}`) === group && row.atMs < 0)) continue;
      const [left, right] = [wanted, got].map((side) => (side.get(group) ?? []).sort().join(" "));
      if (left !== right) return `${group}: expected [${left}], got [${right}]`;
    }
    return undefined;
  }
}

const comparedKinds: ReadonlySet<string> = new Set(
  "Deployment ReplicaSet StatefulSet DaemonSet Job CronJob PodDisruptionBudget ResourceQuota ControllerRevision Node Namespace".split(" "),
);

const groupOf = (key: string): string => key.replace(/#\d+$/, "#*");

function push(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function stateText(phase: unknown, ready: string | undefined, deleting: boolean): string {
  return `${phase ?? "Pending"}${ready === "True" ? "+ready" : ""}${deleting ? "+deleting" : ""}`;
}

function isCompared(path: string): boolean {
  if (/status\.(startTime|completionTime|lastScheduleTime|lastSuccessfulTime|active$|selector|disruptedPods)/.test(path))
    return path === "status.active";
  return (
    path === "spec.replicas" ||
    path === "metadata.generation" ||
    path.startsWith("metadata.annotations.deployment.kubernetes.io/") ||
    (path.startsWith("status.") && !/^status\.(addresses|daemonEndpoints)/.test(path))
  );
}

/** A value of ours under a recorded path. */
function at(object: KubeObject, path: string, names: StableNames): unknown {
  let value: unknown = object;
  for (const field of fieldsOf(path)) {
    const keyed = /^(.*)\[(.*)\]$/.exec(field);
    if (keyed === null) value = (value as Record<string, unknown> | undefined)?.[field];
    else {
      const list = (value as Record<string, unknown> | undefined)?.[keyed[1]!] as Record<string, unknown>[] | undefined;
      value = list?.find((item) => item["type"] === keyed[2] || item["name"] === keyed[2]);
    }
  }
  if (path.startsWith("status.conditions[") && value !== undefined) {
    const { status, reason, message } = value as Record<string, string | undefined>;
    return { status, ...(reason && { reason }), ...(message && { message: names.inText(message) }) };
  }
  if (typeof value === "string") return names.inText(value);
  return value;
}

function fieldsOf(path: string): string[] {
  for (const prefix of ["metadata.annotations.", "metadata.labels.", "status.used.", "status.hard.", "spec.hard."]) {
    if (path.startsWith(prefix)) return [...prefix.slice(0, -1).split("."), path.slice(prefix.length)];
  }
  return path.split(".");
}

function same(recorded: unknown, ours: unknown): boolean {
  if (recorded === null || recorded === 0) return ours === undefined || ours === 0 || (Array.isArray(ours) && ours.length === 0);
  if (Array.isArray(recorded) && Array.isArray(ours)) {
    if (recorded.length !== ours.length) return false;
    if (recorded.every((item) => typeof item === "string")) return true; // Uids.
    const text = (items: unknown[]): string => items.map((item) => taintText(item)).sort().join();
    return text(recorded) === text(ours);
  }
  if (Array.isArray(recorded) !== Array.isArray(ours)) return Array.isArray(recorded) && recorded.length === 0;
  if (typeof recorded === "object" && typeof ours === "object" && ours !== null) {
    const fields = recorded as Record<string, unknown>;
    return Object.keys(fields).every((key) => key === "message" || key === "reason" || key === "status"
      ? normal(fields[key] ?? "") === normal((ours as Record<string, unknown>)[key] ?? "")
      : true);
  }
  return normal(recorded) === normal(ours);
}

const taintText = (item: unknown): string => {
  const { key, value, effect, kind } = item as Record<string, string>;
  const name = kind; // Which Job is active has a name of its own on both sides; its kind will do.
  return `${key}=${value ?? ""}:${effect ?? ""}${name ?? ""}`;
};

/** Which pod or job it was is chance; the text around it is not. */
export function normal(value: unknown): unknown {
  return typeof value === "string"
    ? value.replace(/to (n|a|b|c|t)\d+$/, "to *").replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<uid>").replace(/-(<random>|[bcdfghjklmnpqrstvwxz2456789]{5})"/g, '-<random>"').replace(/\/pod#\d+/g, "/pod#*").replace(/<hash\d+>/g, "<hash>").replace(/@-?\d+/g, "@")
    : value;
}

/** Instants in the middle of the recording's pauses, when everything that was to happen has happened. */
export function restInstants({ timeline, endMs, actions }: Recording, pauseMs: number): number[] {
  const times = [
    ...timeline.filter(({ actor }) => !bystanders.has(actor)).map(({ atMs }) => atMs),
    ...actions.map(({ atMs }) => atMs),
    endMs,
  ].sort((a, b) => a - b);
  const rests: number[] = [];
  for (let index = 1; index < times.length; index += 1) {
    const [from, to] = [times[index - 1]!, times[index]!];
    if (to - from >= pauseMs && from >= 0) rests.push((from + to) / 2);
  }
  return rests;
}

export function byStableName(objects: Iterable<KubeObject>, names: StableNames): Map<string, KubeObject> {
  const map = new Map<string, KubeObject>();
  for (const object of objects) map.set(`${object.kind}/${object.metadata.uid ? names.of(object) : keyOf(object)}`, object);
  return map;
}
