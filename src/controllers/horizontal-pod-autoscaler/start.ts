import { ControllerRunner, type Process } from "../../client/index.ts";
import type { MetricsApi } from "../../model/index.ts";
import { horizontalPodAutoscaler, sleepersOf } from "./controller.ts";
import type { AutoscalerFlags } from "./ports.ts";

/** Runs the controller in a process. Autoscalers that sleep are woken by what metrics-server measures. */
export function startAutoscaler(process: Process, metrics: MetricsApi, flags: AutoscalerFlags): void {
  const runner = new ControllerRunner(process, horizontalPodAutoscaler(metrics, flags));
  metrics.onUsageChange((pod) => {
    for (const key of sleepersOf(pod, process.view, runner.memory)) runner.add(key);
  });
}
