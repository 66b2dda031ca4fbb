import { keyOf, type ObjectKey, type Pod } from "../model/index.ts";

interface Entry {
  pod: Pod;
  attempts: number;
  readonly addedUs: number;
  /** Not tried before; Infinity while only a change in the cluster can help. */
  atUs: number;
}

/** Pods without a machine: by priority, then by age; one that found none waits for a change, and 1 to 10 s at least. */
export class PendingPods {
  readonly #entries = new Map<ObjectKey, Entry>();
  readonly #backedOffUntil = new Map<ObjectKey, number>();

  set(pod: Pod, nowUs: number): void {
    const entry = this.#entries.get(keyOf(pod));
    if (entry === undefined) this.#entries.set(keyOf(pod), { pod, attempts: 0, addedUs: nowUs, atUs: nowUs });
    else entry.pod = pod;
  }

  remove(key: ObjectKey): void {
    this.#entries.delete(key);
    this.#backedOffUntil.delete(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#backedOffUntil.clear();
  }

  pop(nowUs: number): Pod | undefined {
    let best: Entry | undefined;
    for (const entry of this.#entries.values()) {
      if (entry.atUs <= nowUs && (best === undefined || before(entry, best))) best = entry;
    }
    if (best === undefined) return undefined;
    best.atUs = Number.POSITIVE_INFINITY;
    return best.pod;
  }

  fail(pod: Pod, nowUs: number): void {
    const key = keyOf(pod);
    this.set(pod, nowUs);
    const entry = this.#entries.get(key)!;
    entry.attempts += 1;
    const seconds = Math.min(10, [1, 2, 4, 8, 10][entry.attempts - 1] ?? 10);
    this.#backedOffUntil.set(key, nowUs + seconds * 1_000_000);
  }

  retry(key: ObjectKey, nowUs: number): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.atUs = Math.min(entry.atUs, Math.max(nowUs, this.#backedOffUntil.get(key) ?? 0));
  }

  retryAll(nowUs: number): void {
    for (const key of this.#entries.keys()) this.retry(key, nowUs);
  }

  nextAtUs(): number | undefined {
    let next = Number.POSITIVE_INFINITY;
    for (const { atUs } of this.#entries.values()) if (atUs < next) next = atUs;
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }
}

function before(a: Entry, b: Entry): boolean {
  const [left, right] = [a.pod.spec.priority ?? 0, b.pod.spec.priority ?? 0];
  return left !== right ? left > right : a.addedUs < b.addedUs;
}
