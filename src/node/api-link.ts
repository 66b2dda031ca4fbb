import type { ApiReply, ApiRequest, ApiServer, NewObject } from "../apiserver/index.ts";
import {
  attachableVolume,
  claimsOf,
  keyOf,
  type Node,
  type ObjectKey,
  objectKey,
  type Pod,
  type PodStatus,
  uniqueVolumeName,
} from "../model/index.ts";
import { handler, phase } from "../sim/index.ts";
import type { EventSubject, KubeletApi } from "./kubelet-api.ts";
import type { Attachments } from "./volumes-in-use.ts";
import type { Execution } from "./work.ts";

/** Requests that the server refused with an error of its own are sent again after this. */
const retryUs = 1_000_000;
/** Statuses that the server did not take are told again by the status manager's full sync. */
const fullSyncUs = 10_000_000;

interface Call {
  readonly link: ApiLink;
  readonly request: ApiRequest;
  readonly reply: (reply: ApiReply) => void;
}

const send = handler<Call>("kubelet/request", (call) => call.link.carry(call));

/** A kubelet's client of the simulated API server: what is sent while the link is cut is lost. */
export class ApiLink implements KubeletApi {
  readonly requestUs = 2_000;
  readonly #api: ApiServer;
  readonly #execution: Execution;
  readonly #host: string;
  readonly #connected: () => boolean;

  constructor(api: ApiServer, execution: Execution, host: string, connected: () => boolean) {
    this.#api = api;
    this.#execution = execution;
    this.#host = host;
    this.#connected = connected;
  }

  pod(pod: Pod): Pod | undefined {
    const stored = this.#api.store.get("Pod", keyOf(pod));
    return stored?.metadata.uid === pod.metadata.uid ? stored : undefined;
  }

  keysOf(kind: "ConfigMap" | "Secret", key: ObjectKey): ReadonlySet<string> | undefined {
    const stored = this.#api.store.get(kind, key) as
      | { readonly data?: object; readonly binaryData?: object }
      | undefined;
    return stored && new Set([...Object.keys(stored.data ?? {}), ...Object.keys(stored.binaryData ?? {})]);
  }

  /** What the server says of the volumes of this machine's pods. */
  get attachments(): Attachments {
    const { store } = this.#api;
    const nodeKey = objectKey(undefined, this.#host);
    return {
      of: (pod) =>
        claimsOf(pod).flatMap((key) => {
          const name = store.get("PersistentVolumeClaim", key)?.spec.volumeName;
          const volume = name === undefined ? undefined : store.get("PersistentVolume", objectKey(undefined, name));
          const source = volume && attachableVolume(volume.spec);
          return source === undefined ? [] : uniqueVolumeName(source);
        }),
      isAttached: (volume) =>
        store.get("Node", nodeKey)?.status.volumesAttached?.some(({ name }) => name === volume) === true,
      reportInUse: (volumesInUse) => {
        const change = (node: Node): Node => ({ ...node, status: { ...node.status, volumesInUse } });
        this.send({ verb: "patch", kind: "Node", key: nodeKey, part: "status", change });
      },
    };
  }

  patchStatus(pod: Pod, status: PodStatus, done: (accepted: boolean) => void): void {
    if (!this.#connected()) return;
    const change = (current: Pod): Pod => ({ ...current, status });
    const reply = this.#api.handle({ verb: "patch", kind: "Pod", key: keyOf(pod), part: "status", change });
    if (reply.ok || reply.error.code < 500) done(true);
    else this.#execution.at(this.#execution.loop.nowUs + fullSyncUs, () => done(false));
  }

  deletePod(pod: Pod): void {
    const options = { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } };
    this.send({ verb: "delete", kind: "Pod", key: keyOf(pod), options });
  }

  createPod({ apiVersion, kind, metadata, spec, status }: Pod): void {
    this.send({ verb: "create", object: { apiVersion, kind, metadata, spec, status } as NewObject });
  }

  event({ kind, name, pod }: EventSubject, type: "Normal" | "Warning", reason: string, message: string): void {
    const key = pod === undefined ? objectKey(undefined, name) : keyOf(pod);
    const uid = pod?.metadata.uid ?? this.#api.store.get("Node", key)?.metadata.uid;
    if (uid === undefined) return;
    const { nowUs } = this.#execution.loop;
    this.#api.events.create({ kind, key, uid, type, reason, message, source: "kubelet", host: this.#host }, nowUs);
  }

  /** Sends a request; server errors are tried again, the reply comes with the answer. */
  send(request: ApiRequest, reply: (reply: ApiReply) => void = () => undefined): void {
    this.#schedule({ link: this, request, reply }, this.requestUs);
  }

  carry(call: Call): void {
    if (this.#execution.dead || !this.#connected()) return;
    const answer = this.#api.handle(call.request);
    if (!answer.ok && answer.error.code >= 500) this.#schedule(call, retryUs);
    else call.reply(answer);
  }

  #schedule(call: Call, afterUs: number): void {
    const { loop } = this.#execution;
    loop.schedule(loop.nowUs + afterUs, phase.api, send, call);
  }
}
