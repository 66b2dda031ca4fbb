import type { ObjectKey } from "../model/index.ts";

/** After this long an unfulfilled expectation is given up (ExpectationsTimeout of kube-controller-manager). */
const expirationUs = 300_000_000;

/**
 * What a controller has asked for and not seen yet, per key: it must not decide again before its cache shows its own
 * writes (ReplicaSet, DaemonSet, Job).
 */
export class Expectations {
  readonly #open = new Map<ObjectKey, { creations: number; deletions: Set<string>; readonly sinceUs: number }>();

  /** Both at once: a DaemonSet's sync creates here and deletes there. */
  expect(key: ObjectKey, creations: number, deletions: readonly string[], nowUs: number): void {
    this.#open.set(key, { creations, deletions: new Set(deletions), sinceUs: nowUs });
  }

  expectCreations(key: ObjectKey, count: number, nowUs: number): void {
    this.#open.set(key, { creations: count, deletions: new Set(), sinceUs: nowUs });
  }

  expectDeletions(key: ObjectKey, uids: readonly string[], nowUs: number): void {
    this.#open.set(key, { creations: 0, deletions: new Set(uids), sinceUs: nowUs });
  }

  /** A creation was seen, or has failed. */
  created(key: ObjectKey): void {
    const open = this.#open.get(key);
    if (open !== undefined) open.creations -= 1;
  }

  /** A deletion (its timestamp counts) was seen, or has failed. */
  deleted(key: ObjectKey, uid: string): void {
    this.#open.get(key)?.deletions.delete(uid);
  }

  satisfied(key: ObjectKey, nowUs: number): boolean {
    const open = this.#open.get(key);
    if (open === undefined) return true;
    return (open.creations <= 0 && open.deletions.size === 0) || nowUs - open.sinceUs > expirationUs;
  }

  forget(key: ObjectKey): void {
    this.#open.delete(key);
  }
}
