import { afterRestart, type Container, containerRestarts, type Pod, restartAllowedAt } from "../model/index.ts";
import { draw, type RandomStream, type Sequence } from "../sim/index.ts";
import type { Behavior, RunningPod } from "../world/index.ts";
import { type ContainerState, crashLoopOptions } from "./container-state.ts";
import { mustAsk, pullUs } from "./image-store.ts";
import type { Kubelet } from "./kubelet.ts";
import { containerStates, goSeconds, limitsOf, preStopSeconds } from "./pod-reading.ts";
import { Prober } from "./probe.ts";
import { missingEnvironment, missingMount } from "./volume-sources.ts";

/** Waits of one sync: until an instant. While `interruptible`, a deletion ends the wait. */
type Steps = Generator<number, void, void>;

/** Retry of what a sync could not do, rounded up to the kubelet's one-second ticker (10 s and up to a second). */
const retryUs = 11_000_000;
/** StopContainer never gets less, however short the grace. */
const leastGraceUs = 2_000_000;

/** One pod on one machine, from binding to gone: what kubelet's pod worker does, one step after another. */
export class PodWorker {
  readonly kubelet: Kubelet;
  readonly behavior: Behavior;
  readonly random: RandomStream;
  /** Newest object this kubelet has seen. */
  pod: Pod;
  readonly containers: ContainerState[];
  readonly startTimeUs: number;
  running: RunningPod | undefined;
  sandboxReady = false;
  podIP: string | undefined;
  reason: string | undefined;
  message: string | undefined;
  terminating = false;
  /** All of it has stopped for good. */
  ended = false;
  /** The object is to be deleted once everything has stopped. */
  deleteObject = false;
  interruptible = false;
  #steps: Steps | undefined;
  #pending: Sequence | undefined;
  #accept: Sequence | undefined;
  /** What to do when the present steps are over: a deletion waits for them. */
  #after: (() => void) | undefined;
  #backingOff = false;
  readonly #probers = new Map<ContainerState, Prober[]>();

  constructor(kubelet: Kubelet, pod: Pod, behavior: Behavior, random: RandomStream) {
    this.kubelet = kubelet;
    this.pod = pod;
    this.behavior = behavior;
    this.random = random;
    this.startTimeUs = kubelet.nowUs;
    this.containers = containerStates(pod);
  }

  start(): void {
    this.kubelet.report(this);
    this.#begin(this.#startUp());
  }

  /** The object changed. A deletion turns the worker to terminating, after what it cannot interrupt. */
  update(pod: Pod): void {
    this.pod = pod;
    if (pod.metadata.deletionTimestamp !== undefined) this.terminate(pod.metadata.deletionGracePeriodSeconds, true);
  }

  /** Stops everything. `graceSeconds` absent: the pod's own. Called again it changes nothing but whether the object goes. */
  terminate(graceSeconds: number | undefined, deleteObject: boolean): void {
    this.deleteObject ||= deleteObject;
    if (this.ended) {
      if (deleteObject) this.#finish();
      return;
    }
    if (this.terminating) return;
    this.terminating = true;
    const grace = graceSeconds ?? this.pod.spec.terminationGracePeriodSeconds ?? 30;
    if (this.#steps !== undefined && !this.interruptible) {
      this.#after = () => this.#begin(this.#shutDown(grace));
      return;
    }
    this.#begin(this.#shutDown(grace));
  }

