import type { Machine } from "./machine.ts";

/** Machines are billed by the second from purchase to return, a minute at least (EC2's rule for Linux). */
const shortestBilledSeconds = 60;

/** Something paid by the hour for as long as it is there, to the microsecond: a control plane, load balancers, idle machines. */
export class HourlyMeter {
  /** As the bill calls it. */
  readonly item: string;
  readonly #microUsdPerHour: number;
  readonly #counts: { readonly atUs: number; readonly count: number }[] = [];

  constructor(item: string, microUsdPerHour: number) {
    this.item = item;
    this.#microUsdPerHour = microUsdPerHour;
  }

  /** How many there are, from now on. */
  set(count: number, nowUs: number): void {
    this.#counts.push({ atUs: nowUs, count });
  }

  /** Between two instants, in millionths of a US dollar, rounded up. */
  costMicroUsd(fromUs: number, toUs: number): number {
    let countUs = 0;
    for (const [index, { atUs, count }] of this.#counts.entries()) {
      const untilUs = this.#counts[index + 1]?.atUs ?? toUs;
      countUs += count * Math.max(0, Math.min(untilUs, toUs) - Math.max(atUs, fromUs));
    }
    return Math.ceil((countUs / 3_600_000_000) * this.#microUsdPerHour);
  }
}

/** What one machine has cost until an instant, in millionths of a US dollar, rounded up. */
export function machineCostMicroUsd(machine: Machine, nowUs: number): number {
  const untilUs = Math.min(machine.releasedAtUs ?? nowUs, nowUs);
  if (untilUs <= machine.boughtAtUs && machine.boughtAtUs >= nowUs) return 0;
  const seconds = Math.max(shortestBilledSeconds, Math.ceil((untilUs - machine.boughtAtUs) / 1_000_000));
  return Math.ceil((seconds * machine.spec.type.microUsdPerHour) / 3600);
}
