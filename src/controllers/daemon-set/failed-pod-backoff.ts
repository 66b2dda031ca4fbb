const firstUs = 1_000_000;
const maxUs = 900_000_000;

/** How long a DaemonSet waits before it deletes the next failed pod of a node: 1 s doubling to 15 min, since the last one. */
export class FailedPodBackoff {
  readonly #entries = new Map<string, { readonly waitUs: number; readonly lastUs: number }>();

  /** Microseconds after which to look again: the whole wait, as upstream does; 0 means now, and counts as a deletion. */
  next(key: string, nowUs: number): number {
    const entry = this.#entries.get(key);
    // Forgotten after twice the longest wait.
    if (entry === undefined || nowUs - entry.lastUs > 2 * maxUs) {
      this.#entries.set(key, { waitUs: firstUs, lastUs: nowUs });
      return 0;
    }
    if (nowUs - entry.lastUs < entry.waitUs) return entry.waitUs;
    this.#entries.set(key, { waitUs: Math.min(2 * entry.waitUs, maxUs), lastUs: nowUs });
    return 0;
  }
}
