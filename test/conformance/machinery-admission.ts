import {
  type AccessRequest,
  aggregateText,
  applyLimitRange,
  authorize,
  type LimitRange,
  limitRangeErrors,
  type Pod,
  type PriorityClassLike,
  parseTime,
  podQuotaUsage,
  type RbacBinding,
  type RbacRole,
  resolvePriority,
  type Toleration,
  withDefaultTolerations,
} from "../../src/model/index.ts";
import { type CaseResult, firstDifference, type Recordings } from "./area.ts";
import { type RecordedLine, replayLines } from "./machinery-replay.ts";

interface AdmissionLine extends RecordedLine {
  readonly plugin: string;
  readonly pod: unknown;
  readonly limitRange: LimitRange["spec"];
  readonly tolerations: readonly Toleration[] | null;
  readonly after: readonly Toleration[];
  readonly priorityClasses: readonly PriorityClassLike[] | null;
  readonly now: string;
}

export function admission(recordings: Recordings): Iterable<CaseResult> {
  return replayLines<AdmissionLine>(recordings, "admission", (line) => {
    const { id, plugin, pod, limitRange, tolerations, priorityClasses, now, ...expected } = line;
    switch (plugin) {
      case "LimitRanger":
        return firstDifference(expected, limited(line));
      case "Priority": {
        const fields = resolvePriority(pod as Pod["spec"], priorityClasses ?? []);
        const answer =
          "forbidden" in fields ? { error: `pods "p" is forbidden: ${fields.forbidden}` } : { after: fields };
        return firstDifference(expected, answer);
      }
      case "DefaultTolerationSeconds": {
        // Added tolerations are recorded as {}: only their number counts.
        const given = tolerations?.length ?? 0;
        const after = withDefaultTolerations(tolerations ?? undefined).map((item, at) => (at < given ? item : {}));
        return firstDifference(expected.after, after);
      }
      default:
        return firstDifference(line, { ...line, usage: podQuotaUsage(pod as Pod, parseTime(now)!.seconds) });
    }
  });
}

function limited({ pod, limitRange }: AdmissionLine): unknown {
  const range = { spec: limitRange };
  const before = { metadata: {}, spec: pod } as Pod;
  const after = applyLimitRange(before, range);
  const { annotations } = after.metadata;
  const errors = limitRangeErrors(after, range);
  return {
    mutated: after.spec,
    ...(annotations && { annotations }),
    ...(errors.length > 0 && { error: aggregateText(errors) }),
  };
}

interface RbacFixtures {
  readonly ClusterRoles: readonly RbacRole[];
  readonly Roles: readonly RbacRole[];
  readonly ClusterRoleBindings: readonly RbacBinding[];
  readonly RoleBindings: readonly RbacBinding[];
}

interface RbacLine extends RecordedLine, AccessRequest {
  readonly decision: string;
  readonly reason: string;
}

export function* rbac(recordings: Recordings): Iterable<CaseResult> {
  if (!recordings.has("rbac.fixtures.json")) return;
  const fixtures = recordings.json<RbacFixtures>("rbac.fixtures.json");
  const policy = {
    clusterRole: (name: string) => fixtures.ClusterRoles.find(({ metadata }) => metadata.name === name),
    role: (namespace: string, name: string) =>
      fixtures.Roles.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace),
    clusterRoleBindings: fixtures.ClusterRoleBindings,
    roleBindings: (namespace: string) => fixtures.RoleBindings.filter(({ metadata }) => metadata.namespace === namespace),
  };
  yield* replayLines<RbacLine>(recordings, "rbac", ({ decision, reason, ...request }) => {
    const answer = authorize(request, policy);
    const said = answer.allowed ? "Allow" : "NoOpinion";
    // The harness resolves dangling references in other words than the server.
    if (reason.endsWith("not found")) return firstDifference(decision, said);
    return firstDifference({ decision, reason }, { decision: said, reason: answer.reason });
  });
}
