import type { NewObject } from "../apiserver/index.ts";
import type { Hold, ScalingTarget } from "../autoscaler/index.ts";
import type { NodePool } from "../cloud/index.ts";
import { CronError, type ObjectKey, parseCron } from "../model/index.ts";
import type { Curve } from "../traffic/index.ts";
import type { Location } from "./complaint.ts";
import type { CurveText } from "./curve-schema.ts";
import type { PolicyChoice } from "./policy.ts";
import type { PolicyText } from "./policy-schema.ts";
import { pathText } from "./schema-complaints.ts";

type Path = readonly PropertyKey[];

/** What a policy's text is resolved with. */
export interface PolicyContext {
  /** Where the policy stands in the scenario. */
  readonly path: Path;
  /** Names that policies before it took. */
  readonly taken: ReadonlySet<string>;
  readonly pools: readonly NodePool[];
  object(reference: string, path: Path): { readonly key: ObjectKey; readonly object: NewObject | undefined };
  service(reference: string, path: Path): ObjectKey;
  curve(text: CurveText, path: Path): Curve;
  /** Whether there is such a time zone; its offsets go into the scenario. */
  timeZone(name: string): boolean;
  complain(code: string, path: Path, expected: string, found: unknown): void;
  locate(path: Path): Location;
}

/** Checks what a scenario says of a policy and makes it plain data. */
export function resolvePolicy(text: PolicyText, context: PolicyContext): PolicyChoice {
  const { path } = context;
  if ("custom" in text) {
    const { name, options } = text.custom;
    const at = [...path, "custom", "name"];
    return { kind: "custom", name: ownName(name, at, context), options, at: context.locate(at), path: pathText(at) };
  }
  return "scheduled" in text ? scheduled(text.scheduled, context) : predictive(text.predictive, context);
}

function scheduled(
  text: Extract<PolicyText, { scheduled: unknown }>["scheduled"],
  context: PolicyContext,
): PolicyChoice {
  const path = [...context.path, "scheduled"];
  const { timeZone } = text;
  if (!context.timeZone(timeZone))
    context.complain("UNKNOWN_TIME_ZONE", [...path, "timeZone"], 'a time zone such as "America/New_York"', timeZone);
  const holds = text.holds.map((hold, index): Hold => {
    const at = [...path, "holds", index];
    for (const end of ["from", "to"] as const) checkCron(hold[end], [...at, end], context);
    const { target, otherwise, most } = resolveTarget(hold.target, [...at, "target"], context);
    if (hold.hold > most)
      context.complain("TOO_BIG", [...at, "hold"], `at most ${most}, which is all it may have`, hold.hold);
    return { target, from: hold.from, to: hold.to, timeZone, hold: hold.hold, otherwise };
  });
  const name = ownName(text.name ?? "scheduled-scaling", [...path, "name"], context);
  return { kind: "scheduled", name, holds };
}

function predictive(
  text: Extract<PolicyText, { predictive: unknown }>["predictive"],
  context: PolicyContext,
): PolicyChoice {
  const path = [...context.path, "predictive"];
  const { target, most } = resolveTarget(text.target, [...path, "target"], context);
  if (text.least > text.most)
    context.complain("TOO_BIG", [...path, "least"], `at most \`most\`, ${text.most}`, text.least);
  if (text.every < 1_000_000) context.complain("TOO_SMALL", [...path, "every"], "a second at least", text.every);
  const { by, metric, perReplica, every, lookAhead, least } = text;
  return {
    kind: "predictive",
    name: ownName(text.name ?? "predictive-scaling", [...path, "name"], context),
    target,
    service: context.service(text.service, [...path, "service"]),
    metric,
    perReplica,
    everyUs: every,
    lookAheadUs: lookAhead,
    by:
      "trend" in by
        ? { trendUs: by.trend }
        : {
            periodUs: by.period,
            past: by.past === undefined ? undefined : context.curve(by.past, [...path, "by", "past"]),
          },
    least,
    most: Math.min(text.most, most),
  };
}

/** What is sized, what its manifest says, and how much it may be given at most. */
function resolveTarget(
  text: string,
  path: Path,
  context: PolicyContext,
): { readonly target: ScalingTarget; readonly otherwise: number; readonly most: number } {
  if (text.startsWith("pool/")) {
    const name = text.slice("pool/".length);
    const pool = context.pools.find((known) => known.name === name);
    if (pool === undefined) context.complain("UNKNOWN_REFERENCE", path, "the name of a node pool", name);
    return { target: { kind: "pool", pool: name }, otherwise: pool?.min ?? 0, most: pool?.max ?? unbounded };
  }
  const { key, object } = context.object(text, path);
  const spec = (object?.spec ?? {}) as { minReplicas?: number; maxReplicas?: number; replicas?: number };
  if (/(^|\/)hpa\//.test(text)) {
    const { minReplicas = 1, maxReplicas = unbounded } = spec;
    return { target: { kind: "hpa", key, maxReplicas }, otherwise: minReplicas, most: maxReplicas };
  }
  const [, kind] = /(deployment|statefulset|replicaset)\//.exec(text)!;
  const workload = { deployment: "Deployment", statefulset: "StatefulSet", replicaset: "ReplicaSet" } as const;
  const target = { kind: "workload", workload: workload[kind as keyof typeof workload], key } as const;
  return { target, otherwise: spec.replicas ?? 1, most: unbounded };
}

const unbounded = Number.MAX_SAFE_INTEGER;

function checkCron(text: string, path: Path, context: PolicyContext): void {
  try {
    const { fields, timeZone } = parseCron(text);
    if (timeZone !== undefined || fields === undefined)
      context.complain("BAD_CRON", path, "five cron fields; the time zone is `timeZone`", text);
  } catch (error) {
    if (!(error instanceof CronError)) throw error;
    context.complain("BAD_CRON", path, `five cron fields (${error.message})`, text);
  }
}

function ownName(name: string, path: Path, { taken, complain }: PolicyContext): string {
  if (taken.has(name)) complain("DUPLICATE", path, "a name that no policy before it has", name);
  return name;
}
