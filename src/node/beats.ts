import type { Ticker } from "../sim/index.ts";

/** Each wait of the kubelet's heartbeats is this share of the period longer, at most: `JitterUntil` with 0.04. */
const longest = 0.04;
const firstWaitUs = 200_000;
const longestWaitUs = 7_000_000;

/**
 * A beat whose waits are stretched by a draw, computed: around a beat that is slower by half of the longest stretch, each
 * instant comes later by a draw of its own, so that every wait lies within the bounds and the mean is right.
 */
export function stretched({ phaseUs, periodUs }: Ticker, drawOf: (tick: number) => number): Ticker {
  const halfUs = (periodUs * longest) / 2;
  const jitterUs = (tick: number): number => (tick === 0 ? 0 : Math.floor(drawOf(tick) * halfUs));
  return { phaseUs, periodUs: periodUs + halfUs, jitterUs };
}

/** When a lease that could not be renewed at `failedUs` is tried next, from an instant on: after 200 ms, then twice as long, up to 7 s. */
export function nextLeaseAttemptUs(failedUs: number, fromUs: number): number {
  let atUs = failedUs;
  for (let waitUs = firstWaitUs; atUs < fromUs; waitUs = Math.min(2 * waitUs, longestWaitUs)) atUs += waitUs;
  return atUs;
}
