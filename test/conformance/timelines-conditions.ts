import type { KubeObject } from "../../src/model/index.ts";
import type { Row } from "./timelines-recording.ts";
import type { OurRow } from "./timelines-world.ts";

/** A condition that a row sets, or takes away (`null`). */
export interface ConditionChange {
  readonly row: Row;
  readonly type: string;
  readonly value: Readonly<Record<string, string | undefined>> | null;
}

type Conditions = readonly Readonly<Record<string, string>>[];

/** Pods' conditions are compared at rest; Nodes' are the kubelets' for the most part. */
const compared = (kind: string): boolean => kind !== "Pod" && kind !== "Node";

export function* recordedConditions(rows: readonly Row[]): Iterable<ConditionChange> {
  for (const row of rows) {
    if (!compared(row.kind) || row.verb.startsWith("event") || row.code !== undefined) continue;
    for (const [path, value] of Object.entries(row.change ?? {})) {
      const type = /^status\.conditions\[(.*)\]$/.exec(path)?.[1];
      if (type !== undefined) yield { row, type, value: value as ConditionChange["value"] };
    }
  }
}

export function* ourConditions(rows: readonly OurRow[]): Iterable<ConditionChange> {
  for (const row of rows) {
    if (!compared(row.kind) || row.after === undefined) continue;
    const before = conditionsOf(row.before);
    const after = conditionsOf(row.after);
    for (const value of after) {
      const was = before.find(({ type }) => type === value["type"]);
      const unchanged = was !== undefined && ["status", "reason", "message"].every((field) => was[field] === value[field]);
      if (!unchanged) yield { row, type: value["type"]!, value };
    }
    for (const { type } of before) if (!after.some((value) => value["type"] === type)) yield { row, type: type!, value: null };
  }
}

function conditionsOf(object: KubeObject | undefined): Conditions {
  return (object as { status?: { conditions?: Conditions } } | undefined)?.status?.conditions ?? [];
}
