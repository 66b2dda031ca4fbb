import { z } from "zod";
import { action } from "./action-schema.ts";
import { curve } from "./curve-schema.ts";
import { fault } from "./fault-schema.ts";
import { kubeletSettings } from "./kubelet-schema.ts";
import { policy } from "./policy-schema.ts";
import { bytes, distribution, duration, instant, serviceReference, workload } from "./values.ts";

const taint = z.strictObject({
  key: z.string(),
  value: z.string().optional(),
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]),
});

const quantityText = z.union([z.string(), z.number()]).transform(String);

const nodePool = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/),
    instanceType: z.string().optional().describe('EC2 type, such as "m6i.2xlarge".'),
    machine: z
      .strictObject({
        cpu: quantityText,
        memory: quantityText,
        pods: z.number().int().min(1).default(110),
        usdPerHour: z.number().min(0).default(0),
        resources: z.record(z.string(), quantityText).default({}).describe("Extended resources, such as GPUs."),
      })
      .optional()
      .describe("A machine of your own, instead of `instanceType`."),
    region: z.string().optional().describe('Default: the first zone without its letter, or "local".'),
    zones: z.array(z.string()).min(1).default(["local-a"]),
    min: z.number().int().min(0).default(0),
    max: z.number().int().min(0).optional().describe("Default: the initial size."),
    initial: z.number().int().min(0).optional().describe("Machines at the start. Default: `min`."),
    spot: z
      .strictObject({
        interruptionsPerHour: z.number().min(0).default(0).describe("Of each machine, by its own luck."),
      })
      .optional()
      .describe("Spare capacity at the spot price, which the provider takes back with two minutes' notice."),
    warmPool: z
      .strictObject({
        size: z.number().int().min(1),
        start: distribution
          .optional()
          .describe("From the start of a stopped machine to its system. Default { median: 10s, p95: 16s }."),
        usdPerHour: z.number().min(0).default(0).describe("Of one that stands by: its disk."),
      })
      .optional()
      .describe("Machines that stand by, stopped, and start sooner than new ones."),
    labels: z.record(z.string(), z.string()).default({}),
    taints: z.array(taint).default([]),
    kubelet: kubeletSettings.prefault({}),
    staticPods: z
      .array(z.string())
      .default([])
      .describe("Files and folders with manifests of pods that each machine runs whatever the API server says."),
  })
  .describe("A group of equal machines that an autoscaler may grow and shrink.");

const replicas = z
  .number()
  .int()
  .min(1)
  .default(1)
  .describe("Processes of which one leads; when it is lost another takes over once the lease of 15 s has expired.");

/** `kube-controller-manager` flags that change what is simulated, under upstream's names. */
const controllerManagerFlags = z.strictObject({
  replicas,
  "kube-api-qps": z.number().positive().default(20),
  "kube-api-burst": z.number().int().positive().default(30),
  "node-monitor-period": duration.default(5_000_000),
  "node-monitor-grace-period": duration.default(50_000_000),
  "node-startup-grace-period": duration.default(60_000_000),
  "node-eviction-rate": z.number().min(0).default(0.1),
  "secondary-node-eviction-rate": z.number().min(0).default(0.01),
  "unhealthy-zone-threshold": z.number().min(0).max(1).default(0.55),
  "large-cluster-size-threshold": z.number().int().min(0).default(50),
  "terminated-pod-gc-threshold": z.number().int().min(0).default(12_500),
  "horizontal-pod-autoscaler-sync-period": duration.default(15_000_000),
  "horizontal-pod-autoscaler-tolerance": z.number().min(0).default(0.1),
  "horizontal-pod-autoscaler-downscale-stabilization": duration.default(300_000_000),
  "horizontal-pod-autoscaler-cpu-initialization-period": duration.default(300_000_000),
  "horizontal-pod-autoscaler-initial-readiness-delay": duration.default(30_000_000),
});

const schedulerOptions = z.strictObject({
  replicas,
  config: z.string().optional().describe("A KubeSchedulerConfiguration file, unchanged."),
  "kube-api-qps": z.number().positive().default(50),
  "kube-api-burst": z.number().int().positive().default(100),
});

