import { pageStyle } from "./page-style.ts";
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
import { answer, durationText } from "./words.ts";

/** One self-contained page: the answer, plots on one time axis, the story of each incident. `echarts`: the library's source. */
export function renderHtml(result: RunResult, echarts: string): string {
  const verdicts = expectationTable(result);
  const incidents = result.incidents.map(
    (incident) =>
      `<section>${draw(incidentTable(result, incident))}<p class="note">${escaped(incidentSummary(incident))}.</p></section>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(result.scenario)}: ${escaped(result.question)}</title>
<style>${pageStyle}</style>
</head>
<body>
<header>
<p class="kind">seatrial · ${escaped(result.scenario)}</p>
<h1>${escaped(result.question)}</h1>
<p class="answer ${result.verdict === "failed" ? "bad" : "good"}">${escaped(answer(result))}</p>
</header>
<main>
${verdicts.rows.length > 0 ? `<section>${draw(verdicts)}</section>` : ""}
<section><h2>The run</h2><p class="note">All plots share one time axis: drag below the last one to zoom. Vertical lines are faults (red), their end (green), decisions (blue) and what people did (grey).</p><div id="plots"></div></section>
${incidents.length > 0 ? `<h2>Incidents, stage by stage</h2><div class="columns">${incidents.join("\n")}</div>` : ""}
<section>${draw(serviceTable(result))}</section>
<section>${draw(workloadTable(result))}</section>
<section>${draw(costTable(result))}</section>
${list(
  "Broken invariants",
  result.violations.map(({ invariant, detail }) => `${invariant}: ${detail}`),
)}
${list(
  "Accepted, not simulated",
  result.notSimulated.map(({ kind, count }) => `${count} ${kind}`),
)}
${list("Assumptions", result.assumptions)}
</main>
<footer>Start ${escaped(result.start)}, ${durationText(result.durationSeconds)}, seed ${escaped(result.seed)}, digest ${result.digest}.</footer>
<script>${echarts.replaceAll("</script", "<\\/script")}</script>
<script>const result = ${JSON.stringify(plotted(result)).replaceAll("<", "\\u003c")};
${script}</script>
</body>
</html>
`;
}

function plotted({ start, series, decisions }: RunResult): object {
  return { start: start.slice(0, 19), series, marks: decisions };
}

function draw({ title, head, rows }: Table): string {
  const cells = (row: readonly string[], tag: string): string =>
    row.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join("");
  const body = rows
    .map((row) => `<tr class="${row[0] === "FAILED" ? "failed" : ""}">${cells(row, "td")}</tr>`)
    .join("\n");
  return `<h3>${escaped(title)}</h3><div class="scroll"><table><thead><tr>${cells(head, "th")}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function list(title: string, items: readonly string[]): string {
  if (items.length === 0) return "";
  return `<section><h3>${title}</h3><ul>${items.map((item) => `<li>${escaped(item)}</li>`).join("")}</ul></section>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

const script = `
const { series, marks } = result;
const [year, month, day, hour, minute, second] = result.start.match(/\\d+/g).map(Number);
const origin = Date.UTC(year, month - 1, day, hour, minute, second);
const at = (step) => origin + (step + 1) * series.stepSeconds * 1000;
const points = (values) => values.map((value, step) => [at(step), value]);
const colors = { fault: "#c0392b", healed: "#2e8b57", decision: "#2f6fd0", action: "#888" };
const lines = marks.map((mark) => ({ xAxis: origin + mark.atSeconds * 1000, name: mark.by + ": " + mark.text, lineStyle: { color: colors[mark.kind], width: mark.kind === "fault" ? 2 : 1, opacity: mark.kind === "decision" ? 0.45 : 0.9 }, label: { show: false } }));
const markLine = { symbol: "none", silent: false, data: lines, tooltip: { formatter: (p) => p.name } };
const line = (name, values, more) => ({ name, type: "line", showSymbol: false, data: points(values), ...more });
const inside = series.services.filter((service) => service.perSecond.some((rate) => rate > 0));
const plots = [
  ["Requests per second", "", inside.flatMap((s) => [line(s.service, s.perSecond), ...(s.failedPerSecond.some((v) => v > 0) ? [line(s.service + " failed", s.failedPerSecond, { lineStyle: { type: "dashed" }, areaStyle: { opacity: 0.25 } })] : [])])],
  ["Latency p99, ms (log)", "log", inside.map((s) => line(s.service, s.p99Ms.map((v) => (v === null ? null : Math.max(v, 0.1)))))],
  ["Replicas: wanted (dashed), ready", "", series.workloads.flatMap((w) => [line(w.workload, w.ready, { step: "end" }), line(w.workload + " wanted", w.wanted, { step: "end", lineStyle: { type: "dashed", width: 1 } })])],
  ["Pods without a machine", "", [line("pending pods", series.pendingPods, { step: "end", areaStyle: { opacity: 0.3 } })]],
  ["Machines", "", [line("bought", series.machines.bought, { step: "end", lineStyle: { type: "dashed" } }), line("ready", series.machines.ready, { step: "end" })]],
  ["Cost, USD", "", [line("spent", series.costMicroUsd.map((v) => v / 1e6), { areaStyle: { opacity: 0.2 } })]],
];
const root = document.getElementById("plots");
const span = { min: origin, max: at(series.steps - 1) };
const charts = plots.map(([title, scale, shown], index) => {
  const last = index === plots.length - 1;
  const div = document.createElement("div");
  div.className = last ? "plot last" : "plot";
  root.append(div);
  const chart = echarts.init(div, null, { renderer: "canvas" });
  const paired = {};
  const palette = ["#2f6fd0", "#e08a1e", "#2e8b57", "#8e44ad", "#16a2b8", "#7f8c8d", "#b5651d", "#4b5563"];
  const colored = shown.map((s, n) => { const key = s.name.replace(/ (wanted|failed)$/, ""); paired[key] ??= palette[Object.keys(paired).length % palette.length]; return { ...s, itemStyle: { color: s.name.endsWith(" failed") ? "#c0392b" : paired[key] }, ...(n === 0 ? { markLine } : {}) }; });
  chart.setOption({
    animation: false, useUTC: true,
    title: { text: title, textStyle: { fontSize: 13, fontWeight: 600 }, left: 0, top: 0 },
    legend: { type: "scroll", right: 0, top: 0, left: 250, itemWidth: 16, itemHeight: 8, textStyle: { fontSize: 11 }, data: colored.filter((s) => !s.name.endsWith(" wanted")).map((s) => s.name) },
    grid: { left: 56, right: 16, top: 34, bottom: last ? 74 : 24 },
    tooltip: { trigger: "axis" },
    xAxis: { type: "time", ...span },
    yAxis: scale === "log" ? { type: "log", logBase: 10 } : { type: "value", minInterval: title.startsWith("Cost") || title.startsWith("Req") ? 0 : 1 },
    dataZoom: [{ type: "inside", zoomOnMouseWheel: "ctrl" }, ...(last ? [{ type: "slider", height: 22, bottom: 8 }] : [])],
    series: colored,
  });
  return chart;
});
echarts.connect(charts);
addEventListener("resize", () => charts.forEach((chart) => chart.resize()));
`;
