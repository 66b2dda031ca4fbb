import type { ObjectKey, Uid } from "../../src/model/index.ts";
import { EventLoop } from "../../src/sim/index.ts";
import {
  type EntryFlow,
  LatencyHistogram,
  type Stretch,
  Traffic,
  type TrafficPlan,
  type UserRequests,
} from "../../src/traffic/index.ts";
import {
  type Behavior,
  type ContainerLimits,
  type Machine,
  type RunningPod,
  sharedDomain,
  World,
} from "../../src/world/index.ts";

export const second = 1_000_000;

export const plainBehavior: Behavior = {
  startup: { medianUs: second },
  imageBytes: 1,
  perRequest: { cpuUs: 10_000, waitUs: 0 },
  concurrency: 64,
  memory: { baseBytes: 1_000_000, perRequestInFlightBytes: 1000, leakBytesPerSecond: 0 },
  calls: [],
  idleCpuMillicores: 0,
  startupCpuMillicores: 1000,
  exit: undefined,
  shutdownExitCode: 143,
  shutdown: { medianUs: second },
};

/** All stretches of a service added up. */
export interface Account {
  arrived: number;
  served: number;
  refused: number;
  timedOut: number;
  calls: number;
  waiting: number;
  users: { -readonly [Key in keyof UserRequests]: number };
}

export type PlanParts = Omit<Partial<TrafficPlan>, "flows"> & { readonly flows: readonly Partial<EntryFlow>[] };

/** A world with machines, pods behind services, and traffic; whoever changes it plays kubelet and kube-proxy. */
export class Stage {
  readonly loop = new EventLoop();
  readonly world = new World(() => this.loop.nowUs);
  readonly stretches: Stretch[] = [];
  readonly accounts = new Map<string, Account>();
  readonly latency = new Map<string, LatencyHistogram>();
  traffic!: Traffic;
  #names = 0;

  machine(cpuMillicores = 8000): Machine {
    this.#names += 1;
    const machine = this.world.buy({
      name: `machine-${this.#names}`,
      pool: "general",
      region: "here",
      zone: "here-a",
      labels: {},
      taints: [],
      type: {
        name: "box",
        cpuMillicores,
        memoryBytes: 32e9,
        networkBytesPerSecond: 1e9,
        microUsdPerHour: 100_000,
        capacity: {},
        allocatable: {},
      },
    });
    this.world.setPower(machine, true);
    return machine;
  }

  /** A pod whose process runs and accepts. */
  pod(machine: Machine, behavior: Partial<Behavior> = {}, limits: Partial<ContainerLimits> = {}): RunningPod {
    this.#names += 1;
    const uid = `uid-${this.#names}` as Uid;
    this.world.startPod({
      key: `default/pod-${this.#names}` as ObjectKey,
      uid,
      machine,
      workload: "deployment/web",
      behavior: { ...plainBehavior, ...behavior },
      containers: [
        { name: "main", cpuShares: 1024, cpuLimitMillicores: 1000, memoryLimitBytes: 0, oomScoreAdj: 0, ...limits },
      ],
      mainIndex: 0,
    });
    const pod = this.world.pod(uid)!;
    this.world.startContainer(pod, pod.main);
    this.world.setAccepting(pod, true);
    return pod;
  }

  /** The shared route table believes in these pods. */
  route(service: string, pods: readonly RunningPod[]): void {
    this.world.routes.program(
      sharedDomain,
      `default/${service}` as ObjectKey,
      pods.map(({ uid }) => ({ podUid: uid, zone: "here-a" })),
    );
  }

  start({ flows, ...rest }: PlanParts): this {
    const plan: TrafficPlan = {
      externals: [],
      calls: { timeoutUs: second, retries: 0 },
      ...rest,
      flows: flows.map((flow, index) => ({
        name: `flow-${index}`,
        to: "default/web" as ObjectKey,
        curve: { kind: "constant", perSecond: 100 },
        timeoutUs: 2 * second,
        retries: 0,
        ...flow,
      })),
    };
    this.traffic = new Traffic(
      this.loop,
      this.world,
      plan,
      { stretch: (stretch) => this.#take(stretch) },
      {
        idleCpu: (pod) => pod.behavior.idleCpuMillicores ?? 0,
      },
    );
    return this;
  }

  run(untilUs: number): this {
    while (this.loop.step(10_000, untilUs) === "more") {
      if (this.loop.firedEvents > 1_000_000) throw new Error(`no end in sight at ${this.loop.nowUs}`);
    }
    return this;
  }

  /** Runs on and closes the books. */
  settled(untilUs: number): this {
    this.run(untilUs).traffic.settle();
    return this;
  }

  account(service: string): Account {
    return this.accounts.get(service)!;
  }

  #take(stretch: Stretch): void {
    this.stretches.push({ ...stretch, failed: { ...stretch.failed }, users: { ...stretch.users } });
    const key = stretch.service.replace("default/", "");
    let account = this.accounts.get(key);
    if (account === undefined) {
      const users = { arrived: 0, served: 0, failed: 0, waiting: 0 };
      account = { arrived: 0, served: 0, refused: 0, timedOut: 0, calls: 0, waiting: 0, users };
      this.accounts.set(key, account);
      this.latency.set(key, new LatencyHistogram());
    }
    this.latency.get(key)!.merge(stretch.latency);
    account.arrived += stretch.arrived;
    account.served += stretch.served;
    account.refused += stretch.failed.refused;
    account.timedOut += stretch.failed.timedOut;
    account.calls += stretch.failed.calls;
    account.waiting = stretch.waiting;
    account.users.arrived += stretch.users.arrived;
    account.users.served += stretch.users.served;
    account.users.failed += stretch.users.failed;
    account.users.waiting = stretch.users.waiting;
  }
}
