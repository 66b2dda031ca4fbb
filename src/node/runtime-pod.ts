import type { Container, Pod } from "../model/index.ts";
import { Signal } from "./work.ts";

/** A sandbox of a pod as the runtime keeps it. Instants in microseconds. */
export class RuntimeSandbox {
  readonly pod: Pod;
  readonly attempt: number;
  readonly createdUs: number;
  ready = false;
  ip: string | undefined;

  constructor(pod: Pod, attempt: number, createdUs: number) {
    this.pod = pod;
    this.attempt = attempt;
    this.createdUs = createdUs;
  }
}

/** One life of a container as the runtime keeps it. Instants in microseconds. */
export class RuntimeContainer {
  readonly id: string;
  readonly pod: Pod;
  spec: Container;
  readonly sandbox: RuntimeSandbox;
  readonly attempt: number;
  /** How many containers of that name the pod had before: which of its declared runs this is. */
  readonly run: number;
  readonly createdUs: number;
  state: "created" | "running" | "exited" = "created";
  startedUs = 0;
  finishedUs = 0;
  exitCode = 0;
  reason = "";
  message: string | undefined;
  /** What it was created with, or given since. */
  resources: Container["resources"];
  /** It was given other resources, and no relist has seen that. */
  updated = false;
  /** SIGTERM was sent. */
  terminating = false;
  readonly exit = new Signal();

  constructor(
    pod: Pod,
    spec: Container,
    sandbox: RuntimeSandbox,
    { attempt, run, createdUs }: { readonly attempt: number; readonly run: number; readonly createdUs: number },
  ) {
    this.id = `containerd://${pod.metadata.uid}-${spec.name}-${run}`;
    this.pod = pod;
    this.spec = spec;
    this.sandbox = sandbox;
    this.attempt = attempt;
    this.run = run;
    this.createdUs = createdUs;
    this.resources = spec.resources;
  }
}

/** What a relist has seen of a container. */
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
  readonly resources: Container["resources"];
}

/** kubecontainer's `PodStatus`: what the kubelet knew of a pod's containers at one relist. The newest come first. */
export interface PodSeen {
  readonly sandboxes: readonly { readonly sandbox: RuntimeSandbox; readonly ready: boolean }[];
  readonly containers: readonly ContainerSeen[];
}

export function lastOf(seen: PodSeen, name: string): ContainerSeen | undefined {
  return seen.containers.find((container) => container.name === name);
}

/** All that a runtime holds of one pod; the newest come first. */
export class RuntimePod {
  readonly sandboxes: RuntimeSandbox[] = [];
  readonly containers: RuntimeContainer[] = [];
  readonly #runs = new Map<string, number>();

  /** GetPodStatus: as it is this instant. */
  look(): PodSeen {
    return {
      sandboxes: this.sandboxes.map((sandbox) => ({ sandbox, ready: sandbox.ready })),
      containers: this.containers.map(
        ({ id, spec, attempt, state, startedUs, finishedUs, exitCode, reason, message, sandbox, resources }) => ({
          id,
          name: spec.name,
          attempt,
          state,
          startedUs,
          finishedUs,
          exitCode,
          reason,
          message,
          sandbox,
          resources,
        }),
      ),
    };
  }

  byId(id: string): RuntimeContainer | undefined {
    return this.containers.find((container) => container.id === id);
  }

  nextRun(name: string): number {
    const run = this.#runs.get(name) ?? 0;
    this.#runs.set(name, run + 1);
    return run;
  }
}
