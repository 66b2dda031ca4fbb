import { ApiServer, type LogEntry, type NewObject, Store } from "./apiserver/index.ts";
import { type Checker, type Invariant, invariants } from "./checkers/index.ts";
import type { Surroundings } from "./client/index.ts";
import { CloudProvider, defaultCloudDelays } from "./cloud/index.ts";
import { startControlPlane } from "./control-plane.ts";
import type { Extension } from "./extension.ts";
import { Faults } from "./faults/index.ts";
import { WallClock } from "./model/index.ts";
import { defaultNodeDelays, Kubelets, KubeProxies } from "./node/index.ts";
import { People } from "./people/index.ts";
import { startPodArrivals } from "./pod-arrivals.ts";
import { Collector, type RunResult } from "./report/index.ts";
import { Behaviors, type Scenario } from "./scenario/index.ts";
import type { KubeScheduler } from "./scheduler/index.ts";
import { EventLoop, handler, phase, randomStreams } from "./sim/index.ts";
import { type Stretch, Traffic } from "./traffic/index.ts";
import { World } from "./world/index.ts";

/** What a caller may hang onto a run; none of it changes the run. */
export interface SimulationOptions {
  readonly onCommit?: (entry: LogEntry) => void;
  readonly onStretch?: (stretch: Stretch) => void;
  /** What the modules of `scenario.extensions` brought. */
  readonly extensions?: readonly Extension[];
}

/** Runs a scenario under a seed to its end. A pure function: equal arguments give an equal result. */
export function simulate(scenario: Scenario, seed: string, options: SimulationOptions = {}): RunResult {
  const simulation = new Simulation(scenario, seed, options);
  while (simulation.step(100_000) === "more");
  return simulation.result();
}

/** One run of a scenario under a seed, that can be driven step by step; slicing changes nothing. */
export class Simulation {
  readonly scenario: Scenario;
  readonly loop = new EventLoop();
  readonly clock: WallClock;
  readonly api: ApiServer;
  readonly world: World;
  readonly faults: Faults;
  readonly traffic: Traffic;
  readonly scheduler: KubeScheduler;
  readonly #seed: string;
  readonly #collector: Collector;
  readonly #checkers: Checker[] = [];

