import CliTable from "cli-table3";
import type { RunResult } from "./run-result.ts";
import { expectationTable, incidentSummary, incidentTable, serviceTable, type Table, workloadTable } from "./tables.ts";
import { answer, usdText } from "./words.ts";

/** The summary for a terminal. Colour only when asked for. */
export function renderTerminal(result: RunResult, color: boolean): string {
  const paint = (code: number, text: string): string => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const lines = [paint(1, `${result.scenario} (seed ${result.seed})`), result.question, "", answer(result), ""];
  const verdicts = expectationTable(result);
  if (verdicts.rows.length > 0) {
    const rows = verdicts.rows.map(([verdict, ...rest]) => [paint(verdict === "held" ? 32 : 31, verdict!), ...rest]);
    lines.push(draw({ ...verdicts, rows }, paint));
  }
  for (const table of [serviceTable(result), workloadTable(result)])
    if (table.rows.length > 0) lines.push(draw(table, paint));
  for (const incident of result.incidents)
    lines.push(draw(incidentTable(result, incident), paint), incidentSummary(incident), "");
  for (const { invariant, detail } of result.violations)
    lines.push(paint(31, `invariant broken: ${invariant}: ${detail}`));
  const { byPool, items = [], microUsd: total } = result.cost;
  const parts = [...byPool.map(({ pool, microUsd }) => ({ item: pool, microUsd })), ...items];
  const spent = parts.map(({ item, microUsd }) => `${item} ${usdText(microUsd)}`).join(", ");
  lines.push(`cost ${usdText(total)} (${spent}); digest ${result.digest}`);
  if (result.notSimulated.length > 0) {
    lines.push(
      `accepted, not simulated: ${result.notSimulated.map(({ kind, count }) => `${count} ${kind}`).join(", ")}`,
    );
  }
  return `${lines.join("\n")}\n`;
}

function draw({ title, head, rows }: Table, paint: (code: number, text: string) => string): string {
  const table = new CliTable({ head: [...head], style: { head: [], border: [], compact: true } });
  table.push(...rows.map((row) => [...row]));
  return `${paint(1, title)}\n${table.toString()}\n`;
}
