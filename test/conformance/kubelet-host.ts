import { type Pod, podLimits, podRequests } from "../../src/model/index.ts";
import { amountsOf, cpuShares } from "../../src/node/container-amounts.ts";
import type { PodUsage } from "../../src/node/eviction-manager.ts";
import type { NodeStats } from "../../src/node/eviction-signals.ts";
import type { Host, Outcome, ProbeOutcome, ProbeType } from "../../src/node/host.ts";
import type { StoredImage } from "../../src/node/image-store.ts";
import type { RuntimeContainer, RuntimeSandbox } from "../../src/node/runtime-pod.ts";
import type { Steps } from "../../src/node/work.ts";
import { type EventLoop, handler, phase } from "../../src/sim/index.ts";
import type { KubeletCase, RunPlan } from "./kubelet-case.ts";

type Fields = Readonly<Record<string, unknown>>;

interface Usage {
  readonly memoryBytes: Map<string, number>;
  readonly diskBytes: Map<string, number>;
  readonly volumeBytes: Map<string, number>;
  readonly inodes: number;
  processes: number;
}

const run = handler<() => void>("recorded-host", (task) => task());
const probeMs = { startup: 3, liveness: 5, readiness: 7 } as const;

/** The machine that the recordings declare. */
export class RecordedHost implements Host {
  readonly steady = false;
  readonly #case: KubeletCase;
  readonly #loop: EventLoop;
  readonly #record: (what: string, fields: Fields) => void;
  readonly #present = new Set<string>();
  readonly #listed = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #runs = new Map<string, number>();
  /** By the container's ID. */
  readonly #plans = new Map<string, RunPlan>();
  readonly #cgroups = new Map<string, number>();
  #sandboxErrors: string[];
  readonly #machine: Record<string, unknown>;
  readonly #usage = new Map<string, Usage>();
  imagesChanged: () => void = () => undefined;
  exited: (uid: string, containerID: string, exitCode: number, reason: string) => void = () => undefined;

  constructor(recorded: KubeletCase, loop: EventLoop, record: (what: string, fields: Fields) => void) {
    this.#case = recorded;
    this.#loop = loop;
    this.#record = record;
    this.#machine = { ...recorded.node };
    for (const [image, { present }] of Object.entries(recorded.images ?? {})) if (present === true) this.#listed.add(image);
    this.#sandboxErrors = [...(recorded.sandboxErrors ?? [])];
  }

  retryDraw(): number {
    return 0;
  }

  runSandbox({ pod, attempt }: RuntimeSandbox): Outcome {
    this.#record("cri", { call: "RunPodSandbox", pod: pod.metadata.name, attempt });
    const error = this.#sandboxErrors.shift();
    return { tookUs: this.#delayUs("runSandboxMs"), ...(error !== undefined && { error }) };
  }

  stopSandbox({ pod, ready }: RuntimeSandbox): number {
    this.#record("cri", { call: "StopPodSandbox", pod: pod.metadata.name });
    return ready ? this.#delayUs("stopSandboxMs") : 0;
  }

  removeSandbox(): void {}

  hasImage(image: string): boolean {
    const plan = this.#case.images?.[image];
    const present = plan === undefined || plan.present === true || this.#present.has(image);
    if (present) this.#list(image);
    return present;
  }

  *pull(image: string, pod: Pod): Steps<string | undefined> {
    this.#record("cri", { call: "PullImage", image, pod: pod.metadata.name });
    const { failures = [], failAlways, pullMs = 0 } = this.#case.images?.[image] ?? {};
    const nth = this.#failures.get(image) ?? 0;
    this.#failures.set(image, nth + 1);
    const failure = failAlways ?? failures[nth];
    yield this.#loop.nowUs + (failure?.tookMs ?? pullMs) * 1000;
    return failure?.error;
  }

  pulled(image: string): void {
    this.#present.add(image);
    this.#list(image);
    this.#record("pulled", { image });
  }

  /** Images that no case lists are on the list once somebody asked for them. */
  images(): Iterable<StoredImage> {
    return [...this.#listed].map((name) => {
      const sizeBytes = this.imageBytes(name);
      return { name, sizeBytes, bytes: sizeBytes, pulledUs: 0, lastUsedUs: 0 };
    });
  }

