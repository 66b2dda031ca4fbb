import type { Pod } from "../model/index.ts";
import { killPodNow } from "./kill-pod-now.ts";
import type { PodWorker } from "./pod-worker.ts";
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
  readonly active: () => PodWorker[];
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

  constructor(options: ShutdownManagerOptions) {
    this.#options = options;
  }

  shutDown(): void {
    const { groups, nodeEvent, report, release, execution } = this.#options;
    if (groups.length === 0 || this.shuttingDown) return;
    this.shuttingDown = true;
    nodeEvent("Normal", "Shutdown", "Shutdown manager detected shutdown event");
    report();
    new Work(execution, this.#endAll(), release);
  }

  cancel(): void {
    this.shuttingDown = false;
    this.#options.nodeEvent("Normal", "Shutdown", "Shutdown manager detected shutdown cancellation");
    this.#options.release();
  }

  *#endAll(): Steps {
    const { groups, active, execution } = this.#options;
    const members = new Map<ShutdownGroup, PodWorker[]>(groups.map((group) => [group, []]));
    for (const worker of active()) members.get(this.#groupOf(worker.pod))!.push(worker);
    for (const [{ seconds }, workers] of members) {
      if (workers.length === 0) continue;
      const over = new Signal();
      const all = workers.map((worker) => end(worker, seconds));
      new Work(execution, inParallel(execution, all), () => over.fire());
      yield { signal: over, notAfterUs: execution.loop.nowUs + seconds * 1_000_000 };
    }
  }

  #groupOf({ spec }: Pod): ShutdownGroup {
    const { groups } = this.#options;
    return groups.findLast(({ priority }) => priority <= (spec.priority ?? 0)) ?? groups[0]!;
  }
}

function end(worker: PodWorker, seconds: number): Steps {
  const graceSeconds = Math.min(seconds, worker.pod.spec.terminationGracePeriodSeconds ?? seconds);
  const status = { reason: "Terminated", message, disruption: message, keepsSuccess: true } as const;
  return killPodNow(worker, { graceSeconds, status });
}
