import type { Uid } from "../model/index.ts";
import type { ClusterObserver } from "./cluster-observer.ts";
import type { PodHistories, PodHistory } from "./pod-histories.ts";
import type { Incident, Stage } from "./run-result.ts";

interface Moment {
  readonly name: string;
  readonly atUs: number | undefined;
  readonly detail: string;
}

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
  /** Decisions to resize a workload: by whom, when, to how many. */
  readonly resizes: readonly Resize[];
}

export interface Resize {
  readonly atUs: number;
  readonly workload: string;
  /** How many were wanted before, and are now. */
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** What took pods away, or their containers: a fault, an eviction, the kernel. */
export interface Loss {
  /** `machine-crash`, `eviction`, `OOM kill`. */
  readonly what: string;
  readonly subject: string;
  readonly machines: readonly string[];
  readonly pods: readonly string[];
  readonly atUs: number;
  /** Memory that grew until it came to this. */
  readonly leak?: Leak;
}

export interface Leak {
  readonly pod: string;
  readonly uid: Uid;
  readonly sinceUs: number;
  readonly bytes: number;
}

/** The story of one loss: who found out when, and which stage took the time. */
export function incidentOf(loss: Loss, evidence: Evidence): Incident | undefined {
  const { atUs, machines, pods } = loss;
  const lost = [...evidence.histories.all()].filter((pod) => {
    if (pod.daemon || pod.boundUs === undefined || pod.boundUs > atUs || (pod.goneUs ?? evidence.endUs) <= atUs)
      return false;
    return machines.includes(pod.node ?? "") || pods.includes(pod.key);
  });
  if (lost.length === 0) return undefined;
  const successors = successorsOf(lost, atUs, evidence);
  const readyUs = recovery(lost, atUs, evidence);
  // Recovered is what users feel: the last successor is in the route tables too.
  const recoveredUs = readyUs === undefined ? undefined : Math.max(readyUs, ...lastOf(successors));
  const title = `${loss.what} of ${loss.subject}`;
  if (loss.what === "OOM kill" || lost.every(({ deletingUs, goneUs }) => (deletingUs ?? goneUs) === undefined)) {
    // The pods live on: only containers were lost, and come back where they were.
    const before = (workload: string): number => evidence.histories.readyAt(workload, atUs - 1);
    const seenUs = earliest(lost.map(({ workload }) => firstBelow(workload, before(workload), atUs, evidence)));
    const moments = [
      { name: "detected", atUs: seenUs, detail: "kubelet sees the exit" },
      ...lost.flatMap((pod) => restartOf(pod, atUs)),
      { name: "ready", atUs: readyUs, detail: "restarted in place" },
    ];
    return tell(title, originOf(loss), atUs, moments, readyUs, evidence);
  }
  const moments: Moment[] = [
    {
      name: "detected",
      atUs: detection(loss, lost, evidence),
      detail: machines.length > 0 ? "Node is no longer Ready" : "kubelet sees the exit",
    },
    {
      name: "unrouted",
      atUs: latest(lost.flatMap((pod) => unrouting(pod, atUs, evidence))),
      detail: "out of the route tables",
    },
    { name: "decided", atUs: earliest(lost.map((pod) => pod.deletingUs ?? pod.goneUs)), detail: "pods are deleted" },
    ...stagesOf(successors, atUs, evidence),
  ];
  return tell(
    `${title}: ${lost.length} ${lost.length === 1 ? "pod" : "pods"} lost`,
    originOf(loss),
    atUs,
    moments,
    recoveredUs,
    evidence,
  );
}

/** When a lost pod left the route tables; nothing if it was in none. */
function unrouting({ uid, routedUs }: PodHistory, lostUs: number, { unroutedUs }: Evidence): (number | undefined)[] {
  const us = unroutedUs.get(uid);
  const wasRouted = routedUs !== undefined && routedUs <= lostUs && (us === undefined || us >= lostUs);
  return wasRouted ? [us] : [];
}

/** What the story begins with, and what led there. */
interface Origin {
  readonly name: string;
  readonly detail: string;
  readonly leak?: { readonly sinceUs: number; readonly detail: string };
}

function originOf({ what, subject, pods, leak }: Loss): Origin {
  const name = what === "OOM kill" ? "OOMKilled" : what === "eviction" ? "eviction" : "fault";
  if (leak === undefined) return { name, detail: "" };
  const held = `${Math.round(leak.bytes / 1_048_576)} MiB`;
  const own = pods.includes(leak.pod);
  const growth = own ? `memory grows to ${held}` : `memory of ${leak.pod} grows to ${held}`;
  const detail = own ? `the kernel kills ${subject}` : `of a neighbour: ${leak.pod} holds ${held} and leaks`;
  return { name, detail, leak: { sinceUs: leak.sinceUs, detail: growth } };
}

/** The container's next start, and whether the kubelet made it wait for that. */
function restartOf({ startsUs, backOffsUs }: PodHistory, killedUs: number): Moment[] {
  const startUs = startsUs?.find((us) => us > killedUs);
  const waited = backOffsUs?.some((us) => us > killedUs && us <= (startUs ?? Number.POSITIVE_INFINITY));
  if (waited) return [{ name: "CrashLoopBackOff", atUs: startUs, detail: "the wait before the restart is over" }];
  return [{ name: "restarted", atUs: startUs, detail: "without a wait" }];
}

/** The story of a rise: an autoscaler resized a workload up, again and again, until all it wanted was there. */
export function rises(evidence: Evidence): Incident[] {
  const incidents: Incident[] = [];
  const byWorkload = new Map<string, Resize[]>();
  for (const resize of evidence.resizes)
    byWorkload.set(resize.workload, [...(byWorkload.get(resize.workload) ?? []), resize]);
  for (const [workload, resizes] of byWorkload) {
    for (const wave of wavesOf(resizes)) incidents.push(rise(workload, wave, evidence));
  }
  const longest = (a: Incident, b: Incident): number => (b.recoverySeconds ?? 1e12) - (a.recoverySeconds ?? 1e12);
  return incidents
    .sort(longest)
    .slice(0, mostRises)
    .sort((a, b) => a.atSeconds - b.atSeconds);
}

/** Rises told of: the longest ones, so that a week of waves makes no book. */
const mostRises = 8;
const quietUs = 300_000_000;

/** Consecutive resizes upward; five quiet minutes, or a step down, end a wave. */
function wavesOf(resizes: readonly Resize[]): Resize[][] {
  const waves: Resize[][] = [];
  let previous: Resize | undefined;
  let rising = false;
  for (const resize of resizes) {
    const up = previous === undefined || resize.to > previous.to;
    const quiet = previous !== undefined && resize.atUs - previous.atUs >= quietUs;
    if (up && rising && !quiet) waves.at(-1)!.push(resize);
    else if (up) waves.push([resize]);
    rising = up;
    previous = resize;
  }
  return waves;
}

function rise(workload: string, wave: readonly Resize[], evidence: Evidence): Incident {
  const first = wave[0]!;
  const last = wave.at(-1)!;
  const ready = evidence.histories.readyAt(workload, first.atUs);
  const untilUs = last.atUs + quietUs;
  const born = [...evidence.histories.all()].filter(
    (pod) => pod.workload === workload && pod.createdUs >= first.atUs && pod.createdUs <= untilUs,
  );
  const readyUs = firstReady(workload, Math.min(last.to, ready + born.length), last.atUs, evidence);
  const recoveredUs = readyUs === undefined ? undefined : Math.max(readyUs, ...lastOf(born));
  const moments: Moment[] = [
    { name: "decided", atUs: last.atUs, detail: wave.map(({ to }) => to).join(" → ") },
    ...stagesOf(born, first.atUs, evidence),
  ];
  const title = `${workload} scaled from ${first.from} to ${last.to}`;
  return tell(title, { name: "first decision", detail: "" }, first.atUs, moments, recoveredUs, evidence);
}

/** Of all of them: the last is in the route tables, the last is warm. */
function lastOf(pods: readonly PodHistory[]): number[] {
  return [latest(pods.map(({ routedUs }) => routedUs)) ?? 0, latest(pods.map(({ warmUs }) => warmUs)) ?? 0];
}

function stagesOf(pods: readonly PodHistory[], fromUs: number, { cluster }: Evidence): Moment[] {
  const machines = pods
    .map(({ node }) => cluster.nodeReadyUs.get(node ?? ""))
    .filter((us) => us !== undefined && us > fromUs);
  const count = `${pods.length} ${pods.length === 1 ? "pod" : "pods"}`;
  return [
    { name: "created", atUs: latest(pods.map(({ createdUs }) => createdUs)), detail: count },
    {
      name: "machine ready",
      atUs: machines.length === 0 ? undefined : latest(machines),
      detail: `${new Set(machines).size} new`,
    },
    { name: "scheduled", atUs: latest(pods.map(({ boundUs }) => boundUs)), detail: count },
    { name: "image pulled", atUs: latest(pods.map(({ pulledUs }) => pulledUs)), detail: "" },
    { name: "started", atUs: latest(pods.map(({ runningUs }) => runningUs)), detail: "" },
    { name: "ready", atUs: latest(pods.map(({ readyUs }) => readyUs)), detail: "" },
    { name: "routed", atUs: latest(pods.map(({ routedUs }) => routedUs)), detail: "" },
    {
      name: "ready but cold",
      atUs: latest(pods.map(({ warmUs }) => warmUs)),
      detail: "it answers, at the price of a cold start, until it is warm",
    },
  ];
}

function tell(
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
  const known = moments.filter(
    (moment): moment is Moment & { atUs: number } => moment.atUs !== undefined && moment.atUs >= atUs,
  );
  const all =
    recoveredUs === undefined
      ? known
      : [...known, { name: "recovered", atUs: recoveredUs, detail: "all that is wanted is ready and routed" }];
  let previousUs = atUs;
  for (const { name, atUs: us, detail } of [...all].sort((a, b) => a.atUs - b.atUs)) {
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

/** For each lost pod the next one born of its workload. */
function successorsOf(lost: readonly PodHistory[], atUs: number, { histories }: Evidence): PodHistory[] {
  const wanted = new Map<string, number>();
  for (const { workload } of lost) wanted.set(workload, (wanted.get(workload) ?? 0) + 1);
  const successors: PodHistory[] = [];
  for (const pod of histories.all()) {
    const left = wanted.get(pod.workload) ?? 0;
    if (left === 0 || pod.createdUs <= atUs) continue;
    wanted.set(pod.workload, left - 1);
    successors.push(pod);
  }
  return successors;
}

function detection({ atUs, machines }: Loss, lost: readonly PodHistory[], { cluster }: Evidence): number | undefined {
  const nodes = machines.flatMap((name) => cluster.nodeUnreadyUs.get(name) ?? []).filter((us) => us >= atUs);
  if (nodes.length > 0) return Math.min(...nodes);
  return earliest(lost.map(({ unreadyUs }) => (unreadyUs !== undefined && unreadyUs >= atUs ? unreadyUs : undefined)));
}

/** When every workload that lost pods had as many ready ones again as just before. */
function recovery(lost: readonly PodHistory[], atUs: number, evidence: Evidence): number | undefined {
  let recoveredUs = atUs;
  for (const workload of new Set(lost.map((pod) => pod.workload))) {
    const before = evidence.histories.readyAt(workload, atUs - 1);
    const lowest = firstBelow(workload, before, atUs, evidence);
    if (lowest === undefined) continue;
    const us = firstReady(workload, before, lowest, evidence);
    if (us === undefined) return undefined;
    recoveredUs = Math.max(recoveredUs, us);
  }
  return recoveredUs > atUs ? recoveredUs : undefined;
}

function firstBelow(workload: string, level: number, fromUs: number, { histories }: Evidence): number | undefined {
  const changes = histories.readiness.get(workload);
  const index = changes?.atUs.findIndex((us, at) => us >= fromUs && changes.ready[at]! < level) ?? -1;
  return index < 0 ? undefined : changes!.atUs[index];
}

function firstReady(workload: string, level: number, fromUs: number, { histories }: Evidence): number | undefined {
  if (histories.readyAt(workload, fromUs) >= level) return fromUs;
  const changes = histories.readiness.get(workload);
  const index = changes?.atUs.findIndex((us, at) => us >= fromUs && changes.ready[at]! >= level) ?? -1;
  return index < 0 ? undefined : changes!.atUs[index];
}

function latest(instants: readonly (number | undefined)[]): number | undefined {
  const known = instants.filter((us) => us !== undefined);
  return known.length === 0 || known.length < instants.length ? undefined : Math.max(...known);
}

function earliest(instants: readonly (number | undefined)[]): number | undefined {
  const known = instants.filter((us) => us !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function seconds(us: number): number {
  return Math.round(us / 100_000) / 10;
}
