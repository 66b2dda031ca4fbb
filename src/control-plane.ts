import {
  ClusterAutoscaler,
  kedaMetrics,
  kedaOperator,
  optionsOf,
  orderText,
  TriggerFailures,
} from "./autoscaler/index.ts";
import {
  type Component,
  ControllerRunner,
  LeaderElection,
  Process,
  type ProcessOptions,
  type Surroundings,
} from "./client/index.ts";
import { type CloudCall, type CloudProvider, templateNode } from "./cloud/index.ts";
import { externalAttacher, externalProvisioner, serviceLoadBalancerController } from "./controllers/index.ts";
import type { Extension } from "./extension.ts";
import { startControllers } from "./kube-controller-manager.ts";
import {
  type ExternalSource,
  MetricsAdapter,
  type MetricsAdapterOptions,
  MetricsApis,
  MetricsServer,
} from "./metrics/index.ts";
import { objectKey } from "./model/index.ts";
import { policyProcesses } from "./policies.ts";
import { type Scenario, zoneIn } from "./scenario/index.ts";
import { KubeScheduler, loadConfiguration, pluginRegistry } from "./scheduler/index.ts";
import type { RandomStream, RandomStreams, Ticker } from "./sim/index.ts";
import { startTerminationHandler } from "./termination-handler.ts";

interface ControlPlaneParts {
  readonly surroundings: Surroundings;
  readonly scenario: Scenario;
  readonly streams: RandomStreams;
  readonly cloud: CloudProvider;
  readonly extensions: readonly Extension[];
  /** What Prometheus would read from services. */
  readonly traffic: MetricsAdapterOptions["traffic"];
  /** Told what those decide who leave no event in the API: scaling policies, the termination handler. */
  readonly onDecision: (by: string, text: string) => void;
}

/** metrics-server, and Prometheus with an adapter, scrape this often. */
const scrapePeriodUs = 15_000_000;
/** Prometheus' rates are means over this window. */
const rateWindowUs = 120_000_000;

/** The metrics APIs as a process sees them. */
type MetricsOf = (reader: Process, external?: ExternalSource) => MetricsApis;

export interface ControlPlane {
  readonly components: ReadonlyMap<string, Component>;
  readonly scheduler: KubeScheduler;
}

/** Makes every process that decides: controllers, scheduler, autoscaler, the user's operators. None is started yet. */
export function startControlPlane(parts: ControlPlaneParts): ControlPlane {
  const { scenario, cloud, surroundings, extensions } = parts;
  const { api } = surroundings;
  const manager = processOf(parts, {
    name: "kube-controller-manager",
    limits: () => ({
      perSecond: scenario.controllerManager["kube-api-qps"],
      burst: scenario.controllerManager["kube-api-burst"],
    }),
  });
  const { metricsOf: metrics, prometheus } = metricsSources(parts);
  const keda = scenario.usesKeda ? kedaIn(parts, metrics) : undefined;
  const operators = extensions.flatMap(({ controllers = [] }) => controllers);
  const watched = operators.flatMap(({ watches }) => watches.map(({ kind }) => kind));
  startControllers(manager, api, scenario, metrics(manager, keda?.metrics), watched);
  const cloudManager = processOf(parts, {
    name: "cloud-controller-manager",
    limits: () => ({ perSecond: 20, burst: 30 }),
  });
  new ControllerRunner(cloudManager, serviceLoadBalancerController);
  // The cloud's own node controller: a machine that was given back has no Node.
  cloud.onRelease(({ spec }) => api.handle({ verb: "delete", kind: "Node", key: objectKey(undefined, spec.name) }));
  // What runs beside the drivers of volumes, with the sidecars' own flow control.
  const csi = processOf(parts, { name: "csi-controller", limits: () => ({ perSecond: 5, burst: 10 }) });
  for (const controller of [externalProvisioner, externalAttacher]) new ControllerRunner(csi, controller);
  const schedulerProcess = processOf(parts, { name: "kube-scheduler", limits: () => scenario.scheduler });
  const scheduler = schedulerIn(schedulerProcess, parts);
  const components: Component[] = [
    elected(manager, scenario.controllerManager.replicas, parts),
    elected(schedulerProcess, scenario.scheduler.replicas, parts),
    cloudManager,
    csi,
    prometheus,
  ];
  if (scenario.clusterAutoscaler !== undefined) components.push(autoscaler(parts, scenario.clusterAutoscaler));
  for (const controller of operators) {
    const operator = processOf(parts, { name: controller.name, limits: () => ({ perSecond: 20, burst: 30 }) });
    new ControllerRunner(operator, controller);
    components.push(operator);
  }
  if (keda !== undefined) components.push(keda.process);
  const policies = policyProcesses({
    scenario,
    defined: extensions.flatMap(({ policies: own = [] }) => own),
    streams: parts.streams,
    processOf: (name) =>
      processOf(parts, { name, limits: () => ({ perSecond: 20, burst: 30 }), provider: provider(cloud) }),
    metricsOf: metrics,
    onOrder: (policy, order, refusal) => {
      const text = orderText(order);
      parts.onDecision(policy, refusal === undefined ? text : `${text} was refused: ${refusal}`);
    },
  });
  components.push(...policies);
  if (scenario.terminationHandler && interrupts(scenario)) {
    const told = (text: string): void => parts.onDecision("aws-node-termination-handler", text);
    components.push(startTerminationHandler(surroundings, parts.streams("termination-handler"), told));
  }
  return { components: new Map(components.map((component) => [component.name, component])), scheduler };
}

