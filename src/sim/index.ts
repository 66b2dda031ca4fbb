export * from "./assert.ts";
export * from "./digest.ts";
export * from "./distribution.ts";
export * from "./event-loop.ts";
export { EventQueue, type Handler, type Sequence } from "./event-queue.ts";
export { exp, log, pow, sin, tanh } from "./portable-math.ts";
export * from "./random-stream.ts";
export * from "./ticker.ts";
