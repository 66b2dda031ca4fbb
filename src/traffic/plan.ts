import type { ObjectKey } from "../model/index.ts";
import type { Call, External } from "../world/index.ts";
import { type Curve, curveProblems } from "./curve.ts";

/** What a caller does when no good answer comes. */
export interface Patience {
  /** How long a caller waits for the answer to one attempt, in microseconds. Then it closes the connection. */
  readonly timeoutUs: number;
  /** Attempts after the first, at most. */
  readonly retries: number;
  /** Wait before each further attempt, in microseconds. Default 0: at once. */
  readonly backoffUs?: number;
}

/** Users who ask one service. */
export interface EntryFlow extends Patience {
  /** Named in reports; unique in a plan. */
  readonly name: string;
  /** `namespace/name` of the Service they ask. */
  readonly to: ObjectKey;
  readonly curve: Curve;
}

/** What users ask, and how services ask each other. How pods answer stands in each pod's `behavior`. */
export interface TrafficPlan {
  readonly flows: readonly EntryFlow[];
  readonly externals: readonly External[];
  /** Of calls between services and to externals. */
  readonly calls: Patience;
}

/** A request between services: who may call whom, as far as it is known before the run. */
export interface CallEdge {
  /** `namespace/name` of the calling Service. */
  readonly from: string;
  readonly call: Call;
}

/** One mistake in a plan, and where: `flows[2].curve`. */
export interface PlanProblem {
  readonly at: string;
  readonly problem: string;
}

/** Everything wrong with a plan, all at once. `edges` are the calls that behaviors declare, service by service. */
export function planProblems(plan: TrafficPlan, edges: readonly CallEdge[] = []): PlanProblem[] {
  const problems: PlanProblem[] = [];
  const names = new Set<string>();
  plan.flows.forEach((flow, index) => {
    if (names.has(flow.name)) problems.push({ at: `flows[${index}].name`, problem: `"${flow.name}" names two flows` });
    names.add(flow.name);
    for (const problem of curveProblems(flow.curve)) problems.push({ at: `flows[${index}].curve`, problem });
    problems.push(...patienceProblems(flow, `flows[${index}]`));
  });
  problems.push(...patienceProblems(plan.calls, "calls"));
  const externals = new Set<string>();
  plan.externals.forEach(({ name, connections }, index) => {
    if (externals.has(name))
      problems.push({ at: `externals[${index}].name`, problem: `"${name}" names two externals` });
    externals.add(name);
    if (!(connections >= 1)) problems.push({ at: `externals[${index}].connections`, problem: "at least 1 is needed" });
  });
  edges.forEach(({ from, call }, index) => {
    const at = `calls of ${from}`;
    if (!(call.perRequest >= 0)) problems.push({ at, problem: `calls per request are at least 0 (call ${index})` });
    if ("external" in call.to && !externals.has(call.to.external)) {
      problems.push({ at, problem: `no external is named "${call.to.external}"` });
    }
  });
  for (const cycle of callCycles(edges)) {
    problems.push({
      at: `calls of ${cycle[0]}`,
      problem: `services call each other in a circle: ${cycle.join(" → ")}`,
    });
  }
  return problems;
}

function patienceProblems({ timeoutUs, retries, backoffUs = 0 }: Patience, at: string): PlanProblem[] {
  const problems: PlanProblem[] = [];
  if (!(timeoutUs > 0)) problems.push({ at: `${at}.timeoutUs`, problem: "a time-out is longer than 0" });
  if (!(Number.isInteger(retries) && retries >= 0)) {
    problems.push({ at: `${at}.retries`, problem: "retries are a whole number, at least 0" });
  }
  if (!(backoffUs >= 0)) problems.push({ at: `${at}.backoffUs`, problem: "a backoff is at least 0" });
  return problems;
}

/** Each circle once, as the services on it, the first repeated at the end. */
function callCycles(edges: readonly CallEdge[]): string[][] {
  const calls = new Map<string, string[]>();
  for (const { from, call } of edges) {
    if (!("service" in call.to)) continue;
    const known = calls.get(from);
    if (known === undefined) calls.set(from, [call.to.service]);
    else known.push(call.to.service);
  }
  const cycles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (service: string): void => {
    const seen = path.indexOf(service);
    if (seen >= 0) cycles.push([...path.slice(seen), service]);
    if (seen >= 0 || done.has(service)) return;
    path.push(service);
    for (const callee of calls.get(service) ?? []) visit(callee);
    path.pop();
    done.add(service);
  };
  for (const service of calls.keys()) visit(service);
  return cycles;
}
