import fc from "fast-check";
import type { Extension } from "../extension.ts";
import type { Fault } from "../faults/index.ts";
import type { RunResult } from "../report/index.ts";
import type { Scenario } from "../scenario/index.ts";
import { Simulation } from "../simulate.ts";

/** A fault as drawn: plain enough to be written into a scenario file. */
export interface DrawnFault {
  readonly atSeconds: number;
  readonly forSeconds: number;
  readonly kind:
    | "machine-crash"
    | "machine-freeze"
    | "kubelet-stop"
    | "network-partition"
    | "component-crash"
    | "pod-kill"
    | "api-server-outage";
  /** Index into the pools, or into components and workloads. */
  readonly which: number;
}

export interface Exploration {
  readonly runs: number;
  readonly failure:
    | { readonly faults: readonly DrawnFault[]; readonly deliveryJitterUs: number; readonly why: string }
    | undefined;
}

/** After the last fault has healed the cluster has so long to come to rest. */
const restSeconds = 900;
const components = ["kube-controller-manager", "kube-scheduler"];

/**
 * Draws faults, times and delivery orders, and looks for a run in which an invariant breaks or the cluster does not find
 * back to what it should be. A failure is shrunk to the fewest and simplest faults.
 */
export function explore(
  base: Scenario,
  seed: string,
  runs: number,
  extensions: readonly Extension[] = [],
  progress?: (run: number) => void,
): Exploration {
  const lastFault = Math.max(1, Math.floor(base.durationUs / 1_000_000) - 1);
  const faults = fc.array(
    fc.record({
      atSeconds: fc.integer({ min: 0, max: lastFault }),
      forSeconds: fc.integer({ min: 1, max: 600 }),
      kind: fc.constantFrom<DrawnFault["kind"]>(
        "pod-kill",
        "machine-crash",
        "kubelet-stop",
        "component-crash",
        "machine-freeze",
        "network-partition",
        "api-server-outage",
      ),
      which: fc.nat(7),
    }),
    { minLength: 1, maxLength: 5 },
  );
  const jitter = fc.constantFrom(0, 1_000, 50_000, 1_000_000);
  let count = 0;
  const outcome = fc.check(
    fc.property(faults, jitter, (drawn, deliveryJitterUs) => {
      count += 1;
      progress?.(count);
      const why = strike(base, seed, drawn, deliveryJitterUs, extensions);
      if (why !== undefined) throw new Error(why);
    }),
    { seed: numberOf(seed), numRuns: runs, endOnFailure: false },
  );
  if (!outcome.failed) return { runs: count, failure: undefined };
  const [drawn, deliveryJitterUs] = outcome.counterexample!;
  const why =
    strike(base, seed, drawn, deliveryJitterUs, extensions) ?? "it did not fail again: this is a bug of seatrial";
  return { runs: count, failure: { faults: drawn, deliveryJitterUs, why } };
}

/** One run under drawn faults: why it is not right, or nothing. */
export function strike(
  base: Scenario,
  seed: string,
  drawn: readonly DrawnFault[],
  deliveryJitterUs: number,
  extensions: readonly Extension[] = [],
): string | undefined {
  const healedSeconds = Math.max(0, ...drawn.map(({ atSeconds, forSeconds }) => atSeconds + forSeconds));
  const durationUs = (healedSeconds + restSeconds) * 1_000_000;
  const scenario: Scenario = {
    ...base,
    durationUs,
    expectations: [],
    faults: drawn.map((fault) => asFault(fault, base)),
    deliveryJitterUs,
  };
  const simulation = new Simulation(scenario, seed, { extensions });
  while (simulation.step(100_000) === "more");
  return wrongIn(simulation.result(), simulation);
}

function wrongIn({ violations }: RunResult, { api }: Simulation): string | undefined {
  const [violation] = violations;
  if (violation !== undefined) return `${violation.invariant}: ${violation.detail}`;
  for (const { metadata, spec, status } of api.store.list("Deployment")) {
    const wanted = spec.replicas ?? 1;
    if ((status.readyReplicas ?? 0) !== wanted)
      return `${metadata.name} has ${status.readyReplicas ?? 0} of ${wanted} ready ${restSeconds} s after the last fault healed`;
  }
  for (const { metadata, status } of api.store.list("Node")) {
    const ready = status.conditions?.find(({ type }) => type === "Ready")?.status;
    if (ready !== "True")
      return `node ${metadata.name} is ${ready === undefined ? "silent" : `Ready=${ready}`} ${restSeconds} s after the last fault healed`;
  }
  return undefined;
}

/** What a drawn fault is in this cluster. */
export function asFault({ atSeconds, forSeconds, kind, which }: DrawnFault, base: Scenario): Fault {
  const atUs = base.warmUpUs + atSeconds * 1_000_000;
  const common = { atUs, forUs: forSeconds * 1_000_000, text: kind };
  const pool = base.pools[which % base.pools.length]!;
  switch (kind) {
    case "network-partition":
      return { ...common, kind, where: { pool: pool.name, zone: pool.zones[which % pool.zones.length]! }, from: "all" };
    case "component-crash":
      return { ...common, kind, component: components[which % components.length]! };
    case "pod-kill": {
      const deployments = base.objects.filter((object) => object.kind === "Deployment");
      const target = deployments[which % Math.max(1, deployments.length)];
      const namespace = target?.metadata.namespace ?? "default";
      return { ...common, kind, workload: `deployment/${target?.metadata.name}`, namespace, count: 1 + (which % 3) };
    }
    case "api-server-outage":
      return { ...common, kind };
    default:
      return { ...common, kind, where: { pool: pool.name } };
  }
}

/** A drawn fault as a line of a scenario file. */
export function faultText(drawn: DrawnFault, base: Scenario): Record<string, unknown> {
  const fault = asFault(drawn, base);
  const text: Record<string, unknown> = { at: `${drawn.atSeconds}s`, kind: drawn.kind };
  if (fault.kind === "pod-kill")
    return { ...text, where: { workload: `${fault.namespace}/${fault.workload}` }, count: fault.count };
  if (fault.kind === "component-crash") return { ...text, component: fault.component, for: `${drawn.forSeconds}s` };
  if ("where" in fault) return { ...text, where: fault.where, for: `${drawn.forSeconds}s` };
  return { ...text, for: `${drawn.forSeconds}s` };
}

/** fast-check wants a 32-bit number for a seed. */
function numberOf(seed: string): number {
  let number = 0;
  for (const character of seed) number = (Math.imul(number, 31) + character.charCodeAt(0)) | 0;
  return number;
}
