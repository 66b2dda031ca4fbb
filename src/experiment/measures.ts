import type { RunResult } from "../report/index.ts";

/** One figure of a run that policies are compared by; less is better in all of them. */
export interface Measure {
  readonly name: string;
  readonly unit: string;
  readonly of: (result: RunResult) => number;
}

/** What is compared: money, what users suffered, how long recovery took. Services are those that users ask. */
export function measuresOf(result: RunResult): Measure[] {
  const asked = result.services.filter(({ users }) => users !== undefined).map(({ service }) => service);
  const service = (from: RunResult, name: string) => from.services.find((candidate) => candidate.service === name);
  return [
    { name: "cost", unit: "USD", of: ({ cost }) => cost.microUsd / 1_000_000 },
    {
      name: "failed requests of users",
      unit: "",
      of: ({ services }) => services.reduce((sum, { users }) => sum + (users?.failed ?? 0), 0),
    },
    ...asked.map(
      (name): Measure => ({ name: `${name} p99`, unit: "ms", of: (from) => service(from, name)?.p99Ms ?? 0 }),
    ),
    {
      name: "longest recovery",
      unit: "s",
      of: ({ incidents, durationSeconds }) =>
        incidents.reduce((worst, { recoverySeconds }) => Math.max(worst, recoverySeconds ?? durationSeconds), 0),
    },
    {
      name: "turns of workloads' sizes",
      unit: "",
      of: ({ workloads }) => workloads.reduce((sum, { turns }) => sum + turns, 0),
    },
    { name: "most machines", unit: "", of: ({ machines }) => machines.most },
    {
      name: "broken expectations",
      unit: "",
      of: ({ expectations }) => expectations.filter(({ held }) => !held).length,
    },
  ];
}
