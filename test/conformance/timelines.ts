import type { KubeObject, ReplicaSet } from "../../src/model/index.ts";
import type { Area, CaseResult } from "./area.ts";
import { type ConditionChange, ourConditions, recordedConditions } from "./timelines-conditions.ts";
import { differingDelays } from "./timelines-delays.ts";
import { bystanders, type Recording, type Row, signature } from "./timelines-recording.ts";
import { byStableName, normal, RecordedStates, restInstants } from "./timelines-states.ts";
import { type OurRow, TimelineWorld } from "./timelines-world.ts";

/** Whole control planes; /work/shared/conformance/timelines/README.md says what was recorded and how it is compared. */
export const timelines: Area = {
  name: "timelines",
  *replay(recordings) {
    for (const file of recordings.names()) {
      if (!file.endsWith(".json")) continue;
      const recording = recordings.json<Recording>(file);
      if (recording.timeline === undefined) continue;
      const name = file.slice(0, -5);
      try {
        yield* replayTimeline({ ...recording, name });
      } catch (error) {
        // A world that cannot be built is one difference, and no reason to leave out the others.
        yield { group: name, id: "replay", difference: `${error}` };
      }
    }
  },
};

/** From here on a pause is long enough for both sides to have come to rest. */
const pauseMs = 600;

function* replayTimeline(recording: Recording): Iterable<CaseResult> {
  const world = new TimelineWorld(recording);
  const states = new RecordedStates(recording);
  const group = recording.name;
  let wrong: string | undefined;
  for (const atMs of restInstants(recording, pauseMs)) {
    world.runUntil(atMs);
    states.advance(atMs);
    const difference = states.difference(byStableName(allObjects(world), world.names), world.names);
    if (difference === undefined) continue;
    wrong = `at ${(atMs / 1000).toFixed(1)} s ${difference}`;
    break;
  }
  world.runUntil(recording.endMs);
  const recorded = recording.timeline.filter(({ actor }) => !bystanders.has(actor));
  const ours = world.rows.filter(({ atMs }) => atMs >= 0);
  const partial = recording.perSecond !== undefined;
  yield result(group, "states at rest", wrong);
  yield result(group, "sizes of ReplicaSets", differingSizes(recorded, ours));
  if (!partial) {
    yield result(group, "events", differingEvents(recorded, ours));
    yield result(group, "creations and deletions", differingCounts(countWrites(recorded), countWrites(ours)));
    yield result(group, "conditions", differingConditions(recorded, ours, world));
    yield result(group, "delays", differingDelays(recorded, ours));
    yield result(group, "refusals", differingCounts(refusals(recorded), refusals(ours)));
  } else yield result(group, "pods per second", differingSeconds(recording, ours));
}

const result = (group: string, id: string, difference: string | undefined): CaseResult =>
  difference === undefined ? { group, id } : { group, id, difference };

function* allObjects({ api }: TimelineWorld): Iterable<KubeObject> {
  for (const kind of api.store.kinds()) yield* api.store.list(kind);
}

/** Successive sizes of every ReplicaSet, as its writers gave them. */
function differingSizes(recorded: readonly Row[], ours: readonly OurRow[]): string | undefined {
  const sizes = (rows: readonly Row[], sizeOf: (row: never) => unknown): Map<string, unknown[]> => {
    const lists = new Map<string, unknown[]>();
    for (const row of rows) {
      if (row.kind !== "ReplicaSet" || row.verb.startsWith("event") || row.code !== undefined) continue;
      const size = sizeOf(row as never);
      const list = lists.get(row.name) ?? [];
      if (size !== undefined && size !== null && list[list.length - 1] !== size) list.push(size);
      lists.set(row.name, list);
    }
    return lists;
  };
  const left = sizes(recorded, (row: Row) => row.change?.["spec.replicas"]);
  const right = sizes(ours, (row: OurRow) => (row.after as ReplicaSet | undefined)?.spec.replicas);
  for (const [name, list] of left) {
    const got = right.get(name) ?? [];
    // What a set had before the clock started is in no recorded row.
    const shown = got.length === list.length + 1 && !recorded.some((row) => row.name === name && row.verb === "create") ? got.slice(1) : got;
    if (list.length > 0 && shape(list).join() !== shape(shown).join()) return `${name}: expected ${list.join(" ")}, got ${shown.join(" ")}`;
  }
  return undefined;
}

/** Where it turns: how many steps there are in between depends on how fast readiness was seen. */
function shape(sizes: readonly unknown[]): unknown[] {
  const turns = (index: number): boolean => {
    const [before, at, after] = sizes.slice(index - 1, index + 2) as [number, number, number];
    return at > before === at > after;
  };
  return sizes.filter((_, index) => index === 0 || index === sizes.length - 1 || turns(index));
}

function count(rows: readonly Row[], textOf: (row: Row) => string | undefined): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const text = textOf(row);
    if (text !== undefined) counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return counts;
}

function countEvents(rows: readonly Row[]): Map<string, number> {
  return count(rows, (row) =>
    row.verb.startsWith("event") && row.actor !== "kubelet" && row.kind !== null && row.reason !== "RegisteredNode"
      ? `${signature(row)} ${row.kind} ${anyOrdinal(row, row.name)} ${row.type} ${row.reason} ${anyOrdinal(row, row.message)}`
      : undefined,
  );
}