  /** The machine lost power, or the worker's pod is not this kubelet's any more. */
  drop(): void {
    const { loop } = this.kubelet;
    if (this.#pending !== undefined) loop.cancel(this.#pending);
    if (this.#accept !== undefined) loop.cancel(this.#accept);
    for (const probers of this.#probers.values()) for (const prober of probers) prober.stop();
    for (const container of this.containers) container.life += 1;
    this.#steps = undefined;
    this.ended = true;
  }

  /** Goes on with the sync; called by the kubelet's timer. */
  resume(): void {
    if (this.#pending !== undefined) this.kubelet.loop.cancel(this.#pending);
    this.#pending = undefined;
    const steps = this.#steps;
    if (steps === undefined) return;
    const { done, value: untilUs } = steps.next();
    if (this.#steps !== steps) return; // A step inside began something else.
    if (done === true) {
      this.#steps = undefined;
      const after = this.#after;
      this.#after = undefined;
      after?.();
    } else {
      this.#pending = this.kubelet.resumeAt(Math.ceil(untilUs), this);
    }
  }

  /** A process of the pod has ended by itself or was killed from outside; seen at the next relist. */
  exited(container: ContainerState, exitCode: number, reason: string): void {
    if (container.phase !== "running") return;
    this.#stopProcess(container, exitCode, reason);
    if (!this.terminating) this.kubelet.relistLater(this);
  }

  /** The kubelet looks at the pod again: restarts what ended, or finds that the pod is over. */
  sync(): void {
    if (this.terminating || this.ended) return;
    if (this.#steps !== undefined) {
      if (this.#backingOff) this.resume(); // Another container has ended while this one waits.
      return;
    }
    const policy = this.pod.spec.restartPolicy;
    const mains = this.containers.filter(({ role }) => role === "main");
    const over = mains.every(
      ({ phase, spec, ended }) => phase === "terminated" && !containerRestarts(spec, policy, ended!.exitCode),
    );
    if (over) {
      this.#begin(this.#complete());
      return;
    }
    this.kubelet.report(this);
    if (this.containers.some(({ phase, role }) => role !== "init" && phase === "terminated"))
      this.#begin(this.#restart());
  }

  /** What probes of the pod would see has changed. */
  lookAgain(): void {
    for (const probers of this.#probers.values()) for (const prober of probers) prober.look();
  }

  #begin(steps: Steps): void {
    this.#steps = steps;
    this.interruptible = false;
    this.#backingOff = false;
    this.resume();
  }

  *#startUp(): Steps {
    const { kubelet } = this;
    yield* this.#mount();
    if (this.terminating) return;
    yield kubelet.nowUs + kubelet.draw(kubelet.delays.sandbox);
    this.#createSandbox();
    for (const container of this.containers) {
      if (this.terminating) return;
      if (container.role === "main") continue;
      yield* this.#startContainer(container);
      if (container.role === "init") yield* this.#awaitInit(container);
      kubelet.report(this);
    }
    for (const container of this.containers) {
      if (this.terminating) return;
      if (container.role !== "main") continue;
      if (container.waitingReason === "PodInitializing") container.waitingReason = "ContainerCreating";
      yield* this.#startContainer(container);
    }
    kubelet.report(this);
  }

  /** Waits for volumes: FailedMount and a back-off of 0.5 s doubling to 122 s while something is missing. */
  *#mount(): Steps {
    const { kubelet } = this;
    yield kubelet.nowUs + kubelet.delays.mountUs;
    let waitUs = 500_000;
    for (;;) {
      const missing = missingMount(this.pod, kubelet.store);
      if (missing === undefined) return;
      kubelet.event(this.pod, "Warning", "FailedMount", missing);
      this.interruptible = true;
      yield kubelet.nowUs + waitUs;
      this.interruptible = false;
      if (this.terminating) return;
      waitUs = Math.min(2 * waitUs, 122_000_000);
    }
  }

  #createSandbox(): void {
    const { kubelet, pod } = this;
    const processes = this.containers.filter(({ role }) => role !== "init");
    this.running = kubelet.startProcesses(
      this,
      processes.map(({ spec }) => limitsOf(spec)),
      processes.findIndex(({ role }) => role === "main"),
    );
    this.sandboxReady = true;
    this.podIP = pod.spec.hostNetwork === true ? kubelet.hostIP : kubelet.nextPodIP();
  }

  *#startContainer(container: ContainerState): Steps {
    const { kubelet, pod } = this;
    for (;;) {
      yield* this.#pull(container);
      const missing = missingEnvironment(container.spec, pod, kubelet.store);
      if (missing === undefined) break;
      container.waitingReason = "CreateContainerConfigError";
      container.waitingMessage = missing;
      kubelet.event(pod, "Warning", "Failed", `Error: ${missing}`);
      kubelet.report(this);
      this.interruptible = true;
      yield kubelet.nowUs + retryUs;
      this.interruptible = false;
      if (this.terminating) return;
    }
    yield kubelet.nowUs + kubelet.draw(kubelet.delays.containerStart);
    kubelet.event(pod, "Normal", "Created", "Container created");
    kubelet.event(pod, "Normal", "Started", "Container started");
    this.#startProcess(container);
  }

  *#pull(container: ContainerState): Steps {
    const { kubelet, pod, behavior } = this;
    const { image = "", imagePullPolicy } = container.spec;
    if (kubelet.images.has(image) && !mustAsk(imagePullPolicy)) {
      const message = `Container image "${image}" already present on machine and can be accessed by the pod`;
      kubelet.event(pod, "Normal", "Pulled", message);
      return;
    }
    const askedAtUs = kubelet.nowUs;
    kubelet.event(pod, "Normal", "Pulling", `Pulling image "${image}"`);
    while (!Number.isFinite(kubelet.world.registrySlowdown)) {
      container.waitingReason = "ErrImagePull";
      kubelet.event(pod, "Warning", "Failed", `Failed to pull image "${image}": registry unavailable`);
      kubelet.report(this);
      this.interruptible = true;
      yield kubelet.nowUs + retryUs;
      this.interruptible = false;
      if (this.terminating) return;
    }
    const network = kubelet.machine.spec.type.networkBytesPerSecond;
    const bytes = kubelet.images.has(image) ? 0 : behavior.imageBytes;
    const transferUs = pullUs(bytes, network, kubelet.delays);
    const takesUs = Math.ceil((kubelet.draw(kubelet.delays.pullSetup) + transferUs) * kubelet.world.registrySlowdown);
    const { beginsAtUs, endsAtUs } = kubelet.images.pull(kubelet.nowUs, takesUs);
    yield endsAtUs;
    kubelet.images.add(image);
    const own = goSeconds(endsAtUs - beginsAtUs);
    const all = goSeconds(endsAtUs - askedAtUs);
    const message = `Successfully pulled image "${image}" in ${own} (${all} including waiting). Image size: ${behavior.imageBytes} bytes.`;
    kubelet.event(pod, "Normal", "Pulled", message);
  }

  *#awaitInit(container: ContainerState): Steps {
    const { kubelet } = this;
    if (this.terminating) return;
    this.interruptible = true;
    kubelet.report(this);
    yield kubelet.nowUs + kubelet.draw(this.behavior.init ?? { medianUs: 1_000_000 });
    this.interruptible = false;
    if (container.phase !== "running") return;
    this.#stopProcess(container, 0, "Completed");
    yield kubelet.nextRelistUs();
    container.ready = true;
  }

