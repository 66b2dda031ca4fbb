import { ApiServer, type NewObject, Store } from "../../../src/apiserver/index.ts";
import { type Controller, ControllerRunner, Process } from "../../../src/client/index.ts";
import { deploymentController, replicaSetController, startAutoscaler } from "../../../src/controllers/index.ts";
import {
  type Gauges,
  MetricsAdapter,
  MetricsApis,
  MetricsServer,
  type TrafficSource,
} from "../../../src/metrics/index.ts";
import {
  type Deployment,
  type HorizontalPodAutoscaler,
  keyOf,
  objectKey,
  type Pod,
  type PodCondition,
  WallClock,
} from "../../../src/model/index.ts";
import { EventLoop, handler, phase } from "../../../src/sim/index.ts";
import { type Behavior, type RunningPod, World } from "../../../src/world/index.ts";

export interface ClosedLoopOptions {
  readonly scrapePhaseMs: number;
  /** Cores that all pods of the service share, from an instant on. */
  readonly demandMilli: readonly (readonly [atMs: number, millicores: number])[];
  readonly autoscaler: Partial<HorizontalPodAutoscaler["spec"]>;
  /** The autoscaler syncs at every beat, whether or not anything could have changed. Default: false. */
  readonly sleepless?: boolean;
}

const runMs = 3_000;
const readyMs = 5_000;
const requestMilli = 1_000;
const limitMilli = 2_000;
const web = objectKey("default", "web");

/**
 * The loop of /work/shared/conformance/closed-loop, but for machines, of which there are enough: load is shared by the
 * ready pods, metrics-server reads their counters, the autoscaler writes the Deployment, new pods run 3 s later and are
 * ready 5 s after that.
 */
export class ClosedLoop {
  readonly loop = new EventLoop();
  readonly api: ApiServer;
  readonly world: World;
  /** Every count that was written to the Deployment, with its instant. */
  readonly written: { readonly atMs: number; readonly replicas: number }[] = [];
  /** Every status that the autoscaler wrote, with its instant. */
  readonly statuses: { readonly atUs: number; readonly status: HorizontalPodAutoscaler["status"] }[] = [];
  readonly #demandMilli: ClosedLoopOptions["demandMilli"];
  readonly #ready = new Set<RunningPod>();

