import { type Order, type Policy, predictiveScaling, scheduledScaling, startPolicy } from "./autoscaler/index.ts";
import type { Process } from "./client/index.ts";
import { type MetricsApi, utc } from "./model/index.ts";
import { type PolicyChoice, type Scenario, ScenarioError, zoneIn } from "./scenario/index.ts";
import type { RandomStreams } from "./sim/index.ts";
import { rateAt } from "./traffic/index.ts";

interface PolicyParts {
  readonly scenario: Pick<Scenario, "policies" | "timeZones">;
  /** What extensions brought. */
  readonly defined: readonly Policy<never>[];
  readonly streams: RandomStreams;
  readonly processOf: (name: string) => Process;
  readonly metricsOf: (process: Process) => MetricsApi;
  readonly onOrder: (policy: string, order: Order, refusal: string | undefined) => void;
}

/** Makes the policies that the scenario chose, each in a process of its own. None is started yet. */
export function policyProcesses({ scenario, defined, streams, processOf, metricsOf, onOrder }: PolicyParts): Process[] {
  return scenario.policies.map((choice) => {
    const policy = policyOf(choice, scenario.timeZones, defined);
    const process = processOf(policy.name);
    const phaseUs = Math.floor(streams(`policy/${policy.name}`)() * policy.everyUs);
    const options = choice.kind === "custom" ? choice.options : undefined;
    startPolicy({ process, policy, options, metrics: metricsOf(process), phaseUs, onOrder });
    return process;
  });
}

function policyOf(
  choice: PolicyChoice,
  zones: Scenario["timeZones"],
  defined: readonly Policy<never>[],
): Policy<unknown> {
  switch (choice.kind) {
    case "scheduled":
      return scheduledScaling(choice.name, choice.holds, (zone) => zoneIn(zones, zone) ?? utc) as Policy<unknown>;
    case "predictive": {
      const { by, kind: _, ...options } = choice;
      if ("trendUs" in by)
        return predictiveScaling({ ...options, forecast: { by: "trend", windowUs: by.trendUs } }) as Policy<unknown>;
      const { past, periodUs } = by;
      const forecast = { by: "period", periodUs, ...(past && { past: (atUs: number) => rateAt(past, atUs) }) } as const;
      return predictiveScaling({ ...options, forecast }) as Policy<unknown>;
    }
    case "custom": {
      const policy = defined.find(({ name }) => name === choice.name);
      if (policy !== undefined) return policy as unknown as Policy<unknown>;
      const names = defined.map(({ name }) => name).join(", ");
      const expected = names === "" ? "a policy that an extension defines (none does)" : `one of ${names}`;
      const { at, path, name } = choice;
      throw new ScenarioError([{ code: "UNKNOWN_POLICY", at, path, expected, found: JSON.stringify(name) }]);
    }
  }
}
