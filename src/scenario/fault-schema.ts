import { z } from "zod";
import { duration, instant, serviceReference, workload } from "./values.ts";

const machineSelector = z
  .strictObject({
    runs: workload.optional().describe("A machine that runs a pod of this workload at that instant."),
    pool: z.string().optional(),
    zone: z.string().optional(),
    name: z.string().optional(),
  })
  .describe("Which machine: one that meets all of these; among several a seeded draw decides.");

const until = duration.optional().describe("How long it lasts. Default: to the end of the run.");

const machineCrash = z.strictObject({
  kind: z.literal("machine-crash"),
  at: instant,
  where: machineSelector,
  for: until.describe("How long the power stays off. Default: to the end of the run."),
});

const machineFreeze = z.strictObject({
  kind: z.literal("machine-freeze"),
  at: instant,
  where: machineSelector,
  for: until,
});

const machineShutdown = z.strictObject({
  kind: z.literal("machine-shutdown"),
  at: instant,
  where: machineSelector,
  for: until.describe(
    "From the shutdown's beginning until the power is on again. Pods end first where shutdownGracePeriod says so.",
  ),
});

const kubeletStop = z.strictObject({
  kind: z.literal("kubelet-stop"),
  at: instant,
  where: machineSelector,
  for: until,
});

const runtimeNotReady = z.strictObject({
  kind: z.literal("runtime-not-ready"),
  at: instant,
  where: machineSelector.describe("Which machine's container runtime says of itself that it is not ready."),
  for: until,
});

const networkPartition = z.strictObject({
  kind: z.literal("network-partition"),
  at: instant,
  where: machineSelector.describe(
    "Machines that meet all of these are cut off from the control plane and, with `from: all`, from everything.",
  ),
  from: z.enum(["control-plane", "all"]).default("all"),
  for: until,
});

const zoneOutage = z.strictObject({ kind: z.literal("zone-outage"), at: instant, zone: z.string(), for: until });

const outOfCapacity = z.strictObject({
  kind: z.literal("out-of-capacity"),
  at: instant,
  pool: z.string().optional().describe("This pool; or, with `instanceType`, every pool of a type."),
  instanceType: z.string().optional(),
  zone: z.string().optional().describe("Default: all zones."),
  for: until,
});

const podKill = z.strictObject({
  kind: z.literal("pod-kill"),
  at: instant,
  where: z.strictObject({ workload }),
  count: z.number().int().min(1).default(1).describe("How many running pods lose their processes."),
});

const trafficSpike = z.strictObject({
  kind: z.literal("traffic-spike"),
  at: instant,
  to: serviceReference,
  factor: z.number().positive(),
  for: duration,
});

const apiServerOutage = z.strictObject({ kind: z.literal("api-server-outage"), at: instant, for: duration });

const registrySlow = z.strictObject({
  kind: z.literal("registry-slow"),
  at: instant,
  factor: z
    .number()
    .min(1)
    .optional()
    .describe("Pulls take so many times as long. Default: the registry does not answer."),
  for: until,
});

const component = z
  .string()
  .min(1)
  .describe(
    "kube-controller-manager, kube-scheduler, cloud-controller-manager, csi-controller, cluster-autoscaler, prometheus, " +
      "keda-operator, aws-node-termination-handler, or the name of a policy or of an extension's controller. Of several replicas the one that leads.",
  );

const componentCrash = z.strictObject({
  kind: z.literal("component-crash"),
  at: instant,
  component,
  for: duration.default(5_000_000).describe("Until it is started again. Default 5 s."),
});

const componentPartition = z.strictObject({
  kind: z.literal("component-partition"),
  at: instant,
  component,
  for: until.describe("How long it does not reach the API server. Default: to the end of the run."),
});

const spotInterruption = z.strictObject({
  kind: z.literal("spot-interruption"),
  at: instant,
  where: machineSelector.describe("Machines that meet all of these get a notice, and are gone two minutes later."),
  count: z.number().int().min(1).default(1),
});

const cloudThrottling = z.strictObject({
  kind: z.literal("cloud-throttling"),
  at: instant,
  for: until.describe("How long the provider refuses every call. Default: to the end of the run."),
});

export const fault = z.discriminatedUnion("kind", [
  machineCrash,
  machineFreeze,
  machineShutdown,
  kubeletStop,
  runtimeNotReady,
  networkPartition,
  zoneOutage,
  outOfCapacity,
  podKill,
  trafficSpike,
  apiServerOutage,
  registrySlow,
  componentCrash,
  componentPartition,
  spotInterruption,
  cloudThrottling,
]);

/** A fault as written; instants and references are resolved by `resolve-faults`. */
export type FaultText = z.output<typeof fault>;
