import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TokenBucket, WorkQueue } from "../../src/client/index.ts";
import type { ObjectKey } from "../../src/model/index.ts";

const key = (name: string): ObjectKey => name as ObjectKey;

/** client-go's contract as a plain model: a list that waits, a set in process, a set to do again. */
class Model {
  waiting: ObjectKey[] = [];
  processing = new Set<ObjectKey>();
  again = new Set<ObjectKey>();

  add(name: ObjectKey): void {
    if (this.processing.has(name)) this.again.add(name);
    else if (!this.waiting.includes(name)) this.waiting.push(name);
  }

  take(): ObjectKey | undefined {
    const name = this.waiting.shift();
    if (name !== undefined) this.processing.add(name);
    return name;
  }

  done(name: ObjectKey): void {
    this.processing.delete(name);
    if (this.again.delete(name)) this.waiting.push(name);
  }
}

describe("the work queue", () => {
  it("does what its model does, whatever is added, taken and finished in whatever order", () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("add" as const), name: fc.constantFrom("a", "b", "c", "d") }),
      fc.record({ do: fc.constant("take" as const) }),
      fc.record({ do: fc.constant("done" as const), which: fc.nat(10) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const queue = new WorkQueue();
        const model = new Model();
        for (const action of steps) {
          if (action.do === "add") {
            queue.add(key(action.name));
            model.add(key(action.name));
          } else if (action.do === "take") {
            expect(queue.take()).toBe(model.take());
          } else {
            const inProcess = [...model.processing];
            if (inProcess.length === 0) continue;
            const name = inProcess[action.which % inProcess.length]!;
            queue.done(name);
            model.done(name);
          }
          expect(queue.length).toBe(model.waiting.length);
        }
      }),
    );
  });

  it("never hands out a key that is in process", () => {
    const queue = new WorkQueue();
    queue.add(key("a"));
    expect(queue.take()).toBe("a");
    queue.add(key("a"));
    expect(queue.take()).toBeUndefined();
    queue.done(key("a"));
    expect(queue.take()).toBe("a");
  });

  it("backs off 5 ms, 10 ms, 20 ms … up to 1,000 s, and forgets on success", () => {
    const queue = new WorkQueue();
    const waits = Array.from({ length: 20 }, () => queue.retryAtUs(key("a"), 0));
    expect(waits.slice(0, 4)).toEqual([5_000, 10_000, 20_000, 40_000]);
    expect(waits.at(-1)).toBe(1_000_000_000);
    queue.forget(key("a"));
    expect(queue.retryAtUs(key("a"), 0)).toBe(5_000);
  });

  it("calls done without take our own mistake", () => {
    expect(() => new WorkQueue().done(key("a"))).toThrow("done(a) without take");
  });
});

describe("the token bucket", () => {
  it("lets a burst go at once and the rest at its rate, first come first served", () => {
    const bucket = new TokenBucket(20, 30);
    const granted = Array.from({ length: 33 }, () => bucket.reserve(1_000_000));
    expect(granted.slice(0, 30).every((us) => us === 1_000_000)).toBe(true);
    expect(granted.slice(30)).toEqual([1_050_000, 1_100_000, 1_150_000]);
  });

  it("is full again after a quiet time, and never fuller", () => {
    const bucket = new TokenBucket(20, 30);
    for (let count = 0; count < 30; count += 1) bucket.reserve(0);
    const later = Array.from({ length: 31 }, () => bucket.reserve(100_000_000));
    expect(later[29]).toBe(100_000_000);
    expect(later[30]).toBe(100_050_000);
  });

  it("grants at once without a limit", () => {
    expect(new TokenBucket(0, 0).reserve(7)).toBe(7);
  });
});
