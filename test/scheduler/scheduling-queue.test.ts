import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nodeEvents, podInfo, SchedulingQueue, Snapshot } from "../../src/scheduler/index.ts";
import { KeyedHeap } from "../../src/scheduler/queue/keyed-heap.ts";
import { emptyScheduler, nodeOf, podOf } from "./worlds.ts";

const second = 1_000_000;

function queueOf(snapshot = new Snapshot()): SchedulingQueue {
  const { framework } = emptyScheduler(snapshot);
  const frameworks = new Map([["default-scheduler", framework]]);
  return new SchedulingQueue({ frameworks, snapshot, initialBackoffUs: second, maxBackoffUs: 10 * second });
}

const waiting = (name: string, priority = 0) =>
  podInfo(podOf(name, { app: "web", spec: { containers: [{ name: "c" }], priority } }));

describe("the scheduling queue", () => {
  it("pops by priority, and among equals by arrival", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 5, 10), { maxLength: 30 }), (priorities) => {
        const queue = queueOf();
        for (const [index, priority] of priorities.entries()) queue.add(waiting(`p${index}`, priority), index);
        const popped: string[] = [];
        for (let next = queue.pop(); next !== undefined; next = queue.pop()) popped.push(next.pod.name);
        const wanted = priorities.map((priority, index) => ({ priority, index }));
        wanted.sort((left, right) => right.priority - left.priority || left.index - right.index);
        expect(popped).toEqual(wanted.map(({ index }) => `p${index}`));
      }),
    );
  });

  it.each([
    { failures: 1, atUs: 300_000, dueUs: 2 * second },
    { failures: 2, atUs: 2 * second, dueUs: 5 * second },
    { failures: 3, atUs: 5 * second, dueUs: 10 * second },
    { failures: 4, atUs: 10 * second, dueUs: 19 * second },
    { failures: 5, atUs: 19 * second, dueUs: 30 * second },
    { failures: 6, atUs: 30 * second, dueUs: 41 * second },
  ])("lets error $failures, at $atUs µs, wait to a whole second: $dueUs µs", ({ failures, atUs, dueUs }) => {
    const queue = queueOf();
    queue.add(waiting("p"), 0);
    for (let failure = 1; failure <= failures; failure++) {
      queue.flush(failure === 1 ? 0 : queue.nextWakeUs());
      const next = queue.pop()!;
      queue.fail(next, [], failure === failures ? atUs : failure);
    }
    expect(queue.nextWakeUs()).toBe(dueUs);
    queue.flush(dueUs - 1);
    expect(queue.pop()).toBeUndefined();
    queue.flush(dueUs);
    expect(queue.pop()?.key).toBe("default/p");
  });

  it("takes a rejected pod out of its backoff at once when nothing else waits", () => {
    const snapshot = new Snapshot();
    const queue = queueOf(snapshot);
    queue.add(waiting("p"), 0);
    queue.fail(queue.pop()!, ["NodeResourcesFit"], 0);
    expect(queue.placeOf("default/p")).toBe("unschedulable");
    const shape = { zone: undefined, disk: undefined, cpu: 4, memoryGi: 4, pods: 4, taint: undefined, cordoned: false };
    for (const event of nodeEvents(undefined, nodeOf("n", shape))) queue.move(event, 200_000);
    expect(queue.placeOf("default/p")).toBe("backoff");
    expect(queue.pop()?.key).toBe("default/p");
  });

  it("remembers events that came while the pod was being tried", () => {
    const queue = queueOf();
    queue.add(waiting("p"), 0);
    const flying = queue.pop()!;
    const shape = { zone: undefined, disk: undefined, cpu: 4, memoryGi: 4, pods: 4, taint: undefined, cordoned: false };
    for (const event of nodeEvents(undefined, nodeOf("n", shape))) queue.move(event, 0);
    queue.fail(flying, ["NodeResourcesFit"], 0);
    expect(queue.placeOf("default/p")).toBe("backoff");
  });

  it("tries pods again that nothing has woken for more than five minutes", () => {
    const queue = queueOf();
    queue.add(waiting("p"), 7 * second);
    queue.fail(queue.pop()!, ["NodeResourcesFit"], 7 * second);
    expect(queue.nextWakeUs()).toBe(330 * second);
    queue.flush(300 * second);
    expect(queue.pop()).toBeUndefined();
    queue.flush(330 * second);
    expect(queue.pop()?.key).toBe("default/p");
  });
});

describe("the keyed heap", () => {
  it("pops as a sorted list whatever is pushed and removed", () => {
    const command = fc.oneof(
      fc.record({ push: fc.nat(9), rank: fc.nat(5) }),
      fc.record({ remove: fc.nat(9) }),
      fc.constant({ pop: true as const }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const heap = new KeyedHeap<{ key: string; rank: number }>((left, right) => left.rank < right.rank);
        let model: { key: string; rank: number }[] = [];
        for (const one of commands) {
          if ("push" in one) {
            const item = { key: `k${one.push}`, rank: one.rank };
            heap.push(item);
            model = [...model.filter(({ key }) => key !== item.key), item];
          } else if ("remove" in one) {
            heap.remove(`k${one.remove}`);
            model = model.filter(({ key }) => key !== `k${one.remove}`);
          } else {
            const least = model.reduce<{ key: string; rank: number } | undefined>(
              (best, item) => (best === undefined || item.rank < best.rank ? item : best),
              undefined,
            );
            expect(heap.pop()).toEqual(least);
            model = model.filter((item) => item !== least);
          }
          expect(heap.size).toBe(model.length);
        }
      }),
    );
  });
});
