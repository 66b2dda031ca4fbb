/** A container's back-off as the kubelet keeps it; times are in one unit, any unit. */
export interface CrashLoopBackOff {
  readonly delay: number;
  /** When the delay was last set: the moment of a restart. */
  readonly updatedAt: number;
}

export interface CrashLoopOptions {
  /** Default upstream: 10 s. */
  readonly base: number;
  /** Default upstream: 300 s. */
  readonly max: number;
  /** A container that lived longer than this since its last restart starts afresh. Upstream: 600 s, whatever the maximum. */
  readonly resetAfter: number;
}

/** When a container that finished may start again: at once without a back-off, or with one that is forgotten by now. */
export function restartAllowedAt(
  backOff: CrashLoopBackOff | undefined,
  finishedAt: number,
  options: CrashLoopOptions,
): number {
  if (backOff === undefined || isForgotten(backOff, finishedAt, options)) return finishedAt;
  return finishedAt + backOff.delay;
}

/** The back-off after a restart: doubled up to the maximum, or the first again. */
export function afterRestart(
  backOff: CrashLoopBackOff | undefined,
  finishedAt: number,
  restartedAt: number,
  options: CrashLoopOptions,
): CrashLoopBackOff {
  const fresh = backOff === undefined || isForgotten(backOff, finishedAt, options);
  const delay = fresh ? options.base : Math.min(2 * backOff.delay, options.max);
  return { delay, updatedAt: restartedAt };
}

const isForgotten = (backOff: CrashLoopBackOff, finishedAt: number, { resetAfter }: CrashLoopOptions): boolean =>
  finishedAt - backOff.updatedAt > resetAfter;
