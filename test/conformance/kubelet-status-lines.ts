import { type ContainerStatus, sameContent, type PodStatus, parseTime } from "../../src/model/index.ts";

type Fields = Record<string, unknown>;

/** What a patch of the status changes, in the recordings' keys. */
export function changedLines(before: PodStatus, after: PodStatus): Fields {
  const fields: Fields = {};
  for (const name of ["phase", "reason", "message", "observedGeneration"] as const) {
    if (before[name] !== after[name]) fields[name] = after[name] ?? null;
  }
  if (before.startTime !== after.startTime) fields["startTime"] = secondsOf(after.startTime);
  const lists = [
    ["condition", before.conditions, after.conditions, conditionLine],
    ["container", before.containerStatuses, after.containerStatuses, containerLine],
    ["initContainer", before.initContainerStatuses, after.initContainerStatuses, containerLine],
  ] as const;
  for (const [word, old, now, line] of lists) {
    const names = new Set([...(old ?? []), ...(now ?? [])].map((one) => ("type" in one ? one.type : one.name)));
    for (const name of names) {
      const find = (list: readonly unknown[] | undefined): unknown =>
        list?.find((one) => ((one as { type?: string }).type ?? (one as { name: string }).name) === name);
      const [was, is] = [find(old), find(now)];
      if (!sameContent(told(was, line), told(is, line))) fields[`${word} ${name}`] = told(is, line);
    }
  }
  return fields;
}

function told(value: unknown, line: (value: never) => Fields): Fields | null {
  return value === undefined ? null : line(value as never);
}

/** Whole seconds since the start; null for the zero time. */
export function secondsOf(time: string | undefined): number | null {
  return time === undefined ? null : parseTime(time)!.seconds;
}

interface AnyCondition {
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

export function conditionLine({ status, reason, message, lastTransitionTime }: AnyCondition): Fields {
  return {
    status,
    ...(reason !== undefined && reason !== "" && { reason }),
    ...(message !== undefined && message !== "" && { message }),
    lastTransitionTime: secondsOf(lastTransitionTime),
  };
}

function containerLine(status: ContainerStatus): Fields {
  const { ready, restartCount, started, state, lastState, resources, allocatedResources } = status;
  const last = stateLine(lastState);
  return {
    ...(resources !== undefined && { resources }),
    ...(allocatedResources !== undefined && { allocatedResources }),
    ...{ ready, restartCount, started, state: stateLine(state) },
    ...(Object.keys(last).length > 0 && { lastState: last }),
  };
}

function stateLine(state: ContainerStatus["state"]): Fields {
  const { running, terminated, waiting } = state ?? {};
  if (running !== undefined) return { running: { startedAt: secondsOf(running.startedAt) } };
  if (terminated !== undefined) {
    const { exitCode, reason, message, startedAt, finishedAt } = terminated;
    return {
      terminated: {
        ...{ exitCode, reason, startedAt: secondsOf(startedAt), finishedAt: secondsOf(finishedAt) },
        ...(message !== undefined && { message }),
      },
    };
  }
  return waiting === undefined ? {} : { waiting: { ...waiting } };
}
