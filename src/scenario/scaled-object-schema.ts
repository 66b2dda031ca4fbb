import { z } from "zod";
import { parseSeries } from "../autoscaler/index.ts";
import { CronError, parseCron, quantityProblem } from "../model/index.ts";
import { zoneOffsets } from "./time-zones.ts";

const count = z.number().int().min(0);
/** Metadata of triggers are texts: the API server refuses a number there. */
const numberText = z.string().regex(/^\d+(\.\d+)?$/, { error: 'BAD_VALUE|a number as text, such as "12"' });

const cronText = z.string().superRefine((text, context) => {
  try {
    if (parseCron(text).fields === undefined) throw new CronError("no fields");
  } catch (error) {
    if (!(error instanceof CronError)) throw error;
    context.addIssue({ code: "custom", message: `BAD_CRON|five cron fields (${error.message})` });
  }
});

const timeZone = z.string().refine((zone) => zoneOffsets(zone, 0, 0) !== undefined, {
  error: 'UNKNOWN_TIME_ZONE|a time zone such as "America/New_York"',
});

const common = {
  name: z.string().optional(),
  metricType: z.enum(["AverageValue", "Value", "Utilization"]).optional(),
  useCachedMetrics: z.literal(false).optional(),
};

const cron = z.strictObject({
  type: z.literal("cron"),
  ...common,
  metadata: z
    .strictObject({ timezone: timeZone, start: cronText, end: cronText, desiredReplicas: numberText })
    .refine(({ start, end }) => start !== end, { error: "BAD_VALUE|an end that is not the start" }),
});

const prometheus = z.strictObject({
  type: z.literal("prometheus"),
  ...common,
  metadata: z.strictObject({
    serverAddress: z.string().optional(),
    query: z.string().refine((query) => parseSeries(query) !== undefined, {
      error: "UNSUPPORTED_QUERY|a series of the metrics adapter, such as 'sum(requests_per_second{service=\"web\"})'",
    }),
    threshold: numberText,
    activationThreshold: numberText.optional(),
  }),
});

const resource = (type: "cpu" | "memory") =>
  z.strictObject({
    type: z.literal(type),
    ...common,
    metadata: z.strictObject({
      value: z.string().refine((text) => quantityProblem(text) === undefined, {
        error: 'BAD_QUANTITY|a number as text, such as "60"',
      }),
      containerName: z.string().optional(),
    }),
  });

/** A ScaledObject as its CRD and KEDA's admission webhook take it, as far as it is simulated. */
export const scaledObjectSchema = z.looseObject({
  metadata: z.looseObject({
    annotations: z
      .looseObject({
        "autoscaling.keda.sh/paused-replicas": z
          .string()
          .regex(/^\d+$/, { error: 'BAD_VALUE|a count as text, such as "3"' })
          .optional(),
      })
      .optional(),
  }),
  spec: z
    .strictObject({
      scaleTargetRef: z.strictObject({
        apiVersion: z.literal("apps/v1").optional(),
        kind: z.enum(["Deployment", "StatefulSet"]).optional(),
        name: z.string(),
        envSourceContainerName: z.string().optional(),
      }),
      pollingInterval: z.number().int().min(1).optional(),
      cooldownPeriod: count.optional(),
      initialCooldownPeriod: count.optional(),
      idleReplicaCount: count.optional(),
      minReplicaCount: count.optional(),
      maxReplicaCount: z.number().int().min(1).optional(),
      fallback: z
        .strictObject({
          failureThreshold: count,
          replicas: count,
          behavior: z
            .enum(["static", "currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower"])
            .optional(),
        })
        .optional(),
      advanced: z
        .strictObject({
          restoreToOriginalReplicaCount: z.boolean().optional(),
          horizontalPodAutoscalerConfig: z
            .strictObject({ name: z.string().optional(), behavior: z.looseObject({}).optional() })
            .optional(),
        })
        .optional(),
      triggers: z.array(z.discriminatedUnion("type", [cron, prometheus, resource("cpu"), resource("memory")])).min(1),
    })
    .refine(({ minReplicaCount = 0, maxReplicaCount = 100 }) => minReplicaCount <= maxReplicaCount, {
      error: "BAD_VALUE|a minReplicaCount of at most maxReplicaCount",
    })
    .refine(({ idleReplicaCount: idle, minReplicaCount = 0 }) => idle === undefined || idle < minReplicaCount, {
      error: "BAD_VALUE|an idleReplicaCount below minReplicaCount",
    })
    .refine(({ fallback, triggers }) => fallback === undefined || triggers.some(mayFallBack), {
      error: "BAD_VALUE|a fallback beside a trigger that is not cpu or memory and has an AverageValue",
    })
    .refine(
      ({ minReplicaCount = 0, triggers }) =>
        minReplicaCount > 0 || triggers.some(({ type }) => type === "cron" || type === "prometheus"),
      { error: "BAD_VALUE|a minReplicaCount above 0, since cpu and memory say nothing of no pods" },
    ),
});

function mayFallBack({
  type,
  metricType = "AverageValue",
}: {
  readonly type: string;
  readonly metricType?: string;
}): boolean {
  return type !== "cpu" && type !== "memory" && metricType === "AverageValue";
}

/** Whether an object is what KEDA acts on. */
export function isScaledObject({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): boolean {
  return kind === "ScaledObject" && apiVersion === "keda.sh/v1alpha1";
}
