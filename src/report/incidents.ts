import type { Uid } from "../model/index.ts";
import type { PodHistory } from "./pod-histories.ts";
import type { Incident } from "./run-result.ts";
import {
  bornAfter,
  countOf,
  type Evidence,
  earliest,
  firstBelow,
  firstReady,
  lastOf,
  latest,
  type Moment,
  type Origin,
  stagesOf,
  tell,
} from "./story.ts";

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

/** A workload that has fewer ready pods than it had when all was well. */
interface Outage {
  readonly level: number;
  /** `undefined`: beyond the end of the run. */
  readonly untilUs: number | undefined;
}

/** Losses of one story. */
interface Struck {
  readonly loss: Loss;
  readonly lost: readonly PodHistory[];
  /** Instants at which the kernel killed the same pod again, before it was ready. */
  readonly againUs: number[];
  readonly readyUs: number | undefined;
}

/**
 * The stories of losses, in order of time: who found out when, and which stage took the time. A loss that comes before an earlier
 * one of the same workload is made good is over when both are; when it is one more kill of the same pod, it is the same story.
 */
export function incidentsOf(losses: readonly Loss[], most: number, evidence: Evidence): Incident[] {
  const outages = new Map<string, Outage>();
  const stories: Struck[] = [];
  for (const loss of [...losses].sort((a, b) => a.atUs - b.atUs)) {
    const before = stories.findLast((one) => isSameKill(one.loss, loss));
    if (before !== undefined && (before.readyUs ?? Number.POSITIVE_INFINITY) > loss.atUs) {
      before.againUs.push(loss.atUs);
      continue;
    }
    const lost = lostPods(loss, evidence);
    if (lost.length === 0) continue;
    if (stories.length === most) break;
    stories.push({ loss, lost, againUs: [], readyUs: recovery(lost, loss.atUs, outages, evidence) });
  }
  return stories.map((story) => incidentOf(story, evidence));
}

function isSameKill(one: Loss, other: Loss): boolean {
  return one.what === oomKill && other.what === oomKill && one.subject === other.subject;
}

const oomKill = "OOM kill";

function lostPods({ atUs, machines, pods }: Loss, { histories, endUs }: Evidence): PodHistory[] {
  return [...histories.all()].filter((pod) => {
    if (pod.daemon || pod.boundUs === undefined || pod.boundUs > atUs || (pod.goneUs ?? endUs) <= atUs) return false;
    return machines.includes(pod.node ?? "") || pods.includes(pod.key);
  });
}

function incidentOf(struck: Struck, evidence: Evidence): Incident {
  const { loss, lost, againUs, readyUs } = struck;
  const { atUs, machines } = loss;
  const title = `${loss.what} of ${loss.subject}`;
  if (loss.what === oomKill || lost.every(({ deletingUs, goneUs }) => (deletingUs ?? goneUs) === undefined)) {
    // The pods live on: only containers were lost, and come back where they were.
    const before = (workload: string): number => evidence.histories.readyAt(workload, atUs - 1);
    const seenUs = earliest(lost.map(({ workload }) => firstBelow(workload, before(workload), atUs, evidence)));
    const kills = [atUs, ...againUs];
    const moments: Moment[] = [
      { name: "detected", atUs: seenUs, detail: "kubelet sees the exit" },
      ...kills.flatMap((us, nth) => lost.flatMap((pod) => restartOf(pod, us, kills[nth + 1]))),
      ...againUs.map((us) => ({ name: "OOMKilled again", atUs: us, detail: "" })),
      { name: "ready", atUs: readyUs, detail: "restarted in place", needed: true },
    ];
    const times = againUs.length === 0 ? "" : `, ${kills.length} times`;
    return tell(`${title}${times}`, originOf(loss), atUs, moments, readyUs, evidence);
  }
  const successors = successorsOf(struck, evidence);
  // Recovered is what users feel: the last successor is in the route tables too.
  const recoveredUs = readyUs === undefined ? undefined : Math.max(readyUs, ...lastOf(successors));
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
    {
      name: "decided",
      atUs: earliest(lost.map((pod) => pod.deletingUs ?? pod.goneUs)),
      detail: "pods are deleted",
      needed: true,
    },
    ...stagesOf(successors, atUs, evidence),
  ];
  return tell(`${title}: ${countOf(lost.length)} lost`, originOf(loss), atUs, moments, recoveredUs, evidence);
}

