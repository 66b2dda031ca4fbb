import type { Machine } from "./machine.ts";

/** Machines are billed by the second from purchase to return, a minute at least (EC2's rule for Linux). */
const shortestBilledSeconds = 60;

/** What one machine has cost until an instant, in millionths of a US dollar, rounded up. */
export function machineCostMicroUsd(machine: Machine, nowUs: number): number {
  const untilUs = Math.min(machine.releasedAtUs ?? nowUs, nowUs);
  if (untilUs <= machine.boughtAtUs && machine.boughtAtUs >= nowUs) return 0;
  const seconds = Math.max(shortestBilledSeconds, Math.ceil((untilUs - machine.boughtAtUs) / 1_000_000));
  return Math.ceil((seconds * machine.spec.type.microUsdPerHour) / 3600);
}