  constructor(scenario: Scenario, seed: string, options: SimulationOptions = {}) {
    this.scenario = scenario;
    const { loop } = this;
    const { extensions = [] } = options;
    const streams = randomStreams(seed);
    this.clock = new WallClock(scenario.startEpochUs - scenario.warmUpUs);
    const store = new Store(loop, this.clock);
    this.api = new ApiServer(store, seed);
    this.world = new World(() => loop.nowUs);
    this.#seed = seed;
    this.#collector = new Collector(scenario, this.world);
    store.onCommit((entry) => this.#collector.onCommit(entry));
    if (options.onCommit !== undefined) store.onCommit(options.onCommit);
    this.#collector.listenTo(this.api.events);
    for (const invariant of [...invariants, ...extensions.flatMap(({ invariants: own = [] }) => own)])
      this.#watch(invariant);
    store.onCommit((entry) => {
      for (const checker of this.#checkers) checker.onCommit?.(entry);
    });
    this.world.onChange((change) => {
      for (const checker of this.#checkers) checker.onWorld?.(change);
    });
    this.world.onChange((change) => this.#collector.onWorld(change, loop.nowUs));
    const surroundings: Surroundings = { loop, api: this.api, world: this.world, clock: this.clock };
    const behaviors = new Behaviors(scenario.behaviors);
    const cloud = new CloudProvider(
      loop,
      this.world,
      streams,
      scenario.pools,
      defaultCloudDelays,
      scenario.providerLimits,
    );
    const kubelets = new Kubelets({
      loop,
      api: this.api,
      world: this.world,
      clock: this.clock,
      streams,
      delays: defaultNodeDelays,
      settingsOf: (pool) => scenario.kubelets.get(pool)?.settings ?? {},
      staticPodsOf: (pool) => scenario.kubelets.get(pool)?.staticPods ?? [],
      behaviorOf: (pod) => behaviors.of(pod),
    });
    new KubeProxies(loop, this.api, this.world);

    const { components, scheduler } = startControlPlane({
      surroundings,
      scenario,
      streams,
      cloud,
      extensions,
      traffic: {
        names: () => this.traffic.services(),
        service: (name) => this.traffic.observe(name),
        pod: (pod) => this.traffic.observePod(pod),
      },
      onDecision: (by, text) => this.#collector.onDecision(by, text, loop.nowUs),
    });
    this.scheduler = scheduler;
    startPodArrivals(loop, this.api, scenario.pods);
    new People(surroundings, scenario, cloud, ({ text }, refusal) =>
      this.#collector.onAction(refusal === undefined ? text : `${text} was refused: ${refusal}`, loop.nowUs),
    );
    this.faults = new Faults(loop, streams, scenario.faults, { world: this.world, api: this.api, components });
    this.faults.onInjury((injury) => this.#collector.onInjury(injury, loop.nowUs));
    const plan = { flows: scenario.flows, externals: scenario.externals, calls: scenario.calls };
    const stretch = (ended: Stretch): void => {
      this.#collector.onStretch(ended);
      for (const checker of this.#checkers) checker.onStretch?.(ended);
      options.onStretch?.(ended);
    };
    this.traffic = new Traffic(
      loop,
      this.world,
      plan,
      { stretch },
      {
        idleCpu: (pod, container) =>
          container === pod.main && pod.behavior.idleCpuMillicores !== undefined
            ? pod.behavior.idleCpuMillicores
            : requestOf(container.limits.cpuShares),
      },
    );
    // Books are opened at the start: what the warm-up did is not the run's.
    loop.schedule(
      scenario.warmUpUs,
      phase.traffic,
      handler("run/start", () => this.traffic.settle()),
      undefined,
    );
    loop.schedule(
      0,
      phase.world,
      handler("run/begin", () => {
        for (const name of ["default", "kube-system", "kube-public", "kube-node-lease"]) {
          this.#create({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
        }
        for (const component of components.values()) component.start();
        for (const machine of cloud.buyInitial()) {
          if (scenario.initial === "settled") kubelets.settle(machine);
          else this.world.setPower(machine, true);
        }
        for (const object of scenario.objects) this.#create(object);
      }),
      undefined,
    );
  }

  /** What the run has to say. Whole only when it is done; asked before, it tells of what was so far. */
  result(): RunResult {
    this.traffic.settle();
    for (const checker of this.#checkers.splice(0)) checker.finish?.();
    return this.#collector.result(this.#seed, this.loop.digest.text(), this.loop.firedEvents);
  }

  #watch(invariant: Invariant): void {
    const violate = (detail: string): void => {
      const atSeconds = (this.loop.nowUs - this.scenario.warmUpUs) / 1_000_000;
      // A broken invariant tends to stay broken: the first few say it all.
      if (this.#collector.violations.length < 20)
        this.#collector.violations.push({ invariant: invariant.name, atSeconds, detail });
    };
    this.#checkers.push(invariant.watch({ api: this.api, world: this.world, nowUs: () => this.loop.nowUs, violate }));
  }

  get nowUs(): number {
    return this.loop.nowUs;
  }

  get endUs(): number {
    return this.scenario.warmUpUs + this.scenario.durationUs;
  }

  step(maxEvents: number): "more" | "done" {
    return this.loop.step(maxEvents, this.endUs);
  }

  runUntil(atUs: number): void {
    while (this.loop.step(100_000, atUs) === "more");
  }

  #create(object: NewObject): void {
    this.api.handle({ verb: "create", object });
  }
}

/** The request behind a cgroup weight; the least weight stands for none. */
function requestOf(cpuShares: number): number {
  return cpuShares <= 2 ? 0 : Math.ceil((cpuShares * 1000) / 1024);
}
