import { pageStyle } from "../../report/index.ts";
import type { FillSummary, PolicySummary } from "./summary.ts";

/** Percents of arrived demand that the tables show. */
const shownPercents = [50, 80, 90, 100, 110, 120, 130];

const measures = [
  { title: "Allocated GPUs, % of capacity, by arrived demand", of: ({ allocated }: PolicySummary) => allocated },
  { title: "Fragmented GPUs, % of capacity, by arrived demand", of: ({ fragmented }: PolicySummary) => fragmented },
] as const;

interface FillTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Policies down, arrived demand across: mean ± standard deviation. */
export function fillTables({ policies }: FillSummary): readonly FillTable[] {
  return measures.map(({ title, of }) => ({
    title,
    head: ["policy", ...shownPercents.map((percent) => `${percent} %`)],
    rows: policies.map((policy) => {
      const { mean, deviation } = of(policy);
      const cells = shownPercents.map((percent) => `${mean[percent]!.toFixed(2)} ± ${deviation[percent]!.toFixed(2)}`);
      return [policy.policy, ...cells];
    }),
  }));
}

export function renderFillMarkdown(summary: FillSummary): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const tables = fillTables(summary).map(({ title, head, rows }) =>
    [
      `## ${title}`,
      "",
      row(head),
      row(head.map((_cell, at) => (at === 0 ? "---" : "---:"))),
      ...rows.map(row),
      "",
    ].join("\n"),
  );
  return `# Filling ${summary.nodes} machines with shared GPUs\n\n${aboutFill(summary)}\n\n${tables.join("\n")}`;
}

/** One self-contained page: tables, and both curves with their standard deviation. `echarts`: the library's source. */
export function renderFillHtml(summary: FillSummary, echarts: string): string {
  const cells = (row: readonly string[], tag: string): string => row.map((cell) => `<${tag}>${cell}</${tag}>`).join("");
  const tables = fillTables(summary).map(
    ({ title, head, rows }) =>
      `<section><h3>${title}</h3><div class="scroll"><table><thead><tr>${cells(head, "th")}</tr></thead><tbody>${rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("\n")}</tbody></table></div></section>`,
  );
  const plots = measures.map(({ title, of }) => ({
    title,
    curves: summary.policies.map((policy) => ({ name: policy.policy, ...rounded(of(policy)) })),
  }));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Filling ${summary.nodes} machines with shared GPUs</title>
<style>${pageStyle}
.plot { height: 380px; }</style>
</head>
<body>
<header><p class="kind">seatrial · openb</p><h1>Which policy leaves the fewest GPUs unused?</h1><p class="note">${aboutFill(summary)} Bands are one standard deviation.</p></header>
<main>
${plots.map((_plot, index) => `<section><div class="plot" id="plot-${index}"></div></section>`).join("\n")}
${tables.join("\n")}
</main>
<script>${echarts.replaceAll("</script", "<\\/script")}</script>
<script>const plots = ${JSON.stringify(plots)};
${script}</script>
</body>
</html>
`;
}

function aboutFill({ nodes, gpus, pods, seeds }: FillSummary): string {
  return `${nodes} machines with ${gpus} GPUs; ${pods} pods, copies of them appended up to 130 % of the GPUs, shuffled and submitted one after another; nobody leaves. Mean ± standard deviation over ${seeds.length} seeds (${seeds[0]} to ${seeds[seeds.length - 1]}).`;
}

function rounded({ mean, deviation }: { readonly mean: readonly number[]; readonly deviation: readonly number[] }): {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
} {
  const short = (values: readonly number[]): number[] => values.map((value) => Number(value.toFixed(3)));
  return { mean: short(mean), deviation: short(deviation) };
}

const script = `
const colors = ["#888888", "#2f6fd0", "#c0392b", "#e08e0b", "#7d4fb0", "#2e8b57"];
for (const [index, { title, curves }] of plots.entries()) {
  const chart = echarts.init(document.getElementById("plot-" + index));
  const points = (values) => values.map((value, percent) => [percent, value]);
  const band = ({ name, mean, deviation }, at) => [
    { name, type: "line", stack: name, showSymbol: false, silent: true, lineStyle: { opacity: 0 }, data: points(mean.map((value, percent) => value - deviation[percent])), tooltip: { show: false } },
    { name, type: "line", stack: name, showSymbol: false, silent: true, lineStyle: { opacity: 0 }, areaStyle: { color: colors[at], opacity: 0.2 }, data: points(deviation.map((value) => 2 * value)), tooltip: { show: false } },
  ];
  chart.setOption({
    animation: false,
    color: colors,
    title: { text: title, textStyle: { fontSize: 14 } },
    legend: { data: curves.map(({ name }) => name), top: 26 },
    grid: { top: 60, left: 50, right: 20, bottom: 40 },
    tooltip: { trigger: "axis", valueFormatter: (value) => value.toFixed(2) },
    xAxis: { type: "value", min: 0, max: 130, name: "arrived demand, %", nameLocation: "middle", nameGap: 24 },
    yAxis: { type: "value", scale: true },
    series: [...curves.map(({ name, mean }) => ({ name, type: "line", showSymbol: false, data: points(mean) })), ...curves.flatMap(band)],
  });
  addEventListener("resize", () => chart.resize());
}
`;
