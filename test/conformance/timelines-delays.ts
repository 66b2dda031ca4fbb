import type { Node, Pod } from "../../src/model/index.ts";
import { type ConditionChange, ourConditions, recordedConditions } from "./timelines-conditions.ts";
import { type Row, signature } from "./timelines-recording.ts";
import { normal } from "./timelines-states.ts";
import type { OurRow } from "./timelines-world.ts";

/** A reaction of the recorded control plane takes so long at most. */
const bandMs = 150;
/** What is late by as much as something that came so little before it is as prompt as that. */
const chainMs = 2_000;

/** A thing that both sides did, and by how much ours came later. */
interface Moment {
  readonly by: string;
  readonly what: string;
  readonly atMs: number;
  readonly laterMs: number;
}

/** Who acts on its own; what follows is as early or late as they are. */
const causes: ReadonlySet<string> = new Set(["user", "kubelet"]);

/**
 * Instants of what controllers and scheduler do: creations, deletions, bindings, taints, events, conditions. Each has to come within
 * the band, or be as early or late as what came just before it, kubelets' reports among it. What one side did more often than the
 * other is judged elsewhere.
 */
export function differingDelays(recorded: readonly Row[], ours: readonly OurRow[]): string | undefined {
  const moments = paired(instants(recorded, recordedDeed, recordedConditions(recorded)), instants(ours, ourDeed, ourConditions(ours)));
  const wrong = moments.filter((moment, index) => !causes.has(moment.by) && !isPrompt(moment, moments.slice(0, index)));
  const texts = wrong.slice(0, 4).map(({ what, atMs, laterMs }) => `${what}: expected at ${Math.round(atMs)} ms, got ${Math.round(atMs + laterMs)}`);
  return wrong.length === 0 ? undefined : `${wrong.length} of ${moments.length} differ: ${texts.join("; ")}`;
}

function isPrompt({ atMs, laterMs }: Moment, earlier: readonly Moment[]): boolean {
  const alike = (lateMs: number): boolean => Math.abs(laterMs - lateMs) <= bandMs;
  return alike(0) || earlier.some((other) => other.atMs >= atMs - chainMs && alike(other.laterMs));
}

function paired(recorded: ReadonlyMap<string, readonly number[]>, ours: ReadonlyMap<string, readonly number[]>): Moment[] {
  const moments: Moment[] = [];
  for (const [what, instants] of recorded) {
    const got = ours.get(what);
    if (got?.length !== instants.length) continue;
    instants.forEach((atMs, index) => void moments.push({ by: what.slice(0, what.indexOf(" ")), what, atMs, laterMs: got[index]! - atMs }));
  }
  return moments.sort((a, b) => a.atMs - b.atMs);
}

/** By what was done, when; the n-th pod of an owner is as good as another. */
function instants<R extends Row>(rows: readonly R[], deedOf: (row: R) => string | undefined, conditions: Iterable<ConditionChange>): Map<string, number[]> {
  const lists = new Map<string, number[]>();
  const note = (row: Row, deed: string): void => {
    if (row.atMs < 0) return;
    // Which node a lost zone's are tainted first is the order of a map.
    const name = row.kind === "Node" ? "*" : `${normal(row.name)}`.replace(/[#-]\d+$/, "#*");
    const what = `${signature(row)} ${deed} ${row.kind} ${name}`;
    const list = lists.get(what);
    if (list === undefined) lists.set(what, [row.atMs]);
    else list.push(row.atMs);
  };
  for (const row of rows) {
    const deed = row.code === undefined && row.kind !== null ? deedOf(row) : undefined;
    if (deed !== undefined) note(row, deed);
  }
  for (const { row, type, value } of conditions) note(row, `sets ${type}=${value?.["status"]} ${value?.["reason"]} of`);
  for (const list of lists.values()) list.sort((a, b) => a - b);
  return lists;
}

function recordedDeed({ verb, kind, reason, subresource, change }: Row): string | undefined {
  if (verb === "event") return `says ${reason} of`;
  if (verb === "create" && subresource === "binding") return "binds";
  if (verb === "create" && subresource === undefined) return "creates";
  if (verb === "delete") return "deletes";
  if (kind === "Pod") return reports(change?.["status.conditions[Ready]"] as Condition | undefined);
  return kind === "Node" && change?.["spec.taints"] !== undefined ? "taints" : undefined;
}

function ourDeed({ verb, kind, reason, before, after }: OurRow): string | undefined {
  if (verb === "event") return `says ${reason} of`;
  if (before === undefined) return "creates";
  if (before.metadata.deletionTimestamp === undefined && (after === undefined || after.metadata.deletionTimestamp !== undefined)) return "deletes";
  if (kind === "Pod" && (before as Pod).spec.nodeName === undefined && (after as Pod | undefined)?.spec.nodeName !== undefined) return "binds";
  if (kind === "Pod") {
    const [was, is] = [before, after].map((pod) => (pod as Pod | undefined)?.status.conditions?.find(({ type }) => type === "Ready"));
    return was?.status === is?.status ? undefined : reports(is);
  }
  return kind === "Node" && after !== undefined && (before as Node).spec.taints !== (after as Node).spec.taints ? "taints" : undefined;
}

interface Condition {
  readonly status: string;
}

const reports = (ready: Condition | undefined): string | undefined => ready && `reports Ready=${ready.status} of`;
