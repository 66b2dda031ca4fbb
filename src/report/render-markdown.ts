import type { RunResult } from "./run-result.ts";
import {
  costTable,
  expectationTable,
  incidentSummary,
  incidentTable,
  serviceTable,
  type Table,
  workloadTable,
} from "./tables.ts";
import { answer, clockText, durationText } from "./words.ts";

/** The report as Markdown: what a pull request or a wiki shows. */
export function renderMarkdown(result: RunResult): string {
  const sections = [
    `# ${result.scenario}`,
    `> ${result.question}`,
    answer(result),
    ...tables([expectationTable(result), serviceTable(result), workloadTable(result)]),
    ...result.incidents.flatMap((incident) => [
      `## ${incident.title}`,
      draw(incidentTable(result, incident)),
      `${incidentSummary(incident)}.`,
    ]),
    ...decisions(result),
    "## Cost",
    draw({ ...costTable(result), title: "" }),
    ...list(
      "Broken invariants",
      result.violations.map(({ invariant, detail }) => `${invariant}: ${detail}`),
    ),
    ...list(
      "Accepted, not simulated",
      result.notSimulated.map(({ kind, count }) => `${count} ${kind}`),
    ),
    ...list("Assumptions", result.assumptions),
    `Start ${result.start}, ${durationText(result.durationSeconds)}, seed ${result.seed}, digest ${result.digest}.`,
  ];
  return `${sections.join("\n\n")}\n`;
}

function decisions(result: RunResult): string[] {
  if (result.decisions.length === 0) return [];
  const shown = result.decisions.slice(0, 60);
  const rows = shown.map(({ atSeconds, by, text }) => [clockText(result, atSeconds), by, text]);
  const more = result.decisions.length > shown.length ? [`… and ${result.decisions.length - shown.length} more.`] : [];
  return ["## What happened", draw({ title: "", head: ["at", "by", "what"], rows }), ...more];
}

function tables(all: readonly Table[]): string[] {
  return all.filter(({ rows }) => rows.length > 0).flatMap((table) => [`## ${table.title}`, draw(table)]);
}

function list(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`## ${title}`, items.map((item) => `- ${item}`).join("\n")];
}

function draw({ head, rows }: Table): string {
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
}
