/**
 * A loop that comes round every `periodUs`. Instant k is phase + k · period + jitter(k), computed and never summed, so a
 * ticker can sleep through the ticks in which nothing would happen and still meet its own beat.
 */
export interface Ticker {
  readonly phaseUs: number;
  readonly periodUs: number;
  /** Added to tick k, at least 0 and less than the period. Default none. */
  readonly jitterUs?: (tick: number) => number;
}

export function tickAt(ticker: Ticker, tick: number): number {
  return ticker.phaseUs + tick * ticker.periodUs + (ticker.jitterUs?.(tick) ?? 0);
}

/** The first tick at or after an instant (never before tick 0), as an instant. */
export function nextTickAt(ticker: Ticker, fromUs: number): number {
  const guess = Math.max(0, Math.floor((fromUs - ticker.phaseUs) / ticker.periodUs) - 1);
  for (let tick = guess; ; tick += 1) {
    const at = tickAt(ticker, tick);
    if (at >= fromUs) return at;
  }
}

/** The last tick at or before an instant, or `undefined` before the first. */
export function lastTickAt(ticker: Ticker, untilUs: number): number | undefined {
  for (let tick = Math.floor((untilUs - ticker.phaseUs) / ticker.periodUs); tick >= 0; tick -= 1) {
    const at = tickAt(ticker, tick);
    if (at <= untilUs) return at;
  }
  return undefined;
}
