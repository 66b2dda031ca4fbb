import type { ClusterObserver } from "./cluster-observer.ts";
import type { PodHistories, PodHistory } from "./pod-histories.ts";
import type { Incident, Stage } from "./run-result.ts";

/** What the stories are told from. */
export interface Evidence {
  readonly histories: PodHistories;
  readonly cluster: ClusterObserver;
  readonly startUs: number;
  readonly endUs: number;
  /** When a pod's address left the route tables. */
  readonly unroutedUs: ReadonlyMap<string, number>;
  /** Users' failed requests between two instants. */
  readonly failedBetween: (fromUs: number, toUs: number) => number;
}

export interface Moment {
  readonly name: string;
  readonly atUs: number | undefined;
  readonly detail: string;
  /** It has to come before all is well. */
  readonly needed?: boolean;
}

/** What the story begins with, and what led there. */
export interface Origin {
  readonly name: string;
  readonly detail: string;
  readonly leak?: { readonly sinceUs: number; readonly detail: string };
}

/** Pods on their way from nothing to the route tables; those that went before they were ready only by that. */
export function stagesOf(pods: readonly PodHistory[], fromUs: number, { cluster }: Evidence): Moment[] {
  const gone = pods.filter(isGoneUnready);
  const left = pods.filter((pod) => !isGoneUnready(pod));
  const machines = left
    .map(({ node }) => cluster.nodeReadyUs.get(node ?? ""))
    .filter((us) => us !== undefined && us > fromUs);
  const newest = (instant: (pod: PodHistory) => number | undefined): number | undefined => latest(left.map(instant));
  const count = countOf(left.length);
  return [
    ...gone.map((pod) => ({ name: "lost again", atUs: endOf(pod), detail: `${pod.key} goes before it is ready` })),
    { name: "created", atUs: newest(({ createdUs }) => createdUs), detail: count, needed: true },
    {
      name: "machine ready",
      atUs: machines.length === 0 ? undefined : latest(machines),
      detail: `${new Set(machines).size} new`,
    },
    { name: "scheduled", atUs: newest(({ boundUs }) => boundUs), detail: count, needed: true },
    { name: "image pulled", atUs: newest(({ pulledUs }) => pulledUs), detail: "" },
    { name: "started", atUs: newest(({ runningUs }) => runningUs), detail: "", needed: true },
    { name: "ready", atUs: newest(({ readyUs }) => readyUs), detail: "", needed: true },
    { name: "routed", atUs: newest(({ routedUs }) => routedUs), detail: "" },
    {
      name: "ready but cold",
      atUs: newest(({ warmUs }) => warmUs),
      detail: "it answers, at the price of a cold start, until it is warm",
    },
  ];
}

/** Of all that lived to be ready: the last is in the route tables, the last is warm. */
export function lastOf(pods: readonly PodHistory[]): number[] {
  const left = pods.filter((pod) => !isGoneUnready(pod));
  return [latest(left.map(({ routedUs }) => routedUs)) ?? 0, latest(left.map(({ warmUs }) => warmUs)) ?? 0];
}

/**
 * The next pods born of each workload, so many of them; for those that went before they were ready another one each, if it
 * came before all was well.
 */
export function bornAfter(
  fromUs: number,
  wanted: ReadonlyMap<string, number>,
  readyUs: number | undefined,
  { histories, endUs }: Evidence,
): PodHistory[] {
  const counts = new Map([...wanted].map(([workload, first]) => [workload, { first, again: 0 }]));
  const born: PodHistory[] = [];
  for (const pod of histories.all()) {
    const count = counts.get(pod.workload);
    if (count === undefined || pod.createdUs <= fromUs) continue;
    if (count.first > 0) count.first -= 1;
    else if (count.again > 0 && pod.createdUs <= (readyUs ?? endUs)) count.again -= 1;
    else continue;
    if (isGoneUnready(pod)) count.again += 1;
    born.push(pod);
  }
  return born;
}

