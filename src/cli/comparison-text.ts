import CliTable from "cli-table3";
import type { Comparison, ComparisonRow, Estimate, Variant } from "../experiment/index.ts";

/** For a terminal: values with their 95 % intervals; a difference whose interval leaves out 0 is marked. */
export function comparisonText(comparison: Comparison): string {
  const table = new CliTable({ head: head(comparison), style: { head: [], border: [] } });
  for (const row of comparison.rows) table.push(cells(row));
  return `${table.toString()}\n${explanation(comparison)}\n`;
}

/** For a page: what each variant asks, the same table, and how to make it again. */
export function comparisonMarkdown(comparison: Comparison, variants: readonly Variant[], command: string): string {
  const line = (texts: readonly string[]): string => `| ${texts.join(" | ")} |`;
  const first = head(comparison);
  const sections = [
    `# ${comparison.variants.join(", ")}`,
    variants.map(({ name, scenario }) => `- **${name}**: ${scenario.question}`).join("\n"),
    [line(first), line(first.map(() => "---")), ...comparison.rows.map((row) => line(cells(row)))].join("\n"),
    explanation(comparison),
    `\`${command}\``,
  ];
  return `${sections.join("\n\n")}\n`;
}

function head({ variants }: Comparison): string[] {
  return ["", ...variants, ...variants.slice(1).map((name) => `${name} − ${variants[0]}`)];
}

function cells({ measure, unit, values, differences }: ComparisonRow): string[] {
  return [
    unit === "" ? measure : `${measure}, ${unit}`,
    ...values.map(shown),
    ...differences.map((difference) => `${shown(difference)}${certain(difference) ? " *" : ""}`),
  ];
}

function explanation({ seeds }: Comparison): string {
  return `${seeds.length} seeds, means ± 95 % confidence; differences are paired, * marks those whose interval leaves out 0.`;
}

function certain({ mean, halfWidth }: Estimate): boolean {
  return Math.abs(mean) > halfWidth;
}

function shown({ mean, halfWidth }: Estimate): string {
  const digits = Math.abs(mean) >= 100 ? 0 : 2;
  return Number.isFinite(halfWidth) ? `${mean.toFixed(digits)} ± ${halfWidth.toFixed(digits)}` : mean.toFixed(digits);
}
