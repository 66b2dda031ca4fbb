export type ZoneState = "Normal" | "PartialDisruption" | "FullDisruption";

/** How bad it is in a zone (ComputeZoneState, v1.36). */
export function zoneState(ready: number, notReady: number, unhealthyThreshold: number): ZoneState {
  if (ready === 0 && notReady > 0) return "FullDisruption";
  if (notReady > 2 && Math.fround(notReady / (notReady + ready)) >= Math.fround(unhealthyThreshold))
    return "PartialDisruption";
  return "Normal";
}

export interface EvictionRates {
  readonly normal: number;
  readonly secondary: number;
  readonly largeClusterSize: number;
}

/** Machines per second that may get the NoExecute taint in a zone of that state and size. */
export function evictionRate(state: ZoneState, nodes: number, rates: EvictionRates): number {
  if (state !== "PartialDisruption") return rates.normal;
  return nodes > rates.largeClusterSize ? rates.secondary : 0;
}
