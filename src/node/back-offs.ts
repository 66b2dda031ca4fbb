import { afterRestart, type CrashLoopBackOff, type CrashLoopOptions, restartAllowedAt } from "../model/index.ts";

/** client-go's `Backoff`: waits by key, forgotten when nothing happened for long. Instants in microseconds. */
export class BackOffs {
  readonly #options: CrashLoopOptions;
  readonly #entries = new Map<string, CrashLoopBackOff>();

  constructor(options: CrashLoopOptions) {
    this.#options = options;
  }

  /** The wait in force, in microseconds; 0 without one. */
  delayUs(key: string): number {
    return this.#entries.get(key)?.delay ?? 0;
  }

  updatedUs(key: string): number | undefined {
    return this.#entries.get(key)?.updatedAt;
  }

  /** From when on what failed at `failedUs` may be tried again. `sweptUs`: when the collection of old entries last ran. */
  allowedUs(key: string, failedUs: number, sweptUs: number): number {
    const entry = this.#entries.get(key);
    if (entry !== undefined && sweptUs - entry.updatedAt > 2 * this.#options.max) this.#entries.delete(key);
    return restartAllowedAt(this.#entries.get(key), failedUs, this.#options);
  }

  /** Another try is made now. */
  next(key: string, failedUs: number, nowUs: number): void {
    this.#entries.set(key, afterRestart(this.#entries.get(key), failedUs, nowUs, this.#options));
  }

  clear(): void {
    this.#entries.clear();
  }

  forget(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
  }
}
