import { EventCorrelator, isPodTerminal, type ObjectKey, objectKey, type Pod, type PodStatus } from "../../src/model/index.ts";
import type { EventSubject, KubeletApi } from "../../src/node/kubelet-api.ts";
import { isMirrorPod } from "../../src/node/static-pods.ts";
import { changedLines } from "./kubelet-status-lines.ts";

type Fields = Readonly<Record<string, unknown>>;

export interface RecordedApiOptions {
  readonly nowUs: () => number;
  readonly record: (what: string, fields: Fields) => void;
  /** The watch: an object as it is now, or that it is gone. */
  readonly seen: (pod: Pod, gone: boolean) => void;
}

/** The in-memory API of the recordings: no latency, and the server's rules for deletion. */
export class RecordedApi implements KubeletApi {
  readonly requestUs = 0;
  readonly #options: RecordedApiOptions;
  readonly #pods = new Map<string, Pod>();
  readonly #objects = new Map<string, ReadonlySet<string>>();
  readonly #events = new Set<string>();
  #mirrors = 0;
  readonly #told = new Map<string, PodStatus>();
  readonly #correlator = new EventCorrelator();

  constructor(options: RecordedApiOptions) {
    this.#options = options;
    // When it registered its node, the kubelet said twice that nothing is short.
    for (const reason of ["NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID"]) {
      const told = { component: "kubelet", object: "Node/n1/", type: "Normal", reason, part: "", atMs: -400_000 };
      const message = `Node n1 status is now: ${reason}`;
      for (let times = 0; times < 2; times += 1) this.#correlator.correlate({ ...told, message });
      this.#events.add(["Node/n1/", undefined, "Normal", reason, message].join("\n"));
    }
  }

  named(name: string): Pod | undefined {
    return this.#pods.get(name);
  }

  create(pod: Pod): void {
    this.#pods.set(pod.metadata.name, pod);
    this.#options.seen(pod, false);
  }

  put(kind: string, name: string, data: unknown): void {
    this.#objects.set(`${kind}/${objectKey("default", name)}`, new Set(Object.keys(data ?? {})));
  }

  delete(name: string, seconds: number | undefined, timeOf: (us: number) => string): void {
    const pod = this.#pods.get(name);
    if (pod === undefined) return;
    const { metadata, spec } = pod;
    const grace = isPodTerminal(pod) ? 0 : (seconds ?? spec.terminationGracePeriodSeconds ?? 30);
    if (grace === 0) {
      this.#remove(pod);
      return;
    }
    if ((metadata.deletionGracePeriodSeconds ?? Number.POSITIVE_INFINITY) <= grace) return;
    this.change(name, {
      ...pod,
      metadata: {
        ...metadata,
        generation: (metadata.generation ?? 1) + 1,
        deletionTimestamp: timeOf(this.#options.nowUs() + grace * 1_000_000),
        deletionGracePeriodSeconds: grace,
      },
    });
  }

  change(name: string, pod: Pod): void {
    this.#pods.set(name, pod);
    this.#options.seen(pod, false);
  }

  pod(pod: Pod): Pod | undefined {
    const stored = this.#pods.get(pod.metadata.name);
    return stored?.metadata.uid === pod.metadata.uid ? stored : undefined;
  }

  keysOf(kind: "ConfigMap" | "Secret", key: ObjectKey): ReadonlySet<string> | undefined {
    return this.#objects.get(`${kind}/${key}`);
  }

  patchStatus(pod: Pod, status: PodStatus, done: (accepted: boolean) => void): void {
    const { name } = pod.metadata;
    // A mirror made anew is compared with what was told of the one before it.
    const fields = changedLines((isMirrorPod(pod) ? this.#told.get(name) : undefined) ?? pod.status, status);
    this.#told.set(name, status);
    if (Object.keys(fields).length > 0) this.#options.record("status", { pod: name, ...fields });
    this.change(name, { ...pod, status });
    done(true);
  }

  deletePod(pod: Pod): void {
    const stored = this.pod(pod);
    if (stored === undefined) return;
    this.#options.record("delete", { pod: pod.metadata.name, gracePeriodSeconds: 0 });
    this.#remove(stored);
  }

  createPod(pod: Pod): void {
    const { name, annotations = {} } = pod.metadata;
    this.#options.record("createPod", { pod: name, annotations: Object.keys(annotations).sort() });
    this.#mirrors += 1;
    this.create({ ...pod, metadata: { ...pod.metadata, uid: `mirror-${this.#mirrors}` as Pod["metadata"]["uid"] }, status: {} } as Pod);
  }

  event({ kind, name, pod, fieldPath }: EventSubject, type: "Normal" | "Warning", reason: string, message: string): void {
    const object = `${kind} ${name}${fieldPath === undefined ? "" : ` ${fieldPath}`}`;
    const atMs = Math.floor(this.#options.nowUs() / 1000);
    const identity = `${kind}/${name}/${pod?.metadata.uid ?? ""}`;
    const told = { component: "kubelet", object: identity, type, reason, message, atMs, part: fieldPath ?? "" };
    const written = this.#correlator.correlate(told);
    if (written === undefined) return;
    // A patch of an event whose creation the spam filter dropped is not found, and creates it.
    const key = [identity, fieldPath, type, reason, written.message].join("\n");
    const verb = this.#events.has(key) ? "patch" : "create";
    this.#events.add(key);
    this.#options.record("event", {
      ...{ verb, object, type, reason, message: written.message, count: written.count },
    });
  }

  #remove(pod: Pod): void {
    this.#pods.delete(pod.metadata.name);
    this.#options.seen(pod, true);
  }
}
