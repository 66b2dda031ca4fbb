import type { CaseResult, Recordings } from "./area.ts";

export interface RecordedLine {
  readonly id: string;
  readonly op?: string;
}

/** Replays one `.jsonl` file; `check` names the first difference. What it throws is a difference too. */
export function* replayLines<Line extends RecordedLine>(
  recordings: Recordings,
  group: string,
  check: (line: Line) => string | undefined,
): Generator<CaseResult> {
  for (const line of recordings.lines<Line>(`${group}.jsonl`)) {
    let difference: string | undefined;
    try {
      difference = check(line);
    } catch (error) {
      difference = `threw ${(error as Error).stack?.split("\n").slice(0, 3).join(" | ")}`;
    }
    yield difference === undefined ? { group, id: line.id } : { group, id: line.id, difference };
  }
}