/** Whether the provider may take machines back: otherwise nobody has to watch for it. */
function interrupts({ pools, faults }: Scenario): boolean {
  return pools.some(({ spot }) => spot !== undefined) || faults.some(({ kind }) => kind === "spot-interruption");
}

/** One process needs no lease. */
function elected(process: Process, replicas: number, { streams }: ControlPlaneParts): Component {
  if (replicas === 1) return process;
  return new LeaderElection(process, replicas, streams(`leader-election/${process.name}`));
}

/** A process whose watches are as unlucky as the scenario wants them. */
function processOf({ surroundings, scenario, streams }: ControlPlaneParts, options: ProcessOptions): Process {
  if (scenario.deliveryJitterUs === 0) return new Process(surroundings, options);
  const random = streams(`delivery/${options.name}`);
  const deliveryJitterUs = (): number => Math.floor(random() * scenario.deliveryJitterUs);
  return new Process(surroundings, { ...options, deliveryJitterUs });
}

/** One metrics-server and one adapter for everybody; each reader matches pods in its own cache. */
function metricsSources({ surroundings, streams, traffic }: ControlPlaneParts): {
  readonly metricsOf: MetricsOf;
  readonly prometheus: Component;
} {
  const { loop, world, clock } = surroundings;
  const server = new MetricsServer({ loop, world, clock, ticker: tickerOf(scrapePeriodUs, streams("metrics-server")) });
  const ticker = tickerOf(scrapePeriodUs, streams("prometheus"));
  const adapter = new MetricsAdapter({ loop, world, ticker, rateWindowUs, traffic });
  const metricsOf: MetricsOf = ({ view }, external) =>
    new MetricsApis(server, adapter, (namespace, selector) => view.podsSelected(namespace, selector), external);
  return { metricsOf, prometheus: adapter };
}

/** keda-operator, and the metrics server that asks it. */
function kedaIn(
  parts: ControlPlaneParts,
  metrics: MetricsOf,
): { readonly process: Process; readonly metrics: ExternalSource } {
  const { timeZones } = parts.scenario;
  const process = processOf(parts, { name: "keda-operator", limits: () => ({ perSecond: 20, burst: 30 }) });
  const sources = { offsetsOf: (zone: string) => zoneIn(timeZones, zone), prometheus: metrics(process) };
  const failures = new TriggerFailures();
  new ControllerRunner(process, kedaOperator(sources, failures));
  return { process, metrics: kedaMetrics(process.view, sources, failures) };
}

function schedulerIn(process: Process, { scenario, streams, extensions }: ControlPlaneParts): KubeScheduler {
  const registry = pluginRegistry(extensions.flatMap(({ plugins = [] }) => plugins));
  return new KubeScheduler(process, loadConfiguration(scenario.scheduler.config), registry, streams("kube-scheduler"));
}

function autoscaler(parts: ControlPlaneParts, flags: NonNullable<Scenario["clusterAutoscaler"]>): Process {
  const { cloud, streams } = parts;
  const process = processOf(parts, {
    name: "cluster-autoscaler",
    limits: () => ({ perSecond: 5, burst: 10 }),
    provider: provider(cloud),
  });
  const ties = streams("cluster-autoscaler");
  new ClusterAutoscaler({
    process,
    options: optionsOf(flags),
    writesStatus: flags["write-status-configmap"],
    groups: cloud.pools.map((pool) => ({
      id: pool.name,
      template: templateNode(pool),
      pricePerHour: pool.machineType.microUsdPerHour / 1_000_000,
    })),
    choose: (groups) => Math.floor(ties() * groups.length),
  });
  return process;
}

function provider(cloud: CloudProvider): NonNullable<ProcessOptions["provider"]> {
  return (call, reply) => cloud.handle(call as CloudCall, reply);
}

/** A loop that nobody started at a known instant: its phase is luck. */
function tickerOf(periodUs: number, random: RandomStream): Ticker {
  return { phaseUs: Math.floor(random() * periodUs), periodUs };
}
