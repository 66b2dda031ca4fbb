import type { NewObject } from "../../src/apiserver/index.ts";

export interface Row {
  readonly atMs: number;
  readonly actor: string;
  readonly verb: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly subresource?: string;
  readonly change?: Readonly<Record<string, unknown>>;
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly type?: string;
  readonly count?: number;
  readonly removed?: boolean;
  readonly noop?: boolean;
  /** Of a deletecollection. */
  readonly deleted?: readonly string[];
}

export interface TimelineAction {
  readonly atMs: number;
  readonly do: string;
  readonly object?: NewObject;
  readonly kind?: string;
  readonly name?: string;
  readonly patchType?: "merge" | "strategic" | "json";
  readonly patch?: unknown;
  readonly subresource?: string;
  readonly options?: object;
  readonly pod?: string;
  readonly node?: string | NewObject;
  readonly ready?: string | boolean;
  readonly restartCount?: number;
  readonly lastLeaseRenewedAtMs?: number;
  readonly answer?: { readonly code: number; readonly message?: string };
}

export interface Recording {
  readonly name: string;
  readonly namespace: string;
  readonly flags: Readonly<Record<string, readonly string[]>>;
  readonly startedAt: string;
  readonly endMs: number;
  readonly nodes: readonly NewObject[];
  readonly nodesNote?: string;
  readonly kubelet: { readonly defaultsMs: Readonly<Record<string, number | string>>; readonly leaseRenewEveryMs: number };
  readonly actions: readonly TimelineAction[];
  readonly timeline: readonly Row[];
  readonly perSecond?: Readonly<Record<string, unknown>>;
}

/** Components that are not simulated; what they write matters to nobody else. */
export const bystanders: ReadonlySet<string> = new Set([
  "endpoint-controller",
  "ttl-controller",
  "root-ca-cert-publisher",
  "ipallocator-repair-controller",
]);

/** Components under the names with which they sign. */
const signatures: Readonly<Record<string, string>> = {
  "node-lifecycle-controller": "node-controller",
  "daemonset-controller": "daemon-set-controller",
  "persistentvolume-controller": "persistent-volume-binder",
  kubectl: "user",
};

/** The name under which both sides know who wrote a row. */
export function signature({ actor, verb }: Row): string {
  if (verb.startsWith("event")) return actor === "node-lifecycle-controller" ? "node-controller" : actor === "kube-scheduler" ? "default-scheduler" : actor;
  return actor === "taint-eviction-controller" ? "node-controller" : (signatures[actor] ?? actor);
}
