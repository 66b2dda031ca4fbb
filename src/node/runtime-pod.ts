import type { Container, Pod } from "../model/index.ts";
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
}

const nothing: readonly never[] = [];
