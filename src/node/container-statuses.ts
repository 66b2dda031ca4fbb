import type { Container, ContainerStatus, Pod, WallClock } from "../model/index.ts";
import { shouldStart } from "./pod-actions.ts";
import type { ContainerSeen, PodSeen } from "./runtime-pod.ts";
import { noState, type SharedParts } from "./shared-parts.ts";

/** Why a container could not be started in the last sync. */
export interface StartFailure {
  readonly reason: string;
  readonly message: string;
}

export interface StatusSources {
  readonly pod: Pod;
  readonly seen: PodSeen;
  /** The kubelet's reason cache, by container. */
  readonly failures: ReadonlyMap<string, StartFailure>;
  readonly clock: WallClock;
  readonly shared: SharedParts;
}

type State = NonNullable<ContainerStatus["state"]>;

/** kubelet's `convertToAPIContainerStatuses`, for the ordinary containers or for the init containers. */
export function containerStatuses(
  containers: readonly Container[],
  kind: "init" | "main",
  previous: readonly ContainerStatus[],
  sources: StatusSources,
): ContainerStatus[] {
  return containers.map((container) => statusOf(container, kind, previous, sources));
}

function statusOf(
  container: Container,
  kind: "init" | "main",
  previous: readonly ContainerStatus[],
  sources: StatusSources,
): ContainerStatus {
  const { pod, seen, failures } = sources;
  const { name, image = "" } = container;
  const old = previous.find((status) => status.name === name);
  const [newest, before] = seen.containers.filter((one) => one.name === name);
  let status = newest === undefined ? unseen(container, kind, old, pod) : seenStatus(container, newest, old, sources);
  if (before !== undefined) status = { ...status, lastState: stateOf(before, sources) };
  if (kind === "init" && newest?.state === "exited" && newest.exitCode === 0) return status;
  if (!shouldStart(container, pod, seen)) return status;
  const failure = failures.get(name);
  if (failure === undefined) return status;
  const { reason, message } = failure;
  return {
    ...status,
    image,
    ...(status.state?.terminated !== undefined && { lastState: status.state }),
    state: { waiting: { reason, ...(message !== "" && { message }) } },
  };
}

function seenStatus(
  container: Container,
  seen: ContainerSeen,
  old: ContainerStatus | undefined,
  sources: StatusSources,
): ContainerStatus {
  const { name, image = "", resources } = container;
  const { requests, limits } = resources ?? {};
  const ended = old?.state?.terminated !== undefined;
  const counted = old?.restartCount ?? 0;
  // Attempts begin at 0 again where all containers were removed to be restarted.
  const again = ended && seen.state === "running" && counted >= seen.attempt;
  const restartCount = again ? counted + 1 : Math.max(seen.attempt, counted);
  return {
    name,
    image,
    imageID: image,
    containerID: seen.id,
    ready: false,
    restartCount,
    // What runs has what it was given; what does not run will have what it was granted.
    ...((requests ?? limits) !== undefined && { resources: seen.state === "running" ? seen.resources : resources }),
    ...(requests !== undefined && { allocatedResources: requests }),
    lastState: (ended && old.containerID !== seen.id ? old.state : old?.lastState) ?? noState,
    state: stateOf(seen, sources),
  };
}

function stateOf(
  { id, state, startedUs, finishedUs, exitCode, reason, message }: ContainerSeen,
  { clock, shared }: StatusSources,
): State {
  if (state === "created") return { waiting: {} };
  if (state === "running") return shared.running(clock.time(startedUs));
  return {
    terminated: {
      exitCode,
      reason,
      containerID: id,
      finishedAt: clock.time(finishedUs),
      ...(startedUs > 0 && { startedAt: clock.time(startedUs) }),
      ...(message !== undefined && { message }),
    },
  };
}

/** The runtime has no container of that name (any more). */
function unseen(
  container: Container,
  kind: "init" | "main",
  old: ContainerStatus | undefined,
  pod: Pod,
): ContainerStatus {
  const { name, image = "" } = container;
  if (kind === "init" && old?.state?.terminated !== undefined) return old;
  const reason = (pod.spec.initContainers ?? []).length > 0 ? "PodInitializing" : "ContainerCreating";
  const status: ContainerStatus = {
    name,
    image,
    imageID: "",
    ready: false,
    restartCount: old?.restartCount ?? 0,
    lastState: old?.lastState ?? noState,
    state: { waiting: { reason } },
  };
  if (old?.state?.running === undefined || status.lastState?.terminated !== undefined) return status;
  const message = "The container could not be located when the pod was deleted.  The container used to be Running";
  return {
    ...status,
    restartCount: status.restartCount + (pod.metadata.deletionTimestamp === undefined ? 1 : 0),
    lastState: { terminated: { reason: "ContainerStatusUnknown", message, exitCode: 137 } },
  };
}

/** kubecontainer's `HasAnyRegularContainerStarted`: the runtime knows of one that runs or ran. */
export function isAnyStarted(statuses: readonly ContainerStatus[]): boolean {
  return statuses.some(({ state }) => state?.running !== undefined || state?.terminated !== undefined);
}

/** Whether any of the ordinary containers has ever run: the pod was initialized then. */
export function hasStarted(statuses: readonly ContainerStatus[]): boolean {
  return statuses.some(
    ({ state, lastState }) =>
      state?.running !== undefined || state?.terminated !== undefined || lastState?.terminated !== undefined,
  );
}
