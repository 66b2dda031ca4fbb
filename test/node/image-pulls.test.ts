import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Downlink } from "../../src/node/downlink.ts";
import { ImageStore } from "../../src/node/image-store.ts";
import { Execution, type Steps, Work } from "../../src/node/work.ts";
import { EventLoop, handler, phase } from "../../src/sim/index.ts";
import { Simulation } from "../../src/simulate.ts";
import { smallScenario } from "../small-scenario.ts";

const mib = 1_048_576;
const run = handler<() => void>("test", (task) => task());

/** When each fetch is over, in seconds, of a network of 100 bytes a second where one takes in at most 60. */
function fetched(fetches: readonly { readonly at: number; readonly bytes: number }[]): number[] {
  const loop = new EventLoop();
  const execution = new Execution(loop);
  const downlink = new Downlink({ loop, bytesPerSecond: 100, mostEach: 60 });
  const over: number[] = fetches.map(() => Number.NaN);
  for (const [index, { at, bytes }] of fetches.entries()) {
    const steps = function* (): Steps {
      yield downlink.fetch(bytes);
      over[index] = loop.nowUs / 1e6;
    };
    loop.schedule(at * 1e6, phase.world, run, () => void new Work(execution, steps()));
  }
  loop.step(100_000, 1e13);
  return over;
}

describe("pulls of one machine", () => {
  it.each([
    { fetches: [{ at: 0, bytes: 120 }], over: [2], because: "one alone is bound by unpacking" },
    {
      fetches: [
        { at: 0, bytes: 100 },
        { at: 0, bytes: 100 },
      ],
      over: [2, 2],
      because: "two share the network",
    },
    {
      fetches: [
        { at: 0, bytes: 120 },
        { at: 1, bytes: 110 },
      ],
      over: [2.2, 3.0333],
      because: "60 bytes came alone, then 50 a second until the first is there, then 60 again",
    },
  ])("take $over s, as $because", ({ fetches, over }) => {
    for (const [index, seconds] of fetched(fetches).entries()) expect(seconds).toBeCloseTo(over[index]!, 3);
  });

  it("are all over when the network has taken in all bytes, and none before its own bytes at full speed", () => {
    const fetch = fc.record({ at: fc.nat(20), bytes: fc.integer({ min: 1, max: 500 }) });
    fc.assert(
      fc.property(fc.array(fetch, { minLength: 1, maxLength: 6 }), (fetches) => {
        const over = fetched(fetches);
        for (const [index, { at, bytes }] of fetches.entries())
          expect(over[index]! - at).toBeGreaterThanOrEqual(bytes / 60 - 1e-5);
        const first = Math.min(...fetches.map(({ at }) => at));
        const all = fetches.reduce((sum, { bytes }) => sum + bytes, 0);
        expect(Math.max(...over) - first).toBeGreaterThanOrEqual(all / 100 - 1e-5);
        const alone = fetches.reduce((sum, { bytes }) => sum + bytes / 60, Math.max(...fetches.map(({ at }) => at)));
        expect(Math.max(...over)).toBeLessThanOrEqual(alone + 1e-4);
      }),
    );
  });
});

describe("images that share layers", () => {
  const jdk = { name: "jdk", bytes: 80 };
  const store = (): ImageStore => {
    const images = new ImageStore();
    images.add("a", 100, [jdk], 0);
    return images;
  };

  it("are pulled without those that are there", () => {
    const images = store();
    expect(images.missing("b", 90, [jdk])).toBe(10);
    expect(images.missing("b", 90, [{ name: "other", bytes: 80 }])).toBe(90);
    expect(images.missing("a", 100, [jdk])).toBe(0);
  });

  it("take the room of a layer once, until the last that has it is gone", () => {
    const images = store();
    images.add("b", 90, [jdk], 0);
    expect(images.bytes).toBe(2 * (100 + 10));
    images.remove("a");
    expect(images.bytes).toBe(2 * 90);
    images.remove("b");
    expect(images.bytes).toBe(0);
    expect(images.missing("b", 90, [jdk])).toBe(90);
  });
});

describe("in a run", () => {
  const manifest = (name: string): string =>
    JSON.stringify({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name },
      spec: {
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: { containers: [{ name: "c", image: `e.com/${name}:1` }] },
        },
      },
    });

  /** How long the pulls of two images of 800 MiB took on one machine, in seconds, as their events say. */
  function pulls(kubelet: object, image: object): number[] {
    const spec = {
      warmUp: "5m",
      cluster: { nodePools: [{ name: "general", instanceType: "m6i.large", zones: ["us-east-1a"], min: 1, kubelet }] },
      behavior: ["one", "two"].map((name) => ({ for: `deployment/${name}`, image: { size: "800Mi", ...image } })),
    };
    const scenario = smallScenario(spec, [manifest("one"), manifest("two")].join("\n---\n"));
    const simulation = new Simulation(scenario, "1");
    const took: number[] = [];
    simulation.api.events.onRecord(({ reason, message }) => {
      const seconds = /^Successfully pulled image "e\.com.* in ([\d.]+)s/.exec(message)?.[1];
      if (reason === "Pulled" && seconds !== undefined) took.push(Number(seconds));
    });
    simulation.runUntil(simulation.endUs);
    return took;
  }

  /** Of an m6i.large. */
  const networkBytesPerSecond = 781 * 125_000;

  it.each([
    { settings: {}, rate: 85 * mib, because: "one after the other, bound by unpacking" },
    { settings: { maxParallelImagePulls: 2 }, rate: networkBytesPerSecond / 2, because: "side by side on one network" },
  ])("come at $rate bytes a second each, as they are pulled $because", ({ settings, rate }) => {
    const took = pulls(settings, {});
    expect(took).toHaveLength(2);
    for (const seconds of took) {
      expect(seconds).toBeGreaterThan((800 * mib) / rate - 0.5); // Their setups differ: one has the network to itself for a moment.
      expect(seconds).toBeLessThan((800 * mib) / rate + 1.5);
    }
  });

  it("a layer that both have is pulled once", () => {
    const [first, second] = pulls({}, { layers: [{ name: "jdk", size: "700Mi" }] });
    expect(first! - second!).toBeGreaterThan(7);
    expect(second!).toBeLessThan(3);
  });
});
