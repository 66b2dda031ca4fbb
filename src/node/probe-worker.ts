import { type Container, containerRestarts, type Pod, type PodStatus, type Probe } from "../model/index.ts";
import type { Sequence } from "../sim/index.ts";
import type { Host, ProbeType } from "./host.ts";
import { restartsWithAll } from "./restart-all.ts";
import type { Row } from "./rows.ts";
import type { RuntimeContainer, RuntimePod } from "./runtime-pod.ts";
import { type Execution, type Steps, Work } from "./work.ts";

export type ProbeResult = "success" | "failure" | "unknown";

/** What a probe worker needs of its kubelet. */
export interface ProbeSurroundings {
  readonly execution: Execution;
  readonly host: Host;
  pod(): Pod;
  readonly held: RuntimePod;
  /** The status manager's view: probes see containers through it. */
  status(): PodStatus | undefined;
  /** The published result changed. */
  published(type: ProbeType, containerID: string, result: ProbeResult): void;
  unhealthy(container: Container, message: string): void;
  /** A turn is over. */
  settled(): void;
}

/** A result as a number: where it stands here. */
const results = [undefined, "success", "failure", "unknown"] as const;

const initialResults = { startup: "unknown", liveness: "success", readiness: "failure" } as const;

/** One probe of one container over all its lives: prober's `worker`. Turns lie on its ticker, which readiness re-bases. */
export class ProbeWorker {
  readonly type: ProbeType;
  readonly container: Container;
  /** Its container has ended and is not to start again. */
  over = false;
  readonly #probe: Probe;
  readonly #surroundings: ProbeSurroundings;
  #baseUs: number;
  #containerID = "";
  #result: ProbeResult | undefined;
  #last: ProbeResult | undefined;
  #run = 0;
  #onHold = false;
  #triggered = false;
  #busy = false;
  #stopped = false;
  #tick: Sequence | undefined;
  #turnUs = 0;

  constructor(type: ProbeType, container: Container, probe: Probe, surroundings: ProbeSurroundings) {
    this.type = type;
    this.container = container;
    this.#probe = probe;
    this.#surroundings = surroundings;
    this.#baseUs = this.#nowUs;
  }

  /** Begins with a turn at once. */
  start(): void {
    this.#surroundings.execution.soon(() => this.#turn());
  }