  #list(image: string): void {
    if (this.#listed.has(image)) return;
    this.#listed.add(image);
    this.imagesChanged();
  }

  removeImage(): void {}

  imageBytes(image: string): number {
    return this.#case.images?.[image]?.sizeBytes ?? 10 * 1024 * 1024;
  }

  create(container: RuntimeContainer): Outcome {
    this.#record("cri", { call: "CreateContainer", ...named(container) });
    const key = `${container.pod.metadata.name}/${container.spec.name}`;
    const nth = this.#runs.get(key) ?? 0;
    this.#runs.set(key, nth + 1);
    const plans = this.#case.behaviour?.[key] ?? [];
    const plan = plans[Math.min(nth, plans.length - 1)] ?? {};
    this.#plans.set(container.seen.id, plan);
    return { tookUs: this.#delayUs("createMs"), ...(plan.createError !== undefined && { error: plan.createError }) };
  }

  start(container: RuntimeContainer): Outcome {
    this.#record("cri", { call: "StartContainer", ...named(container) });
    const { startError } = this.#plan(container);
    return { tookUs: this.#delayUs("startMs"), ...(startError !== undefined && { error: startError }) };
  }

  started(container: RuntimeContainer): void {
    this.#record("running", named(container));
    const { exitAfterMs, exitCode = 0, reason } = this.#plan(container);
    if (exitAfterMs === undefined) return;
    const { uid } = container.pod.metadata;
    const { id } = container.seen;
    const why = reason ?? (exitCode === 0 ? "Completed" : "Error");
    const exit = (): void => this.exited(uid, id, exitCode, why);
    this.#loop.schedule(this.#loop.nowUs + exitAfterMs * 1000, phase.world, run, exit);
  }

  ended(container: RuntimeContainer): void {
    this.#record("exit", { ...named(container), exitCode: container.seen.exitCode, reason: container.seen.reason });
  }

  removeContainer(): void {}

  terminate(container: RuntimeContainer, timeoutS: number): { tookUs: number; exitCode: number } | undefined {
    this.#record("cri", { call: "StopContainer", ...named(container), timeoutS });
    const { onTermMs = 0, termExitCode = 143 } = this.#plan(container);
    return onTermMs < 0 ? undefined : { tookUs: onTermMs * 1000, exitCode: termExitCode };
  }

  probe(container: RuntimeContainer, type: ProbeType): ProbeOutcome {
    if (container.seen.state !== "running") {
      this.#record("probe", { ...named(container), type, result: "ok", tookMs: probeMs[type] + lateMs(container) });
      return { result: "error", tookUs: 0, output: "" };
    }
    const sinceMs = (this.#loop.nowUs - container.seen.startedUs) / 1000;
    const segments = this.#plan(container).probes?.[type] ?? [];
    const segment = segments.findLast(({ fromMs }) => fromMs <= sinceMs);
    const tookMs = segment?.tookMs || probeMs[type] + lateMs(container);
    const result = segment?.result ?? "ok";
    this.#record("probe", { ...named(container), type, result, tookMs });
    return { result, tookUs: tookMs * 1000, output: result === "fail" ? "no" : "" };
  }

  hook(container: RuntimeContainer, type: "postStart" | "preStop"): Outcome {
    const { tookMs, exitCode } = this.#plan(container)[type] ?? { tookMs: 0, exitCode: 0 };
    this.#record("hook", { ...named(container), type, result: exitCode === 0 ? "ok" : "fail", tookMs });
    const error = `command 'hook ${type}' exited with ${exitCode}: , message: "no"`;
    return { tookUs: tookMs * 1000, ...(exitCode !== 0 && { error }) };
  }

  /** What the script set of the machine and of what containers use. */
  set(machine: Fields): void {
    Object.assign(this.#machine, machine);
  }

  use(kind: "memoryBytes" | "diskBytes", pod: string, container: string, bytes: number): void {
    this.#usageOf(pod)[kind].set(container, bytes);
  }

  useProcesses(pod: string, processes: number): void {
    this.#usageOf(pod).processes = processes;
  }

  stats(): NodeStats {
    const gi = 1024 * 1024 * 1024;
    const machine = this.#machine as Readonly<Record<string, number | undefined>>;
    const imageFs = machine["imageFsCapacity"] === undefined ? undefined : {
      capacity: machine["imageFsCapacity"],
      available: machine["imageFsAvailable"] ?? 0,
      inodes: machine["imageFsInodes"] ?? 1_000_000,
      inodesFree: machine["imageFsInodesFree"] ?? 900_000,
    };
    return {
      memoryCapacity: machine["memoryCapacity"] ?? 16 * gi,
      memoryWorkingSet: machine["memoryWorkingSet"] ?? gi,
      nodeFsCapacity: machine["nodeFsCapacity"] ?? 100 * gi,
      nodeFsAvailable: machine["nodeFsAvailable"] ?? 80 * gi,
      nodeFsInodes: machine["nodeFsInodes"] ?? 1_000_000,
      nodeFsInodesFree: machine["nodeFsInodesFree"] ?? 900_000,
      maxPids: machine["maxPids"] ?? 32_768,
      pids: machine["pids"] ?? 100,
      ...(imageFs !== undefined && { imageFs }),
    };
  }

  usage(pod: Pod): PodUsage {
    return this.#usageOf(pod.metadata.name);
  }

  #usageOf(pod: string): Usage {
    let usage = this.#usage.get(pod);
    if (usage === undefined) {
      usage = { memoryBytes: new Map(), diskBytes: new Map(), volumeBytes: new Map(), inodes: 0, processes: 0 };
      this.#usage.set(pod, usage);
    }
    return usage;
  }

  /** The recordings' stand-in for pod cgroups: what it is asked for first is what it holds. */
  resizePodCgroup(pod: Pod, resource: "cpu" | "memory"): void {
    const { name } = pod.metadata;
    const [requests, limits] = [podRequests(pod), podLimits(pod).all];
    const all = (one: string): boolean => pod.spec.containers.every(({ resources }) => resources?.limits?.[one] !== undefined);
    const wanted: Record<string, number | undefined> =
      resource === "memory"
        ? { memory: all("memory") ? limits.get("memory") : undefined }
        : { quota: all("cpu") ? limits.get("cpu") : undefined, shares: cpuShares(requests.cpuMillicores) };
    for (const [field, amount] of Object.entries(wanted)) {
      const key = `${name}/${field}`;
      const known = this.#cgroups.get(key);
      if (amount === undefined || known === amount) continue;
      this.#cgroups.set(key, amount);
      if (known !== undefined) this.#record("cri", { call: "UpdatePodSandboxResources", sandbox: `sbx-${name}-0` });
    }
  }

  updateResources(container: RuntimeContainer): void {
    const { cpuRequestMillicores, cpuLimitMillicores, memoryLimitBytes } = amountsOf(container.seen.resources);
    const { pod, container: name } = named(container);
    this.#record("cri", {
      ...{ call: "UpdateContainerResources", pod, container: name },
      ...{ cpuPeriod: 100_000, cpuShares: cpuShares(cpuRequestMillicores) },
      ...(cpuLimitMillicores > 0 && { cpuQuota: Math.max(1000, cpuLimitMillicores * 100) }),
      ...(memoryLimitBytes > 0 && { memoryLimitInBytes: memoryLimitBytes }),
    });
  }

  #plan(container: RuntimeContainer): RunPlan {
    return this.#plans.get(container.seen.id) ?? {};
  }

  #delayUs(name: keyof KubeletCase["delays"]): number {
    return this.#case.delays[name] * 1000;
  }
}

function lateMs({ spec }: RuntimeContainer): number {
  return ["b", "d"].includes(spec.name) ? 10 : 0;
}

function named({ pod, spec, seen }: RuntimeContainer): Fields {
  return { pod: pod.metadata.name, container: spec.name, attempt: seen.attempt };
}
