import { CronWindow, type OffsetMinutesAt } from "../../model/index.ts";
import type { Order } from "./order.ts";
import type { Policy, Seen } from "./policy.ts";
import { orderOf, type ScalingTarget, targetId } from "./scaling-target.ts";

/** "From 09:15 to 10:15 hold 12": cron schedules of five fields in one time zone. */
export interface Hold {
  readonly target: ScalingTarget;
  readonly from: string;
  readonly to: string;
  /** IANA name; UTC where there is none. */
  readonly timeZone?: string;
  readonly hold: number;
  /** Outside all windows of the target: what its manifest says. */
  readonly otherwise: number;
}

interface Window {
  readonly hold: Hold;
  readonly window: CronWindow;
}

interface ScheduleMemory {
  /** The size ordered last, by target. */
  readonly sizes: Map<string, number>;
  /** What the last look ordered, and for which target. */
  readonly ordered: Map<Order, string>;
}

/**
 * Scheduled scaling: holds sizes in windows of time, to the second, and goes back to the manifest's size at their end. Of
 * several windows of one target that are open the largest size counts. It acts when a size changes and never in between,
 * so what others do meanwhile stays.
 */
export function scheduledScaling(
  name: string,
  holds: readonly Hold[],
  offsetsOf: (timeZone: string | undefined) => OffsetMinutesAt,
): Policy<ScheduleMemory> {
  const windows = holds.map(
    (hold): Window => ({ hold, window: new CronWindow(hold.from, hold.to, offsetsOf(hold.timeZone)) }),
  );
  return {
    name,
    everyUs: 1_000_000,
    onTheClock: true,
    memory: () => ({ sizes: new Map(), ordered: new Map() }),
    decide({ nowUs, epochSeconds, refused }: Seen, { sizes, ordered }) {
      for (const order of refused) sizes.set(ordered.get(order)!, Number.NaN); // Unknown: to be ordered again.
      ordered.clear();
      for (const [id, size] of sizesAt(windows, epochSeconds)) {
        const { target, otherwise } = holds.find((hold) => targetId(hold.target) === id)!;
        // Before the first window everything is as its manifest says.
        if (size !== (sizes.get(id) ?? otherwise)) ordered.set(orderOf(target, size), id);
        sizes.set(id, size);
      }
      const edges = windows.map(({ window }) => window.nextEdge(epochSeconds) ?? Number.POSITIVE_INFINITY);
      const next = Math.min(...edges);
      const lookAgainUs = Number.isFinite(next) ? nowUs + (next - epochSeconds) * 1_000_000 : "never";
      return { orders: [...ordered.keys()], lookAgainUs };
    },
  };
}

/** The size that each target should have, by target. */
function sizesAt(windows: readonly Window[], epochSeconds: number): Map<string, number> {
  const open = new Map<string, number>();
  const sizes = new Map<string, number>();
  for (const { hold, window } of windows) {
    const id = targetId(hold.target);
    sizes.set(id, hold.otherwise);
    if (window.contains(epochSeconds)) open.set(id, Math.max(hold.hold, open.get(id) ?? 0));
  }
  for (const [id, size] of open) sizes.set(id, size);
  return sizes;
}
