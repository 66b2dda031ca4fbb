export { type Controller, ControllerRunner, type Outcome, type Watch } from "./controller.ts";
export * from "./effect.ts";
export { Expectations } from "./expectations.ts";
export type { Change } from "./informer.ts";
export { LoopRunner, type PeriodicLoop } from "./loop-runner.ts";
export { type ClientLimits, Process, type ProcessOptions, type Surroundings } from "./process.ts";
export { TokenBucket } from "./token-bucket.ts";
export { View } from "./view.ts";
export { defaultRetryLimits, type RetryLimits, WorkQueue } from "./work-queue.ts";
