import type { ClusterState, Readiness } from "./cluster-state.ts";
import type { NodeGroup, NodeGroups } from "./node-groups.ts";

/** One thing that is said of a group or of the cluster, and since when. */
export interface Aspect {
  readonly status: string;
  /** `undefined`: Go's zero instant; it was never looked at before. */
  readonly sinceUs: number | undefined;
}

/** Nodes by what is known of them. */
export interface NodeCounts {
  readonly registered: number;
  readonly ready: number;
  readonly notStarted: number;
  readonly unready: number;
  readonly longUnregistered: number;
  readonly unregistered: number;
}

export interface Health extends Aspect {
  readonly nodes: NodeCounts;
}

export interface GroupStatus {
  readonly name: string;
  readonly health: Health & { readonly target: number; readonly min: number; readonly max: number };
  readonly scaleUp: Aspect & { readonly error?: BackoffError };
  readonly scaleDown: Aspect & { readonly candidates: number };
  /** It has nodes, or awaits them: otherwise nobody looked. */
  readonly isProbed: boolean;
}

/** Why a group is left alone. */
export interface BackoffError {
  readonly code: string;
  readonly message: string;
}

/** What the autoscaler says of itself (`ClusterAutoscalerStatus` of clusterstate/api), without the instants at which it looked. */
export interface ClusterStatus {
  readonly clusterWide: {
    readonly health: Health;
    readonly scaleUp: Aspect;
    readonly scaleDown: Aspect & { readonly candidates: number };
  };
  readonly groups: readonly GroupStatus[];
}

/** What a status is made of. */
export interface StatusInput {
  readonly state: ClusterState;
  readonly groups: NodeGroups;
  /** Names of nodes that are not needed. */
  readonly candidates: ReadonlySet<string>;
  /** When candidates were looked for last; `undefined`: never. */
  readonly candidatesAtUs: number | undefined;
  readonly nowUs: number;
}

/** The status of a run, after that of the run before. */
export function clusterStatusOf(input: StatusInput, last: ClusterStatus | undefined): ClusterStatus {
  const { state, candidates, candidatesAtUs, nowUs } = input;
  const groups = [...input.groups].map((group): GroupStatus => groupStatusOf(group, input, last));
  const isGrowing = groups.some(({ scaleUp }) => scaleUp.status === "InProgress");
  const health = aspect(state.isClusterHealthy() ? "Healthy" : "Unhealthy", nowUs, last?.clusterWide.health);
  const scaleUp = aspect(isGrowing ? "InProgress" : "NoActivity", nowUs, last?.clusterWide.scaleUp);
  const ofGroups = [...candidates].filter((name) => input.groups.ofNode(name) !== undefined).length;
  const scaleDown = candidatesAspect(ofGroups, candidatesAtUs, last?.clusterWide.scaleDown);
  return { clusterWide: { health: { ...health, nodes: countsOf(state.total) }, scaleUp, scaleDown }, groups };
}

function groupStatusOf(
  group: NodeGroup,
  { state, groups, candidates, candidatesAtUs, nowUs }: StatusInput,
  last: ClusterStatus | undefined,
): GroupStatus {
  const { id: name } = group.spec;
  const before = last?.groups.find((known) => known.name === name);
  const readiness = state.readinessOf(name);
  const probedUs = readiness === undefined ? undefined : nowUs;
  const isHealthy = state.isGroupHealthy(group);
  const isBackedOff = state.backoff.isBackedOff(name, nowUs);
  const growing = state.isScalingUp(group)
    ? "InProgress"
    : !isHealthy
      ? "Unhealthy"
      : isBackedOff
        ? "Backoff"
        : "NoActivity";
  const error = growing === "Backoff" ? state.backoff.errorOf(name) : undefined;
  const mine = [...candidates].filter((node) => groups.ofNode(node) === group).length;
  const { target, min, max } = group;
  return {
    name,
    health: {
      ...aspect(isHealthy ? "Healthy" : "Unhealthy", probedUs, before?.health),
      nodes: countsOf(readiness),
      target,
      min,
      max,
    },
    scaleUp: { ...aspect(growing, probedUs, before?.scaleUp), ...(error !== undefined && { error }) },
    scaleDown: candidatesAspect(mine, candidatesAtUs, before?.scaleDown),
    isProbed: readiness !== undefined,
  };
}

function candidatesAspect(
  candidates: number,
  probedUs: number | undefined,
  last: Aspect | undefined,
): Aspect & { readonly candidates: number } {
  return { ...aspect(candidates > 0 ? "CandidatesPresent" : "NoCandidates", probedUs, last), candidates };
}

function aspect(status: string, probedUs: number | undefined, last: Aspect | undefined): Aspect {
  return { status, sinceUs: status === last?.status ? last.sinceUs : probedUs };
}

function countsOf(readiness: Readiness | undefined): NodeCounts {
  return {
    registered: readiness?.registered.length ?? 0,
    ready: readiness?.ready.length ?? 0,
    notStarted: readiness?.notStarted.length ?? 0,
    unready: readiness?.unready.length ?? 0,
    longUnregistered: readiness?.longUnregistered.length ?? 0,
    unregistered: readiness?.unregistered.length ?? 0,
  };
}
