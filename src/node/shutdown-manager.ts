import type { Pod } from "../model/index.ts";
import { killPodNow } from "./kill-pod-now.ts";
import type { PodWorker } from "./pod-worker.ts";
import type { PodWorkers } from "./pod-workers.ts";
import { type Execution, inParallel, Signal, type Steps, Work } from "./work.ts";

/** Pods of at least this priority, and below the next group's, have so many seconds to end. */
export interface ShutdownGroup {
  readonly priority: number;
  readonly seconds: number;
}

interface ShutdownManagerOptions {
  readonly execution: Execution;
  /** By rising priority; empty: a shutdown is not noticed. */
  readonly groups: readonly ShutdownGroup[];
  readonly workers: Pick<PodWorkers, "active" | "of">;
  readonly nodeEvent: (type: "Normal" | "Warning", reason: string, message: string) => void;
  /** The node's status is to be told at once. */
  readonly report: () => void;
  /** The machine may go down. */
  readonly release: () => void;
}

const message = "Pod was terminated in response to imminent node shutdown.";

/** kubelet's graceful node shutdown: pods end group by group before the machine does. */
export class ShutdownManager {
  readonly #options: ShutdownManagerOptions;
  shuttingDown = false;
  /** What logind said, in order: a shutdown that is under way is carried to its end before its cancellation is heard. */
  readonly #signals: ("shutdown" | "cancellation")[] = [];
  #busy = false;

  constructor(options: ShutdownManagerOptions) {
    this.#options = options;
  }

  shutDown(): void {
    this.#hear("shutdown");
  }

  cancel(): void {
    this.#hear("cancellation");
  }

  #hear(signal: "shutdown" | "cancellation"): void {
    const { groups, execution } = this.#options;
    if (groups.length === 0) return;
    this.#signals.push(signal);
    if (this.#busy) return;
    this.#busy = true;
    new Work(execution, this.#answerAll(), () => {
      this.#busy = false;
    });
  }

  *#answerAll(): Steps {
    const { nodeEvent, report, release } = this.#options;
    for (let signal = this.#signals.shift(); signal !== undefined; signal = this.#signals.shift()) {
      this.shuttingDown = signal === "shutdown";
      const words = this.shuttingDown ? "event" : signal;
      nodeEvent("Normal", "Shutdown", `Shutdown manager detected shutdown ${words}`);
      if (this.shuttingDown) {
        report();
        yield* this.#endAll();
      }
      release();
    }
  }

  *#endAll(): Steps {
    const { groups, workers, execution } = this.#options;
    const members = new Map<ShutdownGroup, Pod[]>(groups.map((group) => [group, []]));
    for (const pod of workers.active()) members.get(this.#groupOf(pod))!.push(pod);
    for (const [{ seconds }, pods] of members) {
      if (pods.length === 0) continue;
      const over = new Signal();
      const all = pods.map((pod) => end(workers.of(pod), seconds));
      new Work(execution, inParallel(execution, all), () => over.fire());
      yield { signal: over, notAfterUs: execution.loop.nowUs + seconds * 1_000_000 };
    }
  }

  #groupOf({ spec }: Pod): ShutdownGroup {
    const { groups } = this.#options;
    return groups.findLast(({ priority }) => priority <= (spec.priority ?? 0)) ?? groups[0]!;
  }
}

function* end(worker: PodWorker | undefined, seconds: number): Steps {
  if (worker === undefined) return; // It went by itself, while others ended.
  const graceSeconds = Math.min(seconds, worker.pod.spec.terminationGracePeriodSeconds ?? seconds);
  const status = { reason: "Terminated", message, disruption: message, keepsSuccess: true } as const;
  yield* killPodNow(worker, { graceSeconds, status });
}
