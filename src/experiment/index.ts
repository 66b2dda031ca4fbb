export { type Comparison, type ComparisonRow, compare, type Variant } from "./compare.ts";
export { type Executor, inProcess, type Trial, workerThreads } from "./executor.ts";
export { asFault, type DrawnFault, type Exploration, explore, faultText, strike } from "./explore.ts";
export { type FillCurve, type FillInput, fill } from "./gpu-fill/fill.ts";
export { fillTables, renderFillHtml, renderFillMarkdown } from "./gpu-fill/render.ts";
export { type FillSummary, summarizePolicy } from "./gpu-fill/summary.ts";
export { loadExtensions } from "./load-extensions.ts";
export { type PlanAnswer, plan, withPoolSize } from "./plan.ts";
export { type Estimate, estimate } from "./student-t.ts";
