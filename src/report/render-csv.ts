import type { RunResult } from "./run-result.ts";

/** The series as CSV: one row a step, seconds after the start first. */
export function renderCsv({ series }: RunResult): string {
  const columns: [string, readonly (number | null)[]][] = [];
  for (const { service, perSecond, failedPerSecond, p50Ms, p95Ms, p99Ms } of series.services) {
    for (const [measure, values] of Object.entries({ perSecond, failedPerSecond, p50Ms, p95Ms, p99Ms })) {
      columns.push([`${service} ${measure}`, values]);
    }
  }
  for (const { workload, wanted, ready } of series.workloads)
    columns.push([`${workload} wanted`, wanted], [`${workload} ready`, ready]);
  columns.push(
    ["pending pods", series.pendingPods],
    ["machines bought", series.machines.bought],
    ["machines ready", series.machines.ready],
  );
  columns.push(["cost micro-USD", series.costMicroUsd]);
  const lines = [["seconds", ...columns.map(([name]) => name)].join(",")];
  for (let step = 0; step < series.steps; step += 1) {
    lines.push([(step + 1) * series.stepSeconds, ...columns.map(([, values]) => values[step] ?? "")].join(","));
  }
  return `${lines.join("\n")}\n`;
}