  constructor({ scrapePhaseMs, demandMilli, autoscaler, sleepless = false }: ClosedLoopOptions) {
    const { loop } = this;
    const clock = new WallClock(1_767_000_000_000_000);
    this.api = new ApiServer(new Store(loop, clock), "1");
    this.world = new World(() => loop.nowUs);
    this.#demandMilli = demandMilli;
    const surroundings = { loop, api: this.api, world: this.world, clock };
    const manager = new Process(surroundings, {
      name: "kube-controller-manager",
      limits: () => ({ perSecond: 20, burst: 30 }),
    });
    const ticker = { phaseUs: scrapePhaseMs * 1000, periodUs: 15_000_000 };
    const metrics = new MetricsApis(
      new MetricsServer({ loop, world: this.world, clock, ticker }),
      new MetricsAdapter({ loop, world: this.world, ticker, rateWindowUs: 120_000_000, traffic: this.#traffic() }),
      (namespace, selector) => manager.view.podsSelected(namespace, selector),
    );
    if (sleepless) metrics.usageRestsSinceUs = () => undefined;
    startAutoscaler(manager, metrics, {
      syncPeriodUs: 15_000_000,
      downscaleStabilizationUs: 300_000_000,
      tolerance: 0.1,
      windows: { cpuInitializationUs: 300_000_000, initialReadinessUs: 30_000_000 },
      configurableTolerance: true,
      scaleToZero: false,
    });
    for (const controller of [deploymentController, replicaSetController] as unknown as Controller[]) {
      new ControllerRunner(manager, controller);
    }
    this.api.store.onCommit(({ before, after, atUs }) => {
      if (after?.kind === "Pod" && before === undefined) this.#later(runMs, () => this.#run(keyOf(after)));
      if (after === undefined && before?.kind === "Pod") this.#stop(before.metadata.uid);
      if (after?.kind === "HorizontalPodAutoscaler") {
        this.statuses.push({ atUs, status: (after as HorizontalPodAutoscaler).status });
      }
      if (after?.kind !== "Deployment") return;
      const { replicas = 1 } = (after as Deployment).spec;
      if (this.written.at(-1)?.replicas !== replicas) this.written.push({ atMs: atUs / 1000, replicas });
    });
    manager.start();
    this.#later(0, () => this.#create(autoscaler));
    for (const [atMs] of demandMilli) this.#later(atMs, () => this.#share());
  }

  runUntil(atMs: number): void {
    while (this.loop.step(10_000, atMs * 1000) === "more");
  }

  get autoscaler(): HorizontalPodAutoscaler {
    return this.api.store.get("HorizontalPodAutoscaler", web)!;
  }

  /** Somebody writes `spec.replicas`. */
  scale(replicas: number): void {
    const deployment = this.api.store.get("Deployment", web)!;
    const next: Deployment = { ...deployment, spec: { ...deployment.spec, replicas } };
    this.api.handle({ verb: "update", next, part: "main" });
  }

  /** A request a second costs ten millicores. */
  #traffic(): TrafficSource {
    const gauges = (millicores: number): Gauges => ({
      perSecond: millicores / 10,
      inFlight: 0,
      queued: Math.max(0, millicores - this.#ready.size * requestMilli) / 10,
      p50Us: 10_000,
      p95Us: 20_000,
      p99Us: 30_000,
      failedShare: 0,
      utilization: 0,
    });
    return {
      names: () => [web],
      service: (name) => (name === web ? gauges(this.#demand) : undefined),
      pod: (pod) => (this.#ready.has(pod) ? gauges(this.#demand / this.#ready.size) : undefined),
    };
  }

  get #demand(): number {
    const nowMs = this.loop.nowUs / 1000;
    return this.#demandMilli.findLast(([atMs]) => atMs <= nowMs)?.[1] ?? 0;
  }

  #create(autoscaler: ClosedLoopOptions["autoscaler"]): void {
    const machine = { cpuMillicores: 1_000_000, memoryBytes: 1e12, networkBytesPerSecond: 1e9, microUsdPerHour: 0 };
    const type = { name: "large", ...machine, capacity: {}, allocatable: {} };
    const place = { pool: "p", region: "r", zone: "z", labels: {}, taints: [] };
    this.world.setPower(this.world.buy({ name: "n", type, ...place }), true);
    const resources = { requests: { cpu: `${requestMilli}m` }, limits: { cpu: `${limitMilli}m` } };
    const labels = { app: "web" };
    const spec = { containers: [{ name: "c", image: "app:1", resources }] };
    const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
    const metadata = { name: "web", namespace: "default" };
    const objects: NewObject[] = [
      { apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } },
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata,
        spec: { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
      },
      {
        apiVersion: "autoscaling/v2",
        kind: "HorizontalPodAutoscaler",
        metadata,
        spec: { scaleTargetRef, minReplicas: 2, maxReplicas: 20, ...autoscaler },
      },
    ];
    for (const object of objects) this.api.handle({ verb: "create", object });
  }

  #run(key: ReturnType<typeof keyOf>): void {
    const pod = this.api.store.get("Pod", key);
    if (pod === undefined) return;
    const limits = { name: "c", cpuShares: 1024, cpuLimitMillicores: limitMilli, memoryLimitBytes: 0, oomScoreAdj: 0 };
    const running = this.world.startPod({
      key,
      uid: pod.metadata.uid,
      machine: this.world.machines[0]!,
      workload: "deployment/web",
      behavior: {} as Behavior,
      containers: [limits],
      mainIndex: 0,
    });
    this.world.startContainer(running, running.main);
    this.world.setMemory(running, running.main, 100_000_000);
    this.#report(pod, "False");
    this.#later(readyMs, () => {
      const known = this.api.store.get("Pod", key);
      if (known === undefined || running.gone) return;
      this.#report(known, "True");
      this.#ready.add(running);
      this.#share();
    });
  }

  #stop(uid: Pod["metadata"]["uid"]): void {
    const running = this.world.pod(uid);
    if (running === undefined) return;
    this.#ready.delete(running);
    this.world.removePod(running);
    this.#share();
  }

  #share(): void {
    for (const pod of this.#ready) this.world.setDemand(pod, pod.main, Math.floor(this.#demand / this.#ready.size));
  }

  #report(pod: Pod, ready: string): void {
    const time = this.api.store.clock.time(this.loop.nowUs);
    const condition: PodCondition = { type: "Ready", status: ready, lastTransitionTime: time };
    const startTime = pod.status.startTime ?? time;
    this.api.handle({
      verb: "patch",
      kind: "Pod",
      key: keyOf(pod),
      part: "status",
      change: (stored: Pod) => ({
        ...stored,
        status: { ...stored.status, phase: "Running", startTime, conditions: [condition] },
      }),
    });
  }

  #later(afterMs: number, then: () => void): void {
    const { loop } = this;
    loop.schedule(loop.nowUs + afterMs * 1000, phase.world, handler("test", then), undefined);
  }
}
