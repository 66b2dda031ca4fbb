import type { Container, Pod } from "../model/index.ts";
import { allContainers } from "./pod-containers.ts";
import type { Row } from "./rows.ts";
import { Signal } from "./work.ts";

/** A sandbox of a pod as the runtime keeps it. */
export class RuntimeSandbox {
  /** As the kubelet last saw it. */
  pod: Pod;
  readonly attempt: number;
  ready = false;
  ip: string | undefined = undefined;

  constructor(pod: Pod, attempt: number) {
    this.pod = pod;
    this.attempt = attempt;
  }
}

/** What a relist sees of a container; instants in microseconds. Never changed: a container that changes gets another one. */
export interface ContainerSeen {
  readonly id: string;
  readonly name: string;
  readonly attempt: number;
  readonly state: "created" | "running" | "exited";
  readonly startedUs: number;
  readonly finishedUs: number;
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string | undefined;
  readonly sandbox: RuntimeSandbox;
  /** As the spec named it then. */
  readonly image: string | undefined;
  /** What it was created with, or given since. */
  readonly resources: Container["resources"];
}

/** In place of the instant at which a container ended. */
const running = -1;

/** One life of a container as the runtime keeps it. */
export class RuntimeContainer {
  readonly spec: Container;
  /** How many containers of that name the pod had before: which of its declared runs this is. */
  readonly run: number;
  /** As it is now. */
  seen: ContainerSeen;
  /** It was given other resources, and no relist has seen that. */
  updated = false;
  /** SIGTERM was sent. */
  terminating = false;
  #exit: Signal | undefined = undefined;

  constructor(
    spec: Container,
    sandbox: RuntimeSandbox,
    { attempt, run }: { readonly attempt: number; readonly run: number },
  ) {
    this.spec = spec;
    this.run = run;
    this.seen = {
      // Joined, so that it is one text in memory and not a tree of four.
      id: ["containerd://", sandbox.pod.metadata.uid, "-", spec.name, "-", run].join(""),
      name: spec.name,
      attempt,
      state: "created",
      startedUs: 0,
      finishedUs: 0,
      exitCode: 0,
      reason: "",
      message: undefined,
      sandbox,
      image: spec.image,
      resources: spec.resources,
    };
  }

  get pod(): Pod {
    return this.seen.sandbox.pod;
  }

  /** Writes down what its spec does not tell. Answers false when it neither runs nor completed, or is about to change. */
  rest(row: number[]): boolean {
    const { state, attempt, startedUs, finishedUs, exitCode, reason, message, resources } = this.seen;
    const completed = state === "exited" && exitCode === 0 && reason === "Completed" && message === undefined;
    if (!completed && state !== "running") return false;
    row.push(attempt, this.run, startedUs, completed ? finishedUs : running);
    return !this.updated && !this.terminating && resources === this.spec.resources;
  }

  /** As it was before `rest`. */
  static woken(spec: Container, sandbox: RuntimeSandbox, row: Row): RuntimeContainer {
    const container = new RuntimeContainer(spec, sandbox, { attempt: row.next(), run: row.next() });
    const startedUs = row.next();
    const finishedUs = row.next();
    const end = { state: "exited", finishedUs, reason: "Completed" } as const;
    container.seen = { ...container.seen, startedUs, ...(finishedUs === running ? { state: "running" } : end) };
    return container;
  }

  /** It is otherwise from now on; whoever waits for its end hears of that. */
  change(changes: Partial<ContainerSeen>): void {
    this.seen = { ...this.seen, ...changes };
    if (this.seen.state === "exited") this.#exit?.fire();
  }

  /** Fires when its process has ended. */
  get exit(): Signal {
    if (this.#exit === undefined) {
      this.#exit = new Signal();
      if (this.seen.state === "exited") this.#exit.fire();
    }
    return this.#exit;
  }
}

/** kubecontainer's `PodStatus`: what the kubelet knew of a pod's containers at one relist. The newest come first. */
export interface PodSeen {
  readonly sandboxes: readonly { readonly sandbox: RuntimeSandbox; readonly ready: boolean }[];
  readonly containers: readonly ContainerSeen[];
}

export const nothingSeen: PodSeen = { sandboxes: [], containers: [] };

export function lastOf(seen: PodSeen, name: string): ContainerSeen | undefined {
  return seen.containers.find((container) => container.name === name);
}

/** All that a runtime holds of one pod; the newest come first. */
export class RuntimePod {
  sandboxes: readonly RuntimeSandbox[] = nothing;
  containers: readonly RuntimeContainer[] = nothing;
  /** How often containers were begun of which nothing is left, by name. */
  #begun: Map<string, number> | undefined = undefined;

  addSandbox(sandbox: RuntimeSandbox): void {
    this.sandboxes = [sandbox, ...this.sandboxes];
  }

  add(container: RuntimeContainer): void {
    this.containers = [container, ...this.containers];
  }

  remove(container: RuntimeContainer): void {
    this.containers = this.containers.filter((one) => one !== container);
    this.lost(container);
  }

  /** Nothing is left of a container, which counts as a run all the same. */
  lost({ spec, run }: RuntimeContainer): void {
    this.#begun ??= new Map();
    this.#begun.set(spec.name, Math.max(this.#begun.get(spec.name) ?? 0, run + 1));
  }

  nextRun(name: string): number {
    const newest = this.containers.find(({ spec }) => spec.name === name);
    return Math.max(this.#begun?.get(name) ?? 0, newest === undefined ? 0 : newest.run + 1);
  }

  /** GetPodStatus: as it is this instant. */
  look(): PodSeen {
    return {
      sandboxes: this.sandboxes.map((sandbox) => ({ sandbox, ready: sandbox.ready })),
      containers: this.containers.map(({ seen }) => seen),
    };
  }

  byId(id: string): RuntimeContainer | undefined {
    return this.containers.find((container) => container.seen.id === id);
  }

  /**
   * Writes down what its pod's object does not tell. Answers false when it is out of the ordinary, which is: one sandbox, and
   * each container of the spec once, in its order, running or completed.
   */
  rest(pod: Pod, row: number[]): boolean {
    const [sandbox] = this.sandboxes;
    const specs = allContainers(pod.spec);
    if (sandbox?.ready !== true || this.sandboxes.length > 1 || sandbox.pod !== pod || sandbox.ip !== pod.status.podIP)
      return false;
    if (this.containers.length !== specs.length || this.#begun !== undefined) return false;
    row.push(sandbox.attempt);
    return specs.every((spec, index) => {
      const container = this.containers[specs.length - 1 - index]!;
      return container.spec === spec && container.seen.sandbox === sandbox && container.rest(row);
    });
  }

  /** As it was before `rest`. */
  static woken(pod: Pod, row: Row): RuntimePod {
    const held = new RuntimePod();
    const sandbox = new RuntimeSandbox(pod, row.next());
    sandbox.ready = true;
    sandbox.ip = pod.status.podIP;
    held.addSandbox(sandbox);
    held.containers = allContainers(pod.spec)
      .map((spec) => RuntimeContainer.woken(spec, sandbox, row))
      .reverse();
    return held;
  }
}

const nothing: readonly never[] = [];
