import type { LogEntry, NewEvent } from "../apiserver/index.ts";
import { isPodReady, isPodTerminal, keyOf, type Pod, type Uid, workloadOf } from "../model/index.ts";

/** One pod's life in instants; `undefined` where it has not come to that. */
export interface PodHistory {
  readonly uid: Uid;
  readonly key: string;
  /** `namespace/deployment/web`. */
  readonly workload: string;
  readonly daemon: boolean;
  readonly createdUs: number;
  boundUs: number | undefined;
  node: string | undefined;
  pulledUs: number | undefined;
  runningUs: number | undefined;
  /** The first time. */
  readyUs: number | undefined;
  routedUs: number | undefined;
  /** Its software became warm for the first time. */
  warmUs: number | undefined;
  /** Its containers' starts. */
  startsUs: number[] | undefined;
  /** Waits before a restart: the kubelet's looks in CrashLoopBackOff. */
  backOffsUs: number[] | undefined;
  /** The last time it lost Ready. */
  unreadyUs: number | undefined;
  deletingUs: number | undefined;
  goneUs: number | undefined;
}

/** Follows pods from creation to the end, out of the store's log and the kubelets' events. */
export class PodHistories {
  readonly #byUid = new Map<Uid, PodHistory>();
  /** Names of workloads, each once. */
  readonly #workloads = new Map<string, string>();
  /** How many ready pods each workload had since when: pairs of instant and count. */
  readonly readiness = new Map<string, { readonly atUs: number[]; readonly ready: number[] }>();
  restarts = 0;

  all(): Iterable<PodHistory> {
    return this.#byUid.values();
  }

  onCommit({ before, after, atUs }: LogEntry): void {
    const pod = (after ?? before) as Pod;
    const history = this.#history(pod, atUs);
    if (after === undefined) {
      history.goneUs = atUs;
      if (isServing(before as Pod)) this.#count(history.workload, -1, atUs);
      return;
    }
    const { status, spec, metadata } = pod;
    if (history.boundUs === undefined && (spec.nodeName ?? "") !== "") {
      history.boundUs = atUs;
      history.node = spec.nodeName;
    }
    if (history.runningUs === undefined && status.phase === "Running") history.runningUs = atUs;
    if (metadata.deletionTimestamp !== undefined) history.deletingUs ??= atUs;
    if (isPodTerminal(pod)) history.goneUs ??= atUs;
    const was = before !== undefined && isServing(before as Pod);
    const is = isServing(pod);
    if (was === is) return;
    if (is) history.readyUs ??= atUs;
    else history.unreadyUs = atUs;
    this.#count(history.workload, is ? 1 : -1, atUs);
  }

  onEvent(event: NewEvent, atUs: number): void {
    if (event.kind !== "Pod") return;
    const history = this.#byUid.get(event.uid);
    if (history === undefined) return;
    if (event.reason === "Pulled" && history.runningUs === undefined) history.pulledUs = atUs;
    if (event.reason === "BackOff" && event.message.startsWith("Back-off restarting"))
      history.backOffsUs = withOne(history.backOffsUs, atUs);
    if (event.reason !== "Started") return;
    history.startsUs = withOne(history.startsUs, atUs);
    this.restarts += Number(history.runningUs !== undefined);
  }

  onWarm(uid: Uid, atUs: number): void {
    const history = this.#byUid.get(uid);
    if (history !== undefined) history.warmUs ??= atUs;
  }

  onRoutes(uids: Iterable<Uid>, atUs: number): void {
    for (const uid of uids) {
      const history = this.#byUid.get(uid);
      if (history !== undefined) history.routedUs ??= atUs;
    }
  }

  /** Ready pods of a workload at an instant. */
  readyAt(workload: string, us: number): number {
    const changes = this.readiness.get(workload);
    if (changes === undefined) return 0;
    let ready = 0;
    for (let index = 0; index < changes.atUs.length && changes.atUs[index]! <= us; index += 1)
      ready = changes.ready[index]!;
    return ready;
  }

  #history(pod: Pod, atUs: number): PodHistory {
    const { uid, namespace } = pod.metadata;
    let history = this.#byUid.get(uid);
    if (history === undefined) {
      const workload = workloadOf(pod);
      const daemon = workload.startsWith("daemonset/");
      history = {
        uid,
        key: keyOf(pod),
        workload: this.#named(`${namespace}/${workload}`),
        daemon,
        createdUs: atUs,
        // All fields at once: those that came later would lie in a list of their own.
        boundUs: undefined,
        node: undefined,
        pulledUs: undefined,
        runningUs: undefined,
        readyUs: undefined,
        routedUs: undefined,
        warmUs: undefined,
        startsUs: undefined,
        backOffsUs: undefined,
        unreadyUs: undefined,
        deletingUs: undefined,
        goneUs: undefined,
      };
      this.#byUid.set(uid, history);
    }
    return history;
  }

  #named(workload: string): string {
    const known = this.#workloads.get(workload);
    if (known === undefined) this.#workloads.set(workload, workload);
    return known ?? workload;
  }

  #count(workload: string, change: 1 | -1, atUs: number): void {
    let changes = this.readiness.get(workload);
    if (changes === undefined) {
      changes = { atUs: [], ready: [] };
      this.readiness.set(workload, changes);
    }
    const ready = (changes.ready.at(-1) ?? 0) + change;
    if (changes.atUs.at(-1) === atUs) {
      changes.ready[changes.ready.length - 1] = ready;
    } else {
      changes.atUs.push(atUs);
      changes.ready.push(ready);
    }
  }
}

/** Most pods start once: a list that is grown from nothing would keep room for sixteen more. */
function withOne(list: number[] | undefined, us: number): number[] {
  if (list === undefined) return [us];
  list.push(us);
  return list;
}

function isServing(pod: Pod): boolean {
  return isPodReady(pod) && pod.metadata.deletionTimestamp === undefined && !isPodTerminal(pod);
}
