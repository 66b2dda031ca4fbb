export { horizontalPodAutoscaler } from "./controller.ts";
export { podsMatching } from "./live-ports.ts";
export type { AutoscalerFlags } from "./ports.ts";