/** When a lost pod left the route tables; nothing if it was in none. */
function unrouting({ uid, routedUs }: PodHistory, lostUs: number, { unroutedUs }: Evidence): (number | undefined)[] {
  const us = unroutedUs.get(uid);
  const wasRouted = routedUs !== undefined && routedUs <= lostUs && (us === undefined || us >= lostUs);
  return wasRouted ? [us] : [];
}

function originOf({ what, subject, pods, leak }: Loss): Origin {
  const name = what === oomKill ? "OOMKilled" : what === "eviction" ? "eviction" : "fault";
  if (leak === undefined) return { name, detail: "" };
  const held = `${Math.round(leak.bytes / 1_048_576)} MiB`;
  const own = pods.includes(leak.pod);
  const growth = own ? `memory grows to ${held}` : `memory of ${leak.pod} grows to ${held}`;
  const detail = own ? `the kernel kills ${subject}` : `of a neighbour: ${leak.pod} holds ${held} and leaks`;
  return { name, detail, leak: { sinceUs: leak.sinceUs, detail: growth } };
}

/** The container's next start, before it is killed again, and whether the kubelet made it wait for that. */
function restartOf(
  { startsUs, backOffsUs }: PodHistory,
  killedUs: number,
  againUs = Number.POSITIVE_INFINITY,
): Moment[] {
  const startUs = startsUs?.find((us) => us > killedUs && us <= againUs);
  if (startUs === undefined && againUs < Number.POSITIVE_INFINITY) return [];
  const waited = backOffsUs?.some((us) => us > killedUs && us <= (startUs ?? Number.POSITIVE_INFINITY));
  const how = waited
    ? { name: "CrashLoopBackOff", detail: "the wait before the restart is over" }
    : { name: "restarted", detail: "without a wait" };
  return [{ ...how, atUs: startUs, needed: true }];
}

/** For each lost pod the next one born of its workload. */
function successorsOf({ lost, loss, readyUs }: Struck, evidence: Evidence): PodHistory[] {
  const wanted = new Map<string, number>();
  for (const { workload } of lost) wanted.set(workload, (wanted.get(workload) ?? 0) + 1);
  return bornAfter(loss.atUs, wanted, readyUs, evidence);
}

function detection({ atUs, machines }: Loss, lost: readonly PodHistory[], { cluster }: Evidence): number | undefined {
  const nodes = machines.flatMap((name) => cluster.nodeUnreadyUs.get(name) ?? []).filter((us) => us >= atUs);
  if (nodes.length > 0) return Math.min(...nodes);
  return earliest(lost.map(({ unreadyUs }) => (unreadyUs !== undefined && unreadyUs >= atUs ? unreadyUs : undefined)));
}

/** When every workload that lost pods had as many ready ones again as just before, or as before an outage that it is still in. */
function recovery(
  lost: readonly PodHistory[],
  atUs: number,
  outages: Map<string, Outage>,
  evidence: Evidence,
): number | undefined {
  let recoveredUs: number | undefined = atUs;
  for (const workload of new Set(lost.map((pod) => pod.workload))) {
    const known = outages.get(workload);
    const inOutage = known !== undefined && (known.untilUs ?? Number.POSITIVE_INFINITY) > atUs;
    const level = Math.max(evidence.histories.readyAt(workload, atUs - 1), inOutage ? known.level : 0);
    const lowestUs = firstBelow(workload, level, atUs, evidence);
    if (lowestUs === undefined) continue;
    const untilUs = firstReady(workload, level, lowestUs, evidence);
    outages.set(workload, { level, untilUs });
    recoveredUs = untilUs === undefined || recoveredUs === undefined ? undefined : Math.max(recoveredUs, untilUs);
  }
  return recoveredUs === atUs ? undefined : recoveredUs;
}
