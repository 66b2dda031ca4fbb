import fc from "fast-check";
import { expect, it } from "vitest";
import { EventLoop, handler, phase } from "../../src/sim/index.ts";

it("is at the same instant, with the same digest, however its events are sliced", () => {
  const instants = fc.array(fc.nat(50), { maxLength: 12 });
  fc.assert(
    fc.property(instants, fc.integer({ min: 1, max: 5 }), fc.nat(60), (atUs, slice, untilUs) => {
      const run = (maxEvents: number): object => {
        const loop = new EventLoop();
        const seen: number[] = [];
        const note = handler<undefined>("test", () => void seen.push(loop.nowUs));
        for (const at of atUs) loop.schedule(at, phase.api, note, undefined);
        while (loop.step(maxEvents, untilUs) === "more");
        return { seen, nowUs: loop.nowUs, digest: loop.digest.text() };
      };
      const whole = run(100);
      expect(run(slice)).toEqual(whole);
      expect(whole).toMatchObject({ nowUs: untilUs, seen: atUs.filter((at) => at <= untilUs).sort((a, b) => a - b) });
    }),
  );
});
