import type { ObjectKey, Pod, PodStatus } from "../model/index.ts";

/** What an Event is about. */
export interface EventSubject {
  readonly kind: "Pod" | "Node";
  readonly name: string;
  readonly pod?: Pod;
  /** `spec.containers{c}`, for events about one container. */
  readonly fieldPath?: string;
}

/** A kubelet's link to the API server. Requests take time and may get lost with the link. */
export interface KubeletApi {
  /** From a decision to the request's being handled, in microseconds. */
  readonly requestUs: number;
  /** The pod as stored; `undefined` when it is gone or another of its name is there. */
  pod(pod: Pod): Pod | undefined;
  /** Names of what a ConfigMap or a Secret holds; `undefined` when there is none. */
  keysOf(kind: "ConfigMap" | "Secret", key: ObjectKey): ReadonlySet<string> | undefined;
  patchStatus(pod: Pod, status: PodStatus, done: (accepted: boolean) => void): void;
  deletePod(pod: Pod): void;
  /** A mirror of a static pod. */
  createPod(pod: Pod): void;
  event(subject: EventSubject, type: "Normal" | "Warning", reason: string, message: string): void;
}
