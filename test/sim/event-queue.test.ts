import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventLoop, EventQueue, handler, phase, type Sequence } from "../../src/sim/index.ts";

const nothing = handler<number>("nothing", () => undefined);

interface Planned {
  readonly at: number;
  readonly phase: number;
}

const planned: fc.Arbitrary<Planned> = fc.record({
  at: fc.integer({ min: 0, max: 20 }),
  phase: fc.integer({ min: 0, max: 5 }),
});

function drain(queue: EventQueue): number[] {
  const order: number[] = [];
  while (queue.pop()) order.push(queue.argument as number);
  return order;
}

/** What the queue must do, written down plainly: a stable sort by time, then phase. */
function expected(events: readonly Planned[], cancelled: ReadonlySet<number>): number[] {
  return events
    .map((event, index) => ({ ...event, index }))
    .filter(({ index }) => !cancelled.has(index))
    .sort((a, b) => a.at - b.at || a.phase - b.phase || a.index - b.index)
    .map(({ index }) => index);
}

describe("the event queue", () => {
  it("pops by time, then phase, then order of scheduling", () => {
    fc.assert(
      fc.property(fc.array(planned, { maxLength: 300 }), (events) => {
        const queue = new EventQueue();
        events.forEach((event, index) => void queue.push(event.at, event.phase, nothing, index));
        expect(drain(queue)).toEqual(expected(events, new Set()));
      }),
    );
  });

  it("leaves out what was cancelled, whenever that was", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(planned, fc.boolean()), { maxLength: 400 }), (plan) => {
        const queue = new EventQueue();
        const sequences = plan.map(([event], index) => queue.push(event.at, event.phase, nothing, index));
        const cancelled = new Set<number>();
        plan.forEach(([, cancel], index) => {
          if (!cancel) return;
          queue.cancel(sequences[index]!);
          queue.cancel(sequences[index]!); // Twice is once.
          cancelled.add(index);
        });
        expect(queue.size).toBe(plan.length - cancelled.size);
        expect(drain(queue)).toEqual(
          expected(
            plan.map(([event]) => event),
            cancelled,
          ),
        );
      }),
    );
  });

  it("lets a cancelled handle go when its slot is used again", () => {
    const queue = new EventQueue();
    const first = queue.push(1, 0, nothing, 1);
    queue.pop();
    queue.push(2, 0, nothing, 2);
    queue.cancel(first); // Has fired long ago; the new event in its slot is none of its business.
    expect(drain(queue)).toEqual([2]);
  });
});

describe("the event loop", () => {
  it("fires what a handler schedules at the present instant before time goes on", () => {
    const loop = new EventLoop();
    const seen: string[] = [];
    const late = handler<string>("late", (name) => seen.push(`${name}@${loop.nowUs}`));
    const first = handler<undefined>("first", () => {
      loop.schedule(10, phase.observe, late, "observe");
      loop.schedule(10, phase.world, late, "world");
    });
    loop.schedule(10, phase.decide, first, undefined);
    loop.schedule(11, phase.world, late, "next");
    loop.step(100, 100);
    expect(seen).toEqual(["world@10", "observe@10", "next@11"]);
  });

  it("refuses the past and fractions of a microsecond", () => {
    const loop = new EventLoop();
    loop.step(1, 50);
    expect(() => loop.schedule(49, phase.world, nothing, 0)).toThrow("scheduled at 49, now 50");
    expect(() => loop.schedule(50.5, phase.world, nothing, 0)).toThrow("50.5");
  });

  it("gives one digest however it is sliced, and another one for another order", () => {
    const run = (slice: number, order: readonly number[]): string => {
      const loop = new EventLoop();
      for (const at of order) loop.schedule(at, phase.world, nothing, 0);
      while (loop.step(slice, 1000) === "more");
      return loop.digest.text();
    };
    expect(run(1, [5, 6, 7])).toBe(run(100, [5, 6, 7]));
    expect(run(1, [5, 6, 7])).not.toBe(run(1, [5, 6, 8]));
  });

  it("tells who caused what", () => {
    const loop = new EventLoop();
    const causes: Sequence[] = [];
    const child = handler<undefined>("child", () => causes.push(loop.cause));
    const parent = handler<undefined>("parent", () =>
      causes.push(loop.cause, loop.schedule(9, phase.world, child, undefined)),
    );
    const root = loop.schedule(3, phase.world, parent, undefined);
    loop.step(10, 10);
    expect(causes[0]).toBe(root);
    expect(causes[2]).toBe(causes[1]);
  });
});
