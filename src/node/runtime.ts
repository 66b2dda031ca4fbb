import type { Container, Pod } from "../model/index.ts";
import type { Host } from "./host.ts";
import { RuntimeContainer, type RuntimePod, RuntimeSandbox } from "./runtime-pod.ts";
import type { Execution, Steps } from "./work.ts";

interface RuntimeOptions {
  readonly execution: Execution;
  readonly host: Host;
  /** Something of the pod is not as it was at the last relist. */
  readonly changed: (uid: string) => void;
}

/** The container runtime of one machine behind the CRI: its calls take time, and what they did shows in its lists. */
export class Runtime {
  readonly #options: RuntimeOptions;

  constructor(options: RuntimeOptions) {
    this.#options = options;
  }

  get #nowUs(): number {
    return this.#options.execution.loop.nowUs;
  }

  *runSandbox(pod: Pod, held: RuntimePod, attempt: number): Steps<RuntimeSandbox | { readonly error: string }> {
    const sandbox = new RuntimeSandbox(pod, attempt);
    const { tookUs, error } = this.#options.host.runSandbox(sandbox);
    yield this.#nowUs + tookUs;
    if (error !== undefined) return { error };
    sandbox.ready = true;
    held.addSandbox(sandbox);
    this.#options.changed(pod.metadata.uid);
    return sandbox;
  }

  *stopSandbox(sandbox: RuntimeSandbox): Steps {
    yield this.#nowUs + this.#options.host.stopSandbox(sandbox);
    if (!sandbox.ready) return;
    sandbox.ready = false;
    this.#options.changed(sandbox.pod.metadata.uid);
  }

  *create(
    pod: Pod,
    held: RuntimePod,
    spec: Container,
    sandbox: RuntimeSandbox,
    attempt: number,
  ): Steps<RuntimeContainer | { readonly error: string }> {
    const container = new RuntimeContainer(spec, sandbox, { attempt, run: held.nextRun(spec.name) });
    const { tookUs, error } = this.#options.host.create(container);
    yield this.#nowUs + tookUs;
    if (error !== undefined) {
      held.lost(container);
      return { error };
    }
    held.add(container);
    this.#options.changed(pod.metadata.uid);
    return container;
  }

  /** Answers the runtime's words when it fails: the container has then exited with 128. */
  *start(container: RuntimeContainer): Steps<string | undefined> {
    const { host } = this.#options;
    const { tookUs, error } = host.start(container);
    yield this.#nowUs + tookUs;
    if (error !== undefined) {
      this.#over(container, 128, "StartError", error);
      return error;
    }
    container.change({ state: "running", startedUs: this.#nowUs });
    this.#options.changed(container.pod.metadata.uid);
    host.started(container);
    return undefined;
  }

  /** SIGTERM, and SIGKILL when the time is over. Ends when the process has. */
  *stop(container: RuntimeContainer, timeoutSeconds: number): Steps {
    const { host } = this.#options;
    const plan = host.terminate(container, timeoutSeconds);
    if (container.seen.state !== "running") return;
    const killUs = this.#nowUs + timeoutSeconds * 1_000_000;
    const exitUs = plan === undefined ? Number.POSITIVE_INFINITY : this.#nowUs + plan.tookUs;
    if (exitUs > this.#nowUs) yield { signal: container.exit, notAfterUs: Math.min(killUs, exitUs) };
    if (container.seen.state !== "running") return;
    if (plan !== undefined && exitUs <= killUs)
      this.exited(container, plan.exitCode, plan.exitCode === 0 ? "Completed" : "Error");
    else this.exited(container, 137, "Error");
  }

  /** A process has ended, by itself or by force. */
  exited(container: RuntimeContainer, exitCode: number, reason: string): void {
    if (container.seen.state !== "running") return;
    this.#over(container, exitCode, reason, undefined);
    this.#options.host.ended(container);
  }

  /** UpdateContainerResources. */
  update(container: RuntimeContainer, resources: Container["resources"]): void {
    container.change({ resources });
    container.updated = true;
    this.#options.host.updateResources(container);
    this.#options.changed(container.pod.metadata.uid);
  }

  remove(held: RuntimePod, container: RuntimeContainer): void {
    this.#options.host.removeContainer(container);
    held.remove(container);
    this.#options.changed(container.pod.metadata.uid);
  }

  #over(container: RuntimeContainer, exitCode: number, reason: string, message: string | undefined): void {
    container.change({ state: "exited", finishedUs: this.#nowUs, exitCode, reason, message });
    this.#options.changed(container.pod.metadata.uid);
  }
}
