import { z } from "zod";
import { duration, instant, quantity, workload } from "./values.ts";

const node = z.string().describe("A node.");
const reference = z.string().describe('"deployment/web", "service/web", …');

/** kubectl's flags of a drain; what it would not touch by itself it refuses to, unless `assent`. */
const drainOptions = (assent: boolean) => ({
  gracePeriod: z.number().int().min(0).optional().describe("Seconds, instead of the pods' own."),
  timeout: duration.optional().describe("Gives up after this. Default: never."),
  ignoreDaemonSets: z.boolean().default(assent).describe("Leaves pods of DaemonSets where they are."),
  force: z.boolean().default(assent).describe("Also pods that nobody replaces."),
  deleteEmptyDirData: z.boolean().default(assent).describe("Also pods with `emptyDir` volumes."),
  disableEviction: z.boolean().default(false).describe("Deletes, whatever disruption budgets say."),
});

const computeResources = z
  .strictObject({ cpu: quantity.optional(), memory: quantity.optional() })
  .describe("What changes; what is left out stays.");

export const action = z
  .union([
    z.strictObject({ at: instant, scale: workload, replicas: z.number().int().min(0) }),
    z.strictObject({ at: instant, apply: z.string().describe("A file or folder of manifests.") }),
    z.strictObject({
      at: instant,
      delete: reference,
      cascade: z.enum(["background", "foreground", "orphan"]).default("background"),
      gracePeriod: z.number().int().min(0).optional().describe("Seconds, instead of the pod's own."),
    }),
    z.strictObject({
      at: instant,
      patch: reference,
      type: z.enum(["strategic", "merge"]).default("strategic"),
      with: z.record(z.string(), z.unknown()).describe("The patch."),
    }),
    z.strictObject({
      at: instant,
      patch: reference,
      type: z.literal("json"),
      with: z.array(
        z.strictObject({
          op: z.enum(["add", "remove", "replace", "move", "copy", "test"]),
          path: z.string(),
          from: z.string().optional(),
          value: z.unknown().optional(),
        }),
      ),
    }),
    z.strictObject({
      at: instant,
      resize: workload.describe("A workload, whose pods are resized in place, the oldest first, or a pod."),
      container: z.string().optional().describe("Default: the first one."),
      requests: computeResources.optional(),
      limits: computeResources.optional(),
      count: z.number().int().min(1).optional().describe("How many pods. Default: all there are."),
    }),
    z.strictObject({ at: instant, rolloutRestart: workload }),
    z.strictObject({
      at: instant,
      rolloutUndo: workload,
      toRevision: z.number().int().min(1).optional().describe("Default: the last one but the present."),
    }),
    z.strictObject({ at: instant, rolloutPause: workload }),
    z.strictObject({ at: instant, rolloutResume: workload }),
    z.strictObject({ at: instant, setImage: workload, container: z.string().optional(), image: z.string() }),
    z.strictObject({ at: instant, label: reference, set: z.record(z.string(), z.string().nullable()) }),
    z.strictObject({
      at: instant,
      taint: node,
      with: z.string().describe('"key=value:NoSchedule"; with a "-" behind it the taint is taken away.'),
    }),
    z.strictObject({ at: instant, cordon: node }),
    z.strictObject({ at: instant, uncordon: node }),
    z.strictObject({ at: instant, drain: node, ...drainOptions(false) }),
    z.strictObject({
      at: instant,
      evict: workload.describe("A workload, of which the oldest pods are evicted, or a pod."),
      count: z.number().int().min(1).default(1),
    }),
    z.strictObject({
      at: instant,
      upgrade: z.enum(["surge", "in-place"]).describe("New machines before the old ones go, or restarts."),
      pools: z.array(z.string()).optional().describe("One after another. Default: all."),
      maxSurge: z.number().int().min(1).default(1).describe("Machines at a time, with `surge`."),
      restart: duration.default(120_000_000).describe("How long a machine is away, in place."),
      ...drainOptions(true),
    }),
  ])
  .describe("What people do.");

export type ActionText = z.output<typeof action>;
