export { podsMatching } from "./live-ports.ts";
export type { AutoscalerFlags } from "./ports.ts";
export { startAutoscaler } from "./start.ts";