  /** Writes down how far it has come: what it counts goes on in the container's next life. Answers false while a turn is to come. */
  rest(row: number[]): boolean {
    if (this.#tick !== undefined || this.#busy || this.#triggered) return false;
    const flags = (this.#onHold ? 1 : 0) + (this.#stopped ? 2 : 0) + (this.over ? 4 : 0);
    row.push(this.#baseUs, results.indexOf(this.#result), results.indexOf(this.#last), this.#run, flags);
    return this.#containerID !== "" && this.#surroundings.held.byId(this.#containerID) !== undefined;
  }

  /** As it was before `rest`, with a container of that name. */
  wake(row: Row): void {
    const { held } = this.#surroundings;
    this.#containerID = held.containers.find(({ spec }) => spec.name === this.container.name)!.seen.id;
    this.#baseUs = row.next();
    this.#result = results[row.next()];
    this.#last = results[row.next()];
    this.#run = row.next();
    const flags = row.next();
    this.#onHold = (flags & 1) > 0;
    this.#stopped = (flags & 2) > 0;
    this.over = flags >= 4;
  }

  get #nowUs(): number {
    return this.#surroundings.execution.loop.nowUs;
  }

  /** The published result for a container; `undefined` while there is none. */
  resultOf(containerID: string): ProbeResult | undefined {
    return containerID === this.#containerID ? this.#result : undefined;
  }

  /** Asks for a turn at once; the ticker starts anew with it. */
  trigger(): void {
    if (this.#triggered || this.#stopped) return;
    this.#triggered = true;
    if (!this.#busy) this.#surroundings.execution.soon(() => this.#manualTurn());
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTick();
  }

  /** What it would see has changed, or its container has. */
  look(): void {
    if (!this.#busy && !this.#stopped && this.#tick === undefined) this.#scheduleTick();
  }

  #manualTurn(): void {
    if (this.#busy || this.#stopped || !this.#triggered) return;
    this.#triggered = false;
    this.#baseUs = this.#nowUs;
    this.#turn();
  }

  #cancelTick(): void {
    if (this.#tick !== undefined) this.#surroundings.execution.loop.cancel(this.#tick);
    this.#tick = undefined;
  }

  #scheduleTick(): void {
    const { execution, host } = this.#surroundings;
    if (host.steady && this.#settled()) return;
    const periodUs = (this.#probe.periodSeconds ?? 10) * 1_000_000;
    // A tick that came while a probe was under way is not lost.
    const turns = Math.floor((this.#turnUs - this.#baseUs) / periodUs) + 1;
    const atUs = this.#baseUs + turns * periodUs;
    const missed = host.steady ? Math.floor((this.#nowUs - this.#baseUs) / periodUs) + 1 : turns;
    this.#tick = execution.at(Math.max(this.#nowUs, host.steady ? this.#baseUs + missed * periodUs : atUs), () => {
      this.#tick = undefined;
      if (!this.#busy && !this.#stopped) this.#turn();
    });
  }

  /** Another turn would find what is known already, until something changes. */
  #settled(): boolean {
    const { host, held } = this.#surroundings;
    const container = held.byId(this.#containerID);
    const status = this.#status();
    if (status?.containerID !== this.#containerID) return status?.containerID === undefined;
    if (this.#onHold) return true;
    if (status.state?.running === undefined || container?.seen.state !== "running") return this.#result === "failure";
    if ((status.started === true) === (this.type === "startup")) return true;
    const { result } = host.probe(container, this.type);
    return resultOf(result) === this.#result && (this.#last === undefined || this.#last === this.#result);
  }

  #status(): NonNullable<PodStatus["containerStatuses"]>[number] | undefined {
    const { containerStatuses = [], initContainerStatuses = [] } = this.#surroundings.status() ?? {};
    return [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === this.container.name);
  }

  #publish(result: ProbeResult): void {
    if (this.#containerID === "" || this.#result === result) return;
    this.#result = result;
    this.#surroundings.published(this.type, this.#containerID, result);
  }

  /** prober's `doProbe`, and the wait for the next turn. */
  #turn(): void {
    this.#cancelTick();
    if (this.#stopped) return;
    this.#turnUs = this.#nowUs;
    const { execution, held } = this.#surroundings;
    const { phase } = this.#surroundings.status() ?? {};
    if (phase === "Failed" || phase === "Succeeded") {
      this.#stopped = true;
      return;
    }
    const status = this.#status();
    const id = status?.containerID;
    if (status === undefined || id === undefined) {
      this.#next();
      return;
    }
    if (id !== this.#containerID) {
      this.#containerID = id;
      this.#result = undefined;
      this.#publish(initialResults[this.type]);
      this.#onHold = false;
    }
    if (this.#onHold) {
      this.#next();
      return;
    }
    if (status.state?.running === undefined) {
      this.#publish("failure");
      this.over = this.#endsWith(status);
      if (this.over) this.stop();
      else this.#next();
      return;
    }
    const container = held.byId(id);
    const aliveSeconds = Math.floor(
      (this.#nowUs - Math.floor((container?.seen.startedUs ?? 0) / 1_000_000) * 1_000_000) / 1_000_000,
    );
    const due = aliveSeconds >= (this.#probe.initialDelaySeconds ?? 0);
    if (container === undefined || !due || (status.started === true) === (this.type === "startup")) {
      this.#next();
      return;
    }
    this.#busy = true;
    new Work(execution, this.#exec(container));
  }

  /** Whether nothing starts the container again, be it by itself or with the whole pod. */
  #endsWith({ state }: NonNullable<PodStatus["containerStatuses"]>[number]): boolean {
    if (state?.terminated === undefined) return false;
    const { spec } = this.#surroundings.pod();
    return (
      !containerRestarts(this.container, spec.restartPolicy, state.terminated.exitCode) &&
      !restartsWithAll(spec, this.#surroundings.status()!)
    );
  }

  /** Up to three tries while the probe itself cannot run; a result, good or bad, counts at once. */
  *#exec(container: RuntimeContainer): Steps {
    const { host } = this.#surroundings;
    const seconds = this.#probe.timeoutSeconds ?? 1;
    for (let tries = 3; ; tries -= 1) {
      const { result, tookUs, output } = host.probe(container, this.type);
      const overUs = this.#nowUs + tookUs;
      const untilUs = Math.min(overUs, this.#nowUs + seconds * 1_000_000);
      if (result === "error" && container.seen.state !== "running") yield untilUs;
      else yield { signal: container.exit, notAfterUs: untilUs };
      const cut = this.#nowUs < untilUs;
      if (result === "error" && !cut && tries > 1) continue;
      this.#busy = false;
      if (this.#stopped) return;
      if (cut) this.#finished("failure", "");
      else if (tookUs >= seconds * 1_000_000)
        this.#finished("failure", `command timed out: "probe ${this.type}" timed out after ${seconds}s`);
      else this.#finished(result === "error" ? undefined : resultOf(result), output);
      return;
    }
  }

  #finished(result: ProbeResult | undefined, output: string): void {
    const title = `${this.type[0]!.toUpperCase()}${this.type.slice(1)}`;
    if (result === "failure") this.#surroundings.unhealthy(this.container, `${title} probe failed: ${output}`);
    if (result === undefined)
      this.#surroundings.unhealthy(this.container, `${title} probe errored and resulted in unknown state: ${output}`);
    else {
      this.#run = result === this.#last ? this.#run + 1 : 1;
      this.#last = result;
      const threshold =
        result === "success" ? (this.#probe.successThreshold ?? 1) : (this.#probe.failureThreshold ?? 3);
      if (this.#run >= threshold) {
        this.#publish(result);
        if (this.type === "startup" || (this.type === "liveness" && result === "failure")) {
          this.#onHold = true;
          this.#run = 0;
        }
      }
    }
    this.#next();
  }

  #next(): void {
    if (this.#stopped) return;
    if (this.#triggered) this.#surroundings.execution.soon(() => this.#manualTurn());
    this.#scheduleTick();
    this.#surroundings.settled();
  }
}

function resultOf(result: "ok" | "fail" | "error"): ProbeResult {
  return result === "ok" ? "success" : "failure";
}
