import { Scalar, stringify } from "yaml";
import { callApi, type Task } from "../../client/index.ts";
import { type ConfigMap, type KubeObject, objectKey, type WallClock } from "../../model/index.ts";
import type { ClusterStatus, Health } from "./cluster-status.ts";
import { client } from "./taints.ts";

const namespace = "kube-system";
const name = "cluster-autoscaler-status";
const lastUpdated = "cluster-autoscaler.kubernetes.io/last-updated";

/** When a run looked at nodes, and when it last looked for nodes to remove. */
export interface Probes {
  readonly nodesUs: number;
  readonly candidatesUs: number | undefined;
}

/** The text under `status`, as cluster-autoscaler writes it since 1.30. No status: the process has only begun. */
export function statusText(
  status: ClusterStatus | undefined,
  { nodesUs, candidatesUs }: Probes,
  writtenUs: number,
  clock: WallClock,
): string {
  const instant = (us: number | undefined): Scalar | undefined => {
    if (us === undefined) return undefined;
    const text = new Scalar(goFraction(clock.microTime(us)));
    text.type = "QUOTE_DOUBLE";
    return text;
  };
  const times = (probedUs: number | undefined, sinceUs: number | undefined): object => ({
    lastProbeTime: instant(probedUs),
    lastTransitionTime: instant(sinceUs),
  });
  const time = goTime(writtenUs, clock);
  if (status === undefined) return printed({ time, autoscalerStatus: "Initializing" });
  const { clusterWide, groups } = status;
  const scaleDown = ({ status, sinceUs, candidates }: ClusterStatus["clusterWide"]["scaleDown"]): object => ({
    status,
    candidates: candidates > 0 ? candidates : undefined,
    ...times(candidatesUs, sinceUs),
  });
  return printed({
    time,
    autoscalerStatus: "Running",
    clusterWide: {
      health: { ...healthOf(clusterWide.health), ...times(nodesUs, clusterWide.health.sinceUs) },
      scaleUp: { status: clusterWide.scaleUp.status, ...times(nodesUs, clusterWide.scaleUp.sinceUs) },
      scaleDown: scaleDown(clusterWide.scaleDown),
    },
    nodeGroups: groups.map(({ name, health, scaleUp, scaleDown: removal, isProbed }) => {
      const probedUs = isProbed ? nodesUs : undefined;
      const { target, min, max } = health;
      const { error } = scaleUp;
      return {
        name,
        health: {
          ...healthOf(health),
          cloudProviderTarget: target,
          minSize: min,
          maxSize: max,
          ...times(probedUs, health.sinceUs),
        },
        scaleUp: {
          status: scaleUp.status,
          backoffInfo: error && { errorCode: error.code, errorMessage: error.message },
          ...times(probedUs, scaleUp.sinceUs),
        },
        scaleDown: scaleDown(removal),
      };
    }),
  });
}

/** Puts the text into the ConfigMap, which is made where there is none; says whether that succeeded. */
export function* writeStatusConfigMap(text: string, writtenUs: number, clock: WallClock): Task<boolean> {
  const via = `${client}/status`; // Events wait behind each other, and this not behind them.
  const annotations = { [lastUpdated]: goTime(writtenUs, clock) };
  const key = objectKey(namespace, name);
  const known = yield* callApi(via, { verb: "get", kind: "ConfigMap", key });
  if (known.ok) {
    const { metadata, ...map } = known.object as ConfigMap;
    const next = {
      ...map,
      metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } },
      data: { ...map.data, status: text },
    };
    return (yield* callApi(via, { verb: "update", next: next as KubeObject, part: "main" })).ok;
  }
  if (known.error.code !== 404) return false;
  const object = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace, name, annotations },
    data: { status: text },
  };
  return (yield* callApi(via, { verb: "create", object })).ok;
}

function healthOf({ status, nodes }: Health): object {
  const { registered, ready, notStarted, unready, longUnregistered, unregistered } = nodes;
  return {
    status,
    nodeCounts: {
      registered: {
        total: registered,
        ready,
        notStarted,
        unready: unready > 0 ? { total: unready, resourceUnready: 0 } : undefined,
      },
      longUnregistered,
      unregistered,
    },
  };
}

function printed(document: object): string {
  return stringify(document, { indentSeq: false, lineWidth: 0, singleQuote: true });
}

/** As Go prints an instant in UTC. */
function goTime(us: number, clock: WallClock): string {
  return `${goFraction(clock.microTime(us)).replace("T", " ").slice(0, -1)} +0000 UTC`;
}

/** RFC 3339 without the zeros that end a fraction. */
function goFraction(microTime: string): string {
  return microTime.replace(/\.?0+Z$/, "Z");
}
