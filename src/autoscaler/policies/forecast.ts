/** A figure that was read, and when. */
export interface Reading {
  readonly atUs: number;
  readonly value: number;
}

/** How the future is guessed. Durations in virtual microseconds. */
export type Forecast =
  /** The straight line through the readings of the last `windowUs`, drawn on. */
  | { readonly by: "trend"; readonly windowUs: number }
  /** What was one period ago: own readings, and before there are any what `past` says it was. */
  | { readonly by: "period"; readonly periodUs: number; readonly past?: (atUs: number) => number };

export interface ForecastOptions {
  readonly forecast: Forecast;
  readonly lookAheadUs: number;
  /** Distance of two readings. */
  readonly everyUs: number;
}

/** The most that is expected from now to the look-ahead, in the metric's unit; 0 where nothing can be said. */
export function forecast(
  { forecast: how, lookAheadUs, everyUs }: ForecastOptions,
  readings: readonly Reading[],
  nowUs: number,
): number {
  if (how.by === "trend") return lineThrough(readings, nowUs + lookAheadUs) ?? 0;
  const { periodUs, past } = how;
  const [fromUs, toUs] = [nowUs - periodUs, nowUs + lookAheadUs - periodUs];
  let most = 0;
  for (const { atUs, value } of readings) if (atUs >= fromUs && atUs <= toUs) most = Math.max(most, value);
  if (past !== undefined && (readings[0]?.atUs ?? nowUs) > fromUs)
    for (let atUs = nowUs; atUs <= nowUs + lookAheadUs; atUs += everyUs) most = Math.max(most, past(atUs));
  return most;
}

/** Least squares over the readings, taken at an instant; `undefined` with fewer than two instants. */
function lineThrough(readings: readonly Reading[], atUs: number): number | undefined {
  const count = readings.length;
  const [first] = readings;
  if (first === undefined) return undefined;
  let [times, values, squares, products] = [0, 0, 0, 0];
  for (const reading of readings) {
    const seconds = (reading.atUs - first.atUs) / 1_000_000;
    times += seconds;
    values += reading.value;
    squares += seconds * seconds;
    products += seconds * reading.value;
  }
  const spread = count * squares - times * times;
  if (spread === 0) return undefined;
  const slope = (count * products - times * values) / spread;
  return (values - slope * times) / count + slope * ((atUs - first.atUs) / 1_000_000);
}

/** Drops the readings that no later forecast will ask for. */
export function forgetOld({ forecast: how, everyUs }: ForecastOptions, readings: Reading[], nowUs: number): void {
  const keptUs = how.by === "trend" ? how.windowUs : how.periodUs + everyUs;
  const kept = readings.findIndex(({ atUs }) => atUs >= nowUs - keptUs);
  if (kept > 0) readings.splice(0, kept);
}
