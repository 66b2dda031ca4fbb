import { z } from "zod";
import { duration, quantity } from "./values.ts";

const thresholds = z.record(z.string(), z.string());
const reserved = z.strictObject({
  cpu: quantity.optional(),
  memory: quantity.optional(),
  "ephemeral-storage": quantity.optional(),
});

/** Fields of a KubeletConfiguration that change what is simulated, under upstream's names. */
export const kubeletSettings = z
  .strictObject({
    maxPods: z.number().int().min(1).optional(),
    podPidsLimit: z.number().int().min(-1).optional().describe("Processes of one pod. Default -1: no bound."),
    cpuManagerPolicy: z
      .enum(["none", "static"])
      .optional()
      .describe("Default none. Only its veto on resizes of Guaranteed pods is simulated."),
    memoryManagerPolicy: z
      .enum(["None", "Static"])
      .optional()
      .describe("Default None. Only its veto on resizes of Guaranteed pods is simulated."),
    memorySwap: z
      .strictObject({ swapBehavior: z.enum(["NoSwap", "LimitedSwap"]).optional() })
      .optional()
      .describe("Default NoSwap. Only its veto on resizes of memory is simulated."),
    serializeImagePulls: z.boolean().optional().describe("Default true, unless maxParallelImagePulls is above 1."),
    maxParallelImagePulls: z.number().int().min(1).optional(),
    crashLoopBackOff: z.strictObject({ maxContainerRestartPeriod: duration.optional() }).optional(),
    evictionHard: thresholds
      .optional()
      .describe('By signal: { "memory.available": "500Mi", "nodefs.available": "10%" }.'),
    evictionSoft: thresholds.optional(),
    evictionSoftGracePeriod: z.record(z.string(), duration).optional(),
    evictionMinimumReclaim: thresholds.optional(),
    evictionPressureTransitionPeriod: duration.optional().describe("Default 5m."),
    evictionMaxPodGracePeriod: z.number().int().min(0).optional().describe("Seconds, of soft evictions."),
    mergeDefaultEvictionSettings: z.boolean().optional(),
    imageGCHighThresholdPercent: z.number().int().min(0).max(100).optional().describe("Default 85."),
    imageGCLowThresholdPercent: z.number().int().min(0).max(100).optional().describe("Default 80."),
    imageMinimumGCAge: duration.optional().describe("Default 2m."),
    imageMaximumGCAge: duration.optional().describe("Default 0: images go only when room is needed."),
    nodeStatusMaxImages: z
      .number()
      .int()
      .min(-1)
      .optional()
      .describe("The largest images, which the node's status names. Default 50; -1 for all."),
    kubeReserved: reserved.optional().describe("Default: what the instance type's image reserves."),
    systemReserved: reserved.optional(),
    shutdownGracePeriod: duration.optional().describe("Default 0: a shutdown is not noticed."),
    shutdownGracePeriodCriticalPods: duration.optional().describe("The end of it that critical pods keep."),
    shutdownGracePeriodByPodPriority: z
      .array(
        z.strictObject({
          priority: z.number().int(),
          shutdownGracePeriodSeconds: z.number().int().min(0),
        }),
      )
      .optional(),
  })
  .describe("A KubeletConfiguration's fields, for every machine of the pool.");