export function isGoneUnready(pod: PodHistory): boolean {
  return pod.readyUs === undefined && endOf(pod) !== undefined;
}

function endOf({ deletingUs, goneUs }: PodHistory): number | undefined {
  return deletingUs ?? goneUs;
}

export function countOf(pods: number): string {
  return `${pods} ${pods === 1 ? "pod" : "pods"}`;
}

/** Tells it in the order of its moments. `recoveredUs` undefined: the run ended before, in the first stage that is needed and did not come. */
export function tell(
  title: string,
  origin: Origin,
  atUs: number,
  moments: readonly Moment[],
  recoveredUs: number | undefined,
  { startUs, failedBetween, endUs }: Evidence,
): Incident {
  const { name: cause, detail: why, leak } = origin;
  const stages: Stage[] = [];
  if (leak !== undefined)
    stages.push({ name: "leak", atSeconds: seconds(leak.sinceUs - startUs), tookSeconds: 0, detail: leak.detail });
  const grewUs = leak === undefined ? 0 : atUs - leak.sinceUs;
  stages.push({ name: cause, atSeconds: seconds(atUs - startUs), tookSeconds: seconds(grewUs), detail: why });
  const begun = stages.length;
  const known = moments.flatMap(({ name, atUs: us, detail }) =>
    us === undefined || us < atUs ? [] : [{ name, atUs: us, detail }],
  );
  const missing = moments.find((moment) => moment.needed === true && moment.atUs === undefined)?.name ?? "recovered";
  known.push(
    recoveredUs === undefined
      ? { name: missing, atUs: endUs, detail: "not by the end of the run" }
      : { name: "recovered", atUs: recoveredUs, detail: "all that is wanted is ready and routed" },
  );
  let previousUs = atUs;
  for (const { name, atUs: us, detail } of known.sort((a, b) => a.atUs - b.atUs)) {
    stages.push({ name, atSeconds: seconds(us - startUs), tookSeconds: seconds(us - previousUs), detail });
    previousUs = us;
  }
  const longest = stages
    .slice(begun)
    .reduce<Stage | undefined>(
      (best, stage) => (stage.tookSeconds > (best?.tookSeconds ?? 0) ? stage : best),
      undefined,
    );
  return {
    title,
    atSeconds: seconds(atUs - startUs),
    stages,
    recoverySeconds: recoveredUs === undefined ? null : seconds(recoveredUs - atUs),
    longestStage: longest?.name ?? null,
    failedRequests: Math.round(failedBetween(atUs, recoveredUs ?? endUs)),
  };
}

/** The first instant from then on at which a workload had fewer ready pods than that. */
export function firstBelow(
  workload: string,
  level: number,
  fromUs: number,
  { histories }: Evidence,
): number | undefined {
  if (histories.readyAt(workload, fromUs) < level) return fromUs;
  const changes = histories.readiness.get(workload);
  const index = changes?.atUs.findIndex((us, at) => us >= fromUs && changes.ready[at]! < level) ?? -1;
  return index < 0 ? undefined : changes!.atUs[index];
}

/** The first instant from then on at which it had at least so many. */
export function firstReady(
  workload: string,
  level: number,
  fromUs: number,
  { histories }: Evidence,
): number | undefined {
  if (histories.readyAt(workload, fromUs) >= level) return fromUs;
  const changes = histories.readiness.get(workload);
  const index = changes?.atUs.findIndex((us, at) => us >= fromUs && changes.ready[at]! >= level) ?? -1;
  return index < 0 ? undefined : changes!.atUs[index];
}

/** Of all of them; `undefined` when one is missing. */
export function latest(instants: readonly (number | undefined)[]): number | undefined {
  const known = instants.filter((us) => us !== undefined);
  return known.length === 0 || known.length < instants.length ? undefined : Math.max(...known);
}

/** Of those there are. */
export function earliest(instants: readonly (number | undefined)[]): number | undefined {
  const known = instants.filter((us) => us !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function seconds(us: number): number {
  return Math.round(us / 100_000) / 10;
}
