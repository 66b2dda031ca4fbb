export { type Comparison, type ComparisonRow, compare, type Variant } from "./compare.ts";
export { type Executor, inProcess, type Trial, workerThreads } from "./executor.ts";
export { asFault, type DrawnFault, type Exploration, explore, faultText, strike } from "./explore.ts";
export { loadExtensions } from "./load-extensions.ts";
export { type PlanAnswer, plan, withPoolSize } from "./plan.ts";
export { type Estimate, estimate } from "./student-t.ts";