  /** Restarts ended containers whose back-off is over, and waits for the others. */
  *#restart(): Steps {
    const { kubelet } = this;
    for (;;) {
      let nextUs = Number.POSITIVE_INFINITY;
      for (const container of this.containers) {
        if (container.phase !== "terminated" && container.waitingReason !== "CrashLoopBackOff") continue;
        const { ended } = container;
        if (container.role === "init" || container.phase === "running" || ended === undefined) continue;
        if (!containerRestarts(container.spec, this.pod.spec.restartPolicy, ended.exitCode)) continue;
        const atUs = restartAllowedAt(container.backOff, ended.finishedAtUs, crashLoopOptions);
        if (atUs > kubelet.nowUs) {
          this.#backOff(container);
          nextUs = Math.min(nextUs, atUs);
          continue;
        }
        container.backOff = afterRestart(container.backOff, ended.finishedAtUs, kubelet.nowUs, crashLoopOptions);
        container.restarts += 1;
        container.lastEnded = ended;
        yield* this.#startContainer(container);
        if (this.terminating) return;
      }
      kubelet.report(this);
      if (nextUs === Number.POSITIVE_INFINITY) return;
      this.interruptible = true;
      this.#backingOff = true;
      yield kubelet.relistAfter(nextUs);
      this.#backingOff = false;
      this.interruptible = false;
      if (this.terminating) return;
    }
  }

  #backOff(container: ContainerState): void {
    const { name, namespace, uid } = this.pod.metadata;
    if (container.phase === "waiting") return;
    container.phase = "waiting";
    container.lastEnded = container.ended;
    container.waitingReason = "CrashLoopBackOff";
    const wait = (container.backOff?.delay ?? 0) / 1_000_000;
    const text = wait >= 60 ? `${Math.floor(wait / 60)}m${wait % 60}s` : `${wait}s`;
    container.waitingMessage = `back-off ${text} restarting failed container=${container.spec.name} pod=${name}_${namespace}(${uid})`;
    const message = `Back-off restarting failed container ${container.spec.name} in pod ${name}_${namespace}(${uid})`;
    this.kubelet.event(this.pod, "Warning", "BackOff", message);
  }

  /** Everything that should run has ended well or for good. */
  *#complete(): Steps {
    for (const container of this.containers) {
      if (container.phase === "running") this.#stopProcess(container, 0, "Completed");
    }
    this.#over();
    yield this.kubelet.nowUs;
    this.kubelet.report(this);
    if (this.deleteObject) this.#finish();
  }

  *#shutDown(graceSeconds: number): Steps {
    const { kubelet } = this;
    const deadlineUs = kubelet.nowUs + graceSeconds * 1_000_000;
    for (const probers of this.#probers.values()) for (const prober of probers) prober.stop();
    const live = this.containers.filter(({ phase }) => phase === "running");
    for (const { spec } of live) kubelet.event(this.pod, "Normal", "Killing", `Stopping container ${spec.name}`);
    const preStopUs = Math.max(0, ...live.map(({ spec }) => preStopSeconds(spec) * 1_000_000));
    if (preStopUs > 0) yield Math.min(kubelet.nowUs + preStopUs, deadlineUs);
    // SIGTERM: no new requests from here on; what is in progress is finished within the grace period.
    if (this.#accept !== undefined) kubelet.loop.cancel(this.#accept);
    if (this.running !== undefined) kubelet.world.setAccepting(this.running, false);
    const endsUs = Math.max(deadlineUs, kubelet.nowUs + leastGraceUs);
    const wanted = kubelet.nowUs + draw(this.behavior.shutdown, this.random);
    if (live.length > 0) yield Math.min(wanted, endsUs);
    const killed = wanted > endsUs;
    for (const container of live) {
      if (container.phase === "running") this.#stopProcess(container, killed ? 137 : 0, killed ? "Error" : "Completed");
    }
    this.#over();
    kubelet.report(this);
    if (!this.deleteObject) return;
    yield kubelet.nextRelistUs();
    this.#finish();
  }

  #over(): void {
    this.ended = true;
    this.terminating = true;
    if (this.running !== undefined) this.kubelet.world.removePod(this.running);
  }

  #finish(): void {
    this.kubelet.deleteObject(this);
  }

  #startProcess(container: ContainerState): void {
    const { kubelet, behavior, running } = this;
    const nowUs = kubelet.nowUs;
    container.phase = "running";
    container.startedAtUs = nowUs;
    container.ended = undefined;
    container.life += 1;
    if (container.role === "init" || running === undefined) return;
    const process = running.containers[container.processIndex]!;
    kubelet.world.startContainer(running, process);
    if (process === running.main) {
      this.#accept = kubelet.acceptAt(nowUs + draw(behavior.startup, this.random), this);
      if (behavior.exit !== undefined) {
        kubelet.exitAt(nowUs + draw(behavior.exit.after, this.random), this, container, behavior.exit.code);
      }
    }
    this.#startProbes(container);
  }

  /** The software is ready to answer: called by the kubelet's timer, and seen by the next probe. */
  accept(): void {
    this.#accept = undefined;
    if (this.running !== undefined && !this.terminating) this.kubelet.world.setAccepting(this.running, true);
  }

  #stopProcess(container: ContainerState, exitCode: number, reason: string): void {
    const { kubelet, running } = this;
    container.life += 1;
    container.phase = "terminated";
    container.ready = false;
    container.started = false;
    container.ended = { exitCode, reason, startedAtUs: container.startedAtUs, finishedAtUs: kubelet.nowUs };
    for (const prober of this.#probers.get(container) ?? []) prober.stop();
    this.#probers.delete(container);
    if (running === undefined || container.role === "init") return;
    const process = running.containers[container.processIndex]!;
    if (process === running.main) {
      if (this.#accept !== undefined) kubelet.loop.cancel(this.#accept);
      kubelet.world.setAccepting(running, false);
    }
    kubelet.world.stopContainer(running, process);
  }

  #startProbes(container: ContainerState): void {
    const { startupProbe, readinessProbe, livenessProbe } = container.spec;
    const nowUs = this.kubelet.nowUs;
    const isMain = this.running?.containers[container.processIndex] === this.running?.main;
    const answers = (): boolean => !isMain || (this.running?.answers === true && !this.running.slow);
    const probers: Prober[] = [];
    const add = (
      probe: Container["readinessProbe"],
      initial: boolean,
      baseUs: number,
      publish: (ok: boolean) => void,
    ): void => {
      if (probe === undefined) return;
      const { loop, probeHandler: handler } = this.kubelet;
      const startedAtUs = container.startedAtUs;
      probers.push(new Prober({ loop, handler, probe, outcome: answers, publish, initial, baseUs, startedAtUs }));
    };
    const afterStartup = (): void => {
      container.started = true;
      container.ready = readinessProbe === undefined;
      add(readinessProbe, false, this.kubelet.nowUs, (ok) => this.#readiness(container, ok));
      add(livenessProbe, true, this.startTimeUs, (ok) => !ok && this.#kill(container, "liveness"));
      this.#probers.set(container, probers);
      for (const prober of probers) prober.look();
    };
    if (startupProbe === undefined) {
      afterStartup();
      return;
    }
    const deadline = startupProbe.failureThreshold ?? 3;
    const passed: Container["startupProbe"] = { ...startupProbe, failureThreshold: deadline };
    let decided = false;
    add(passed, false, this.startTimeUs, (ok) => {
      if (!ok || decided) return;
      decided = true;
      afterStartup();
      this.kubelet.report(this);
    });
    const periodUs = (startupProbe.periodSeconds ?? 10) * 1_000_000;
    const failsUs = nowUs + (startupProbe.initialDelaySeconds ?? 0) * 1_000_000 + deadline * periodUs;
    this.kubelet.startupDeadline(failsUs, this, container);
    this.#probers.set(container, probers);
    for (const prober of probers) prober.look();
  }

  #readiness(container: ContainerState, ok: boolean): void {
    container.ready = ok;
    const message = "Readiness probe failed: the software did not answer in time";
    if (!ok) this.kubelet.event(this.pod, "Warning", "Unhealthy", message);
    this.kubelet.report(this);
  }

  /** A probe's verdict: the container is killed within the pod's grace and comes back under the restart policy. */
  #kill(container: ContainerState, probe: "liveness" | "startup"): void {
    if (this.terminating || container.phase !== "running") return;
    const message = `Container ${container.spec.name} failed ${probe} probe, will be restarted`;
    this.kubelet.event(this.pod, "Normal", "Killing", message);
    const takesUs = draw(this.behavior.shutdown, this.random);
    const graceUs = (this.pod.spec.terminationGracePeriodSeconds ?? 30) * 1_000_000;
    if (this.running !== undefined) this.kubelet.world.setAccepting(this.running, false);
    const code = takesUs > graceUs ? 137 : 143;
    this.kubelet.exitAt(this.kubelet.nowUs + Math.min(takesUs, graceUs), this, container, code);
  }

  /** The startup probe has had all its turns. */
  startupFailed(container: ContainerState): void {
    if (!container.started && container.phase === "running") this.#kill(container, "startup");
  }
}