/** As often as recorded; at least once where the recorded controller worked from an old cache, and met a conflict for it. */
function differingEvents(recorded: readonly Row[], ours: readonly Row[]): string | undefined {
  const left = countEvents(recorded);
  const right = countEvents(ours);
  const muddled = recorded.filter(({ code }) => code === 409).map((row) => `${signature(row)} ${row.kind} ${row.name} `);
  const steps = /Scaled (up|down) replica set (\S+) from \d+ to \d+$/;
  for (const counts of [left, right]) {
    for (const [text, times] of [...counts]) {
      if (muddled.some((prefix) => text.startsWith(prefix))) counts.set(text, Math.min(1, times));
      // How often it was refused depends on how often it was tried.
      if (text.includes(" FailedCreate ")) counts.set(text, 1);
      // Intermediate steps of a rollout are compared as sizes; here it matters that each direction was spoken of.
      if (!steps.test(text)) continue;
      counts.delete(text);
      counts.set(text.replace(/\(combined from similar events\): /, "").replace(steps, "Scaled $1 replica set $2"), 1);
    }
  }
  return differingCounts(left, right);
}

/** Which pod of a StatefulSet a node had is the scheduler's chance. */
function anyOrdinal(row: Row, text: string | undefined): unknown {
  const chance = signature(row) === "node-controller" || signature(row) === "taint-eviction-controller";
  const known = normal(text);
  return chance && row.kind === "Pod" ? `${known}`.replace(/-\d+$/, "-*") : known;
}

function countWrites(rows: readonly Row[]): Map<string, number> {
  // What goes with its namespace goes by one request for each kind, which is not counted.
  const namespaced = rows.find(({ kind, verb, after }: OurRow) =>
    kind === "Namespace" && (verb === "delete" || after?.metadata.deletionTimestamp !== undefined));
  return count(rows, (row) => {
    if (row.code !== undefined || row.subresource !== undefined || row.kind === "Endpoints") return undefined;
    if (namespaced !== undefined) return undefined;
    const gone = row.verb === "delete" && (row.removed === true || (row as OurRow).before !== undefined);
    if (row.verb !== "create" && !gone) return undefined;
    const who = row.verb === "create" ? `${signature(row)} creates` : "gone:";
    return `${who} ${row.kind} ${`${normal(row.name)}`.replace(/#\d+$/, "#*")}`;
  });
}

function refusals(rows: readonly Row[]): Map<string, number> {
  // How often a thing is refused depends on how fast it is tried again: once is as good as often.
  const seen = count(rows, (row) =>
    row.code === undefined || row.code === 409 || row.code === 404 || row.actor === "kubelet" ? undefined : `${signature(row)} ${row.kind} ${row.code} ${row.reason} ${normal(row.message)}`,
  );
  return new Map([...seen].map(([text]) => [`${text}`.replace(/"[^"]*pod#\*[^"]*"/g, '"*"'), 1]));
}

function differingCounts(left: ReadonlyMap<string, number>, right: ReadonlyMap<string, number>): string | undefined {
  const differences: string[] = [];
  for (const text of [...new Set([...left.keys(), ...right.keys()])].sort()) {
    const [wanted, got] = [left.get(text) ?? 0, right.get(text) ?? 0];
    if (wanted !== got) differences.push(`${text}: expected ${wanted}, got ${got}`);
  }
  return differences.length === 0 ? undefined : `${differences.length} differ: ${differences.slice(0, 4).join("; ")}`;
}

/** Successive states of every condition that is not a pod's, without repetitions. */
function differingConditions(recorded: readonly Row[], ours: readonly OurRow[], { names }: TimelineWorld): string | undefined {
  const lists = new Map<string, string[]>();
  const note = (side: string, { row, type, value }: ConditionChange): void => {
    const key = `${side} ${row.kind}/${row.name} ${type}`;
    const text = value === null ? "none" : [value["status"], value["reason"] ?? "", normal(names.inText(value["message"] ?? ""))].join(" ");
    const list = lists.get(key) ?? [];
    if (list[list.length - 1] !== text) list.push(text);
    lists.set(key, list);
  };
  for (const change of recordedConditions(recorded)) note("recorded", change);
  for (const change of ourConditions(ours)) note("ours", change);
  for (const [key, list] of lists) {
    const [side, ...rest] = key.split(" ");
    const other = lists.get(`${side === "ours" ? "recorded" : "ours"} ${rest.join(" ")}`) ?? [];
    const [wanted, got] = side === "ours" ? [other, list] : [list, other];
    if (wanted.join(" | ") !== got.join(" | ")) return `${rest.join(" ")}: expected ${wanted.join(" | ")}, got ${got.join(" | ")}`;
  }
  return undefined;
}

/** Creations of pods until the end of every second, within 2 of this second and 2 of the one before. */
function differingSeconds({ perSecond }: Recording, ours: readonly OurRow[]): string | undefined {
  const key = Object.keys(perSecond ?? {}).find((name) => /create Pod$/.test(name));
  const wanted = (key && (perSecond![key] as Record<string, number>)) || {};
  const got = new Map<number, number>();
  for (const { verb, kind, atMs } of ours) {
    if (verb === "create" && kind === "Pod") got.set(Math.floor(atMs / 1000), (got.get(Math.floor(atMs / 1000)) ?? 0) + 1);
  }
  const seconds = [...new Set([...Object.keys(wanted).map(Number), ...got.keys()])].sort((a, b) => a - b);
  let [left, right] = [0, 0];
  for (const second of seconds) {
    left += wanted[`${second}`] ?? 0;
    right += got.get(second) ?? 0;
    if (Math.abs(left - right) > 4) return `until second ${second}: expected ${left} pods, got ${right}`;
  }
  return left === right ? undefined : `expected ${left} pods, got ${right}`;
}
