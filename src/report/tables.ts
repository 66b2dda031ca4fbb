import type { Incident, RunResult } from "./run-result.ts";
import { clockText, countText, durationText, failedOf, percentText, usdText } from "./words.ts";

/** A table as every renderer draws it: texts, the first row being the head. */
export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function expectationTable({ expectations }: RunResult): Table {
  const rows = expectations.map(({ text, held, measured }) => [held ? "held" : "FAILED", text, measured]);
  return { title: "Expectations", head: ["", "expected", "measured"], rows };
}

export function serviceTable({ services }: RunResult): Table {
  const rows = services.map((service) => [
    service.external ? `${service.service} (external)` : service.service,
    countText(service.arrived),
    countText(failedOf(service)),
    percentText(service.availability),
    `${service.p50Ms}`,
    `${service.p95Ms}`,
    `${service.p99Ms}`,
    countText(service.peakPerSecond),
  ]);
  return {
    title: "Services",
    head: ["service", "requests", "failed", "answered", "p50 ms", "p95 ms", "p99 ms", "peak /s"],
    rows,
  };
}

export function workloadTable({ workloads }: RunResult): Table {
  const rows = workloads.map(({ namespace, workload, leastReady, mostReady, mostWanted, resizes, turns }) => [
    `${namespace}/${workload}`,
    String(leastReady),
    String(mostReady),
    String(mostWanted),
    String(resizes),
    String(turns),
  ]);
  const head = ["workload", "least ready", "most ready", "most wanted", "resizes", "turns"];
  return { title: "Workloads", head, rows };
}

export function incidentTable(result: RunResult, incident: Incident): Table {
  const rows = incident.stages.map(({ name, atSeconds, tookSeconds, detail }) => [
    name,
    clockText(result, atSeconds),
    tookSeconds === 0 ? "" : `+${durationText(tookSeconds)}`,
    detail,
  ]);
  return { title: incident.title, head: ["stage", "at", "took", ""], rows };
}

/** One line under an incident's table. */
export function incidentSummary({ recoverySeconds, longestStage, failedRequests }: Incident): string {
  const recovered =
    recoverySeconds === null ? "not recovered within the run" : `recovered after ${durationText(recoverySeconds)}`;
  const stage = longestStage === null ? "" : `, most of it in “${longestStage}”`;
  return `${recovered}${stage}; ${countText(failedRequests)} requests failed meanwhile`;
}

/** Machines by pool, and what else prices were declared for. */
export function costTable({ cost }: RunResult): Table {
  const pools = cost.byPool.map(({ pool, machineSeconds, microUsd }) => [
    pool,
    (machineSeconds / 3600).toFixed(2),
    usdText(microUsd),
  ]);
  const items = (cost.items ?? []).map(({ item, microUsd }) => [item, "", usdText(microUsd)]);
  return { title: "Cost", head: ["pool", "machine hours", "cost"], rows: [...pools, ...items] };
}
