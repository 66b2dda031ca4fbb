import { EventLoop, type Handler, handler, phase, randomStreams } from "../src/sim/index.ts";

/** The hold model: each event that fires schedules one more, so that the number pending stays what it is. */
export function benchEventQueue(): void {
  console.log("| pending | holds a second |");
  console.log("| ---: | ---: |");
  for (const pending of [1_000, 10_000, 100_000, 1_000_000]) {
    const loop = new EventLoop();
    const random = randomStreams("1")("bench");
    const delays = Int32Array.from({ length: 65_536 }, () => 1 + Math.floor(random() * 1_000_000));
    let next = 0;
    const hold: Handler<number> = handler("hold", (argument) => {
      next = (next + 1) & 65_535;
      loop.schedule(loop.nowUs + delays[next]!, phase.world, hold, argument);
    });
    for (let index = 0; index < pending; index += 1) loop.schedule(delays[index & 65_535]!, phase.world, hold, index);
    loop.step(500_000, Number.MAX_SAFE_INTEGER);
    const holds = 3_000_000;
    const began = process.hrtime.bigint();
    loop.step(holds, Number.MAX_SAFE_INTEGER);
    const seconds = Number(process.hrtime.bigint() - began) / 1e9;
    console.log(`| ${pending} | ${Math.round(holds / seconds).toLocaleString("en")} |`);
  }
}
