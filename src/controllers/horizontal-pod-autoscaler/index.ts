export type { AutoscalerFlags } from "./ports.ts";
export { startAutoscaler } from "./start.ts";