/** cluster-autoscaler flags under upstream's names. */
const clusterAutoscalerFlags = z.strictObject({
  expander: z
    .string()
    .default("least-waste")
    .describe("A chain such as least-waste, random, most-pods, price, priority, comma-separated."),
  "scan-interval": duration.default(10_000_000),
  "max-nodes-total": z.number().int().min(0).default(0),
  "max-node-provision-time": duration.default(900_000_000),
  "max-nodes-per-scaleup": z.number().int().min(1).default(1000),
  "new-pod-scale-up-delay": duration.default(0),
  "balance-similar-node-groups": z.boolean().default(false),
  "scale-down-enabled": z.boolean().default(true),
  "scale-down-delay-after-add": duration.default(600_000_000),
  "scale-down-delay-after-delete": duration.optional(),
  "scale-down-delay-after-failure": duration.default(180_000_000),
  "scale-down-unneeded-time": duration.default(600_000_000),
  "scale-down-unready-time": duration.default(1_200_000_000),
  "scale-down-utilization-threshold": z.number().min(0).max(1).default(0.5),
  "max-graceful-termination-sec": z.number().int().min(0).default(600),
  "skip-nodes-with-local-storage": z.boolean().default(true),
  "skip-nodes-with-system-pods": z.boolean().default(true),
  "max-empty-bulk-delete": z.number().int().min(0).default(10),
  "max-scale-down-parallelism": z.number().int().min(0).default(10),
  "max-drain-parallelism": z.number().int().min(1).default(1),
  "ok-total-unready-count": z.number().int().min(0).default(3),
  "max-total-unready-percentage": z.number().min(0).max(100).default(45),
  "write-status-configmap": z.boolean().default(true),
});

const usd = z.number().min(0);

const cloud = z
  .strictObject({
    prices: z
      .record(z.string(), usd)
      .default({})
      .describe("USD an hour by instance type, instead of EC2's on-demand prices in us-east-1."),
    spotPrices: z
      .record(z.string(), usd)
      .default({})
      .describe("USD an hour by instance type. Default: 37 % of the on-demand price."),
    controlPlaneUsdPerHour: usd.default(0),
    loadBalancerUsdPerHour: usd.default(0).describe("Of each Service of type LoadBalancer."),
    crossZoneUsdPerGiB: usd
      .default(0)
      .describe("Of what calls between services carry to another zone: see `behavior.calls.bytes`."),
    calls: z
      .strictObject({ perSecond: z.number().positive(), burst: z.number().int().min(1) })
      .optional()
      .describe("How many calls the provider takes; further ones are refused. Default: all."),
    terminationHandler: z
      .boolean()
      .default(true)
      .describe(
        "Whether a machine that is to be taken back is cordoned and drained, as aws-node-termination-handler does.",
      ),
  })
  .describe("What the provider charges besides its machines, and how it behaves.");

const behavior = z
  .strictObject({
    for: workload,
    startup: distribution
      .optional()
      .describe("From the container's start until it answers. Default { median: 2s, p95: 5s }."),
    init: distribution.optional().describe("How long each init container runs. Default 1s."),
    image: z
      .strictObject({
        size: bytes.describe("Compressed, all layers together."),
        layers: z
          .array(z.strictObject({ name: z.string().min(1), size: bytes }))
          .optional()
          .describe(
            "Layers that images of other workloads have too, by name: on a machine that has one it is not pulled again.",
          ),
      })
      .refine(({ size, layers = [] }) => layers.reduce((sum, layer) => sum + layer.size, 0) <= size, {
        error: "BAD_VALUE|layers that are together no larger than the image",
        path: ["layers"],
      })
      .refine(({ layers = [] }) => new Set(layers.map(({ name }) => name)).size === layers.length, {
        error: "DUPLICATE|each layer once",
        path: ["layers"],
      })
      .optional()
      .describe("Default 100Mi, without shared layers."),
    perRequest: z
      .strictObject({ cpu: duration, wait: duration.default(0) })
      .optional()
      .describe("Work on one core, and waiting elsewhere. Without it the workload serves no requests."),
    warmUp: z
      .strictObject({
        for: distribution.describe("From the first answer until code is compiled and caches are full."),
        cpuFactor: z.number().min(1).describe("Until then a request costs so many times the CPU."),
      })
      .optional()
      .describe("Software that answers, and passes its readiness probe, before it is warm."),
    concurrency: z.number().int().min(1).default(100).describe("Requests in progress in one pod."),
    memory: z
      .strictObject({
        base: bytes.optional().describe("Default: what the pod requests."),
        perRequestInFlight: bytes.default(0),
        leakPerSecond: bytes.default(0),
      })
      .optional(),
    disk: z
      .strictObject({
        base: bytes.default(0),
        growPerSecond: bytes.default(0),
        volume: z.string().optional().describe("An emptyDir volume. Default: the container's own layer and logs."),
        files: z
          .strictObject({ base: z.number().int().min(0).default(0), growPerSecond: z.number().min(0).default(0) })
          .optional()
          .describe("Files it leaves there, an inode each. Default: none."),
      })
      .optional()
      .describe("What it writes to the machine's disk. Default: nothing."),
    processes: z
      .strictObject({ base: z.number().int().min(1).default(1), growPerSecond: z.number().min(0).default(0) })
      .optional()
      .describe("Processes and threads, of the machine's process IDs. Default: one."),
    calls: z
      .array(
        z.union([
          z.strictObject({
            service: z.string(),
            perRequest: z.number().min(0).default(1),
            bytes: bytes.default(0).describe("Of question and answer together; they cost where they cross zones."),
          }),
          z.strictObject({ external: z.string(), perRequest: z.number().min(0).default(1) }),
        ]),
      )
      .default([]),
    idleCpu: z
      .union([z.string(), z.number()])
      .transform(String)
      .optional()
      .describe("CPU without requests. Default: what the pod requests if it serves none, else 5m."),
    startupCpu: z
      .union([z.string(), z.number()])
      .transform(String)
      .optional()
      .describe("CPU while starting. Default: what the pod requests."),
    exit: z.strictObject({ after: distribution, code: z.number().int().min(0).max(255).default(0) }).optional(),
    shutdown: distribution.optional().describe("From SIGTERM to exit. Default { median: 1s, p95: 3s }."),
    shutdownExitCode: z
      .number()
      .int()
      .min(0)
      .max(255)
      .optional()
      .describe("Of the exit after SIGTERM. Default 143: the signal is not handled."),
  })
  .describe("What a manifest cannot say: how the software behaves.");

