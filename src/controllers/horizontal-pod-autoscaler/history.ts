import type { HPAScalingRules } from "../../model/index.ts";

/** What was recommended, before stabilization and bounds. */
export interface Recommendation {
  readonly replicas: number;
  readonly atUs: number;
}

/** By how many replicas the autoscaler itself changed its target. */
export interface ScaleEvent {
  readonly change: number;
  readonly atUs: number;
}

/** What the controller remembers of one autoscaler; lost with the process. */
export interface History {
  readonly recommendations: Recommendation[];
  readonly ups: ScaleEvent[];
  readonly downs: ScaleEvent[];
}

export function emptyHistory(): History {
  return { recommendations: [], ups: [], downs: [] };
}

/** Takes the place of the last entry that is too old to count, if there is one. */
export function remember<Entry extends { readonly atUs: number }>(
  entries: Entry[],
  entry: Entry,
  isOld: (entry: Entry) => boolean,
): void {
  for (let index = entries.length - 1; index >= 0; index -= 1) {
    if (!isOld(entries[index]!)) continue;
    entries[index] = entry;
    return;
  }
  entries.push(entry);
}

/** Notes what a successful write changed, in the list of its direction. */
export function rememberScaling(
  history: History,
  rules: { readonly up: HPAScalingRules; readonly down: HPAScalingRules },
  before: number,
  after: number,
  nowUs: number,
): void {
  const up = after > before;
  const { policies = [] } = up ? rules.up : rules.down;
  const longestUs = 1_000_000 * Math.max(0, ...policies.map(({ periodSeconds }) => periodSeconds));
  const event = { change: up ? after - before : before - after, atUs: nowUs };
  remember(up ? history.ups : history.downs, event, ({ atUs }) => atUs < nowUs - longestUs);
}
