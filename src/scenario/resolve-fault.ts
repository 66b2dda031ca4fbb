import type { Fault, MachineSelector } from "../faults/index.ts";
import type { ObjectKey } from "../model/index.ts";
import type { Complain } from "./complaint.ts";
import type { FaultText } from "./fault-schema.ts";
import type { NodePoolText } from "./scenario-schema.ts";

/** What a fault's text is resolved with. */
export interface FaultContext {
  readonly atUs: number;
  /** Where it stands in the scenario. */
  readonly path: readonly PropertyKey[];
  readonly pools: readonly NodePoolText[];
  /** Processes that decide; `undefined`: extensions may bring others. */
  readonly components: readonly string[] | undefined;
  reference(text: string, path: readonly PropertyKey[]): { readonly short: string; readonly namespace: string };
  service(text: string, path: readonly PropertyKey[]): ObjectKey;
  readonly complain: Complain;
}

/** A fault in virtual time, with its references checked. */
export function resolveFault(text: FaultText, context: FaultContext): Fault {
  const { atUs, path } = context;
  const base = { atUs, text: text.kind, ...("for" in text && text.for !== undefined && { forUs: text.for }) };
  switch (text.kind) {
    case "machine-crash":
    case "machine-freeze":
    case "machine-shutdown":
    case "kubelet-stop":
    case "runtime-not-ready":
      return { ...base, kind: text.kind, where: machines(text.where, context) };
    case "network-partition":
      return { ...base, kind: text.kind, where: machines(text.where, context), from: text.from };
    case "zone-outage":
      checkZone(text.zone, [...path, "zone"], context);
      return { ...base, kind: text.kind, zone: text.zone };
    case "out-of-capacity": {
      return { ...base, kind: text.kind, ...soldOut(text, context) };
    }
    case "spot-interruption":
      return { ...base, kind: text.kind, where: machines(text.where, context), count: text.count };
    case "pod-kill": {
      const { short, namespace } = context.reference(text.where.workload, [...path, "where", "workload"]);
      return { ...base, kind: text.kind, workload: short, namespace, count: text.count };
    }
    case "traffic-spike":
      return { ...base, kind: text.kind, to: context.service(text.to, [...path, "to"]), factor: text.factor };
    case "registry-slow":
      return { ...base, kind: text.kind, factor: text.factor ?? Number.POSITIVE_INFINITY };
    case "component-crash":
    case "component-partition":
      if (context.components !== undefined && !context.components.includes(text.component)) {
        const expected = `a process of the control plane: ${context.components.join(", ")}`;
        context.complain("UNKNOWN_REFERENCE", [...path, "component"], expected, text.component);
      }
      return { ...base, kind: text.kind, component: text.component };
    case "api-server-outage":
    case "cloud-throttling":
      return { ...base, kind: text.kind };
  }
}

/** What cannot be bought: a pool, or all pools of a type, in a zone or in all of theirs. */
function soldOut(
  { pool, instanceType, zone }: Extract<FaultText, { kind: "out-of-capacity" }>,
  context: FaultContext,
): { readonly sales: readonly string[]; readonly what: string } {
  const { path } = context;
  const struck = context.pools.filter(
    (known) =>
      (pool === undefined || known.name === pool) &&
      (instanceType === undefined || known.instanceType === instanceType),
  );
  if (pool === undefined && instanceType === undefined)
    context.complain("MISSING_FIELD", path, "a pool or an instanceType", undefined);
  else if (struck.length === 0 && pool !== undefined)
    context.complain("UNKNOWN_REFERENCE", [...path, "pool"], "the name of a node pool", pool);
  else if (struck.length === 0)
    context.complain("UNKNOWN_REFERENCE", [...path, "instanceType"], "the type of a node pool", instanceType);
  if (zone !== undefined) checkZone(zone, [...path, "zone"], context);
  const zones = [...new Set(struck.flatMap((known) => known.zones))].filter((known) => (zone ?? known) === known);
  const sales = struck.flatMap(({ name, zones: own }) =>
    zones.filter((at) => own.includes(at)).map((at) => `${name}/${at}`),
  );
  return { sales, what: `${pool ?? instanceType} in ${zones.join(", ")}` };
}

function machines(
  { runs, pool, zone, name }: Extract<FaultText, { kind: "machine-crash" }>["where"],
  context: FaultContext,
): MachineSelector {
  const { path } = context;
  if (zone !== undefined) checkZone(zone, [...path, "where", "zone"], context);
  if (pool !== undefined && !context.pools.some((known) => known.name === pool)) {
    context.complain("UNKNOWN_REFERENCE", [...path, "where", "pool"], "the name of a node pool", pool);
  }
  const workload = runs === undefined ? undefined : context.reference(runs, [...path, "where", "runs"]);
  return {
    ...(workload && { runs: { workload: workload.short, namespace: workload.namespace } }),
    ...(pool !== undefined && { pool }),
    ...(zone !== undefined && { zone }),
    ...(name !== undefined && { name }),
  };
}

function checkZone(zone: string, path: readonly PropertyKey[], context: FaultContext): void {
  const zones = context.pools.flatMap((pool) => pool.zones);
  if (!zones.includes(zone))
    context.complain("UNKNOWN_REFERENCE", path, `one of ${[...new Set(zones)].join(", ")}`, zone);
}