const comparison = z
  .string()
  .regex(/^\s*(<=|>=|<|>)\s*[\d.]+\s*([a-zA-Zµ%]*)\s*$/, { error: 'BAD_COMPARISON|a comparison such as "< 250ms"' });

const window = { from: instant.optional(), to: instant.optional() };
const expectation = z
  .union([
    z.strictObject({ service: z.string(), p50: comparison, ...window }),
    z.strictObject({ service: z.string(), p95: comparison, ...window }),
    z.strictObject({ service: z.string(), p99: comparison, ...window }),
    z.strictObject({ service: z.string(), availability: comparison, ...window }),
    z.strictObject({ workload, ready: comparison, ...window }),
    z.strictObject({ pending: comparison.describe("Longest wait of a pod for a machine."), ...window }),
    z.strictObject({ recovery: comparison.describe("From each fault until all is as good as before.") }),
    z.strictObject({ cost: comparison }),
  ])
  .describe("What must hold; a run in which one does not ends with exit code 1.");

const spec = z.strictObject({
  question: z.string().describe("What the run is to answer, in one sentence."),
  start: z.string().default("2026-01-05T00:00:00Z").describe("RFC 3339, with the zone's offset."),
  duration,
  initial: z.enum(["empty", "settled"]).default("settled"),
  warmUp: duration
    .optional()
    .describe("Virtual time before the start in which a settled cluster comes to rest. Default 10m."),
  cluster: z.strictObject({
    nodePools: z.array(nodePool).min(1),
    cloud: cloud.prefault({}),
    clusterAutoscaler: clusterAutoscalerFlags.optional(),
    kubeControllerManager: controllerManagerFlags.prefault({}),
    scheduler: schedulerOptions.prefault({}),
  }),
  manifests: z.array(z.string()).default([]).describe("Files and folders: what you would give to kubectl apply."),
  podTrace: z
    .string()
    .optional()
    .describe('Bare pods that come one by one: a file of lines {"at":seconds,"run":seconds,"name":…,"spec":…}.'),
  behavior: z.array(behavior).default([]),
  external: z
    .array(
      z.strictObject({ name: z.string(), latency: distribution, connections: z.number().int().min(1).default(1000) }),
    )
    .default([])
    .describe("What lives outside the cluster and is called."),
  traffic: z
    .array(
      z.strictObject({
        name: z.string().optional(),
        to: serviceReference,
        rate: curve,
        timeout: duration.default(10_000_000),
        retries: z.number().int().min(0).max(10).default(0),
        backoff: duration.default(0),
      }),
    )
    .default([]),
  calls: z
    .strictObject({ timeout: duration.default(5_000_000), retries: z.number().int().min(0).max(10).default(0) })
    .prefault({})
    .describe("Patience of services that call each other."),
  policies: z
    .array(policy)
    .default([])
    .describe("Ways of scaling beside HPA and cluster-autoscaler: by the clock, ahead of time, or of your own."),
  actions: z.array(action).default([]),
  faults: z.array(fault).default([]),
  expect: z.array(expectation).default([]),
  deliveryJitter: duration
    .default(0)
    .describe("Watch events come up to so much later, each by its own luck. Default 0; `explore` draws it."),
  extensions: z
    .array(z.string())
    .default([])
    .describe("Modules that define controllers, plugins, policies and invariants."),
});

export const scenarioSchema = z.strictObject({
  apiVersion: z.literal("seatrial.io/v1alpha1"),
  kind: z.literal("Scenario"),
  metadata: z.strictObject({ name: z.string().regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/) }),
  spec,
});

export type ScenarioText = z.output<typeof scenarioSchema>;
export type BehaviorText = z.output<typeof behavior>;
export type ExpectationText = z.output<typeof expectation>;
export type NodePoolText = z.output<typeof nodePool>;
export type CloudText = z.output<typeof cloud>;
export type ControllerManagerFlags = z.output<typeof controllerManagerFlags>;
export type ClusterAutoscalerFlags = z.output<typeof clusterAutoscalerFlags>;
