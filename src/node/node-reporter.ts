import type { ContainerImage } from "../model/index.ts";
import { nextTickAt, type Sequence, type Ticker } from "../sim/index.ts";
import { sameImages } from "./image-list.ts";
import type { Execution } from "./work.ts";

/** A condition as a report writes it. */
export interface ReportedCondition {
  readonly type: string;
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}

/** What changed of a node's status since the last report. */
export interface NodeReport {
  readonly conditions: readonly ReportedCondition[];
  /** Absent: the same as before. */
  readonly images?: readonly ContainerImage[];
}

interface NodeReporterOptions {
  readonly execution: Execution;
  readonly ticker: Ticker;
  readonly pressures: () => ReadonlySet<string>;
  /** Why the node is not ready; empty when it is. */
  readonly complaints: () => readonly string[];
  /** What the kubelet found, and what the API server was told of it. */
  readonly images: () => readonly ContainerImage[];
  readonly knownImages: () => readonly ContainerImage[];
  readonly patch: (report: NodeReport) => void;
  readonly nodeEvent: (type: "Normal" | "Warning", reason: string, message: string) => void;
  readonly name: string;
  /** Between 0 and 1: where in five minutes the report after a change lies. */
  readonly shiftDraw: number;
  /** Nothing changes before `look` is called: reports that would say nothing new are no events. */
  readonly steady: boolean;
}

/** `nodeStatusReportFrequency`: what has not changed is told so often. */
const reportUs = 300_000_000;

const pressureWords = [
  [
    "MemoryPressure",
    "InsufficientMemory",
    "SufficientMemory",
    "insufficient memory available",
    "sufficient memory available",
  ],
  ["DiskPressure", "DiskPressure", "NoDiskPressure", "disk pressure", "no disk pressure"],
  ["PIDPressure", "InsufficientPID", "SufficientPID", "insufficient PID available", "sufficient PID available"],
] as const;

/** Compares every ten seconds what the node is with what was said of it last, and reports what changed. */
export class NodeReporter {
  readonly #options: NodeReporterOptions;
  #said: readonly ReportedCondition[];
  #pending: Sequence | undefined;
  #lastUs: number;
  /** After a change the next report is shifted once, so that kubelets spread. */
  #shiftUs = 0;

  constructor(options: NodeReporterOptions) {
    this.#options = options;
    this.#said = conditionsOf(new Set(), []);
    const { execution, ticker } = options;
    this.#lastUs = ticker.phaseUs + Math.floor((execution.loop.nowUs - ticker.phaseUs) / reportUs) * reportUs;
    if (!options.steady) this.look();
  }

  /** Something of the node may be otherwise: the next tick is to find out. */
  look(): void {
    if (this.#pending !== undefined) return;
    const { execution, ticker, steady } = this.#options;
    this.#pending = execution.at(nextTickAt(ticker, execution.loop.nowUs + 1), () => {
      this.#pending = undefined;
      this.report();
      if (!steady) this.look();
    });
  }

  /** A report out of turn, or a turn. */
  report(): void {
    const { pressures, complaints, images, knownImages, patch, nodeEvent, name } = this.#options;
    const wanted = conditionsOf(pressures(), complaints());
    const changed = wanted.filter((condition, index) => {
      const said = this.#said[index]!;
      return said.status !== condition.status || said.message !== condition.message;
    });
    const found = images();
    const newImages = !sameImages(knownImages(), found);
    const anything = changed.length > 0 || newImages;
    const { steady, execution, shiftDraw } = this.#options;
    const { nowUs } = execution.loop;
    const due = !steady && nowUs - this.#lastUs >= reportUs + this.#shiftUs;
    if (!anything && !due) return;
    this.#lastUs = nowUs;
    this.#shiftUs = anything ? (shiftDraw - 0.5) * reportUs : 0;
    patch({ conditions: changed, ...(newImages && { images: found }) });
    for (const { type, status, reason } of changed) {
      if (this.#said.find((said) => said.type === type)!.status === status) continue;
      const event =
        type === "Ready" ? (status === "True" ? "NodeReady" : "NodeNotReady") : `Node${reason.slice("Kubelet".length)}`;
      nodeEvent("Normal", event, `Node ${name} status is now: ${event}`);
    }
    this.#said = wanted;
  }
}

function conditionsOf(pressures: ReadonlySet<string>, complaints: readonly string[]): ReportedCondition[] {
  const conditions: ReportedCondition[] = pressureWords.map(([type, bad, good, short, enough]) =>
    pressures.has(type)
      ? { type, status: "True", reason: `KubeletHas${bad}`, message: `kubelet has ${short}` }
      : { type, status: "False", reason: `KubeletHas${good}`, message: `kubelet has ${enough}` },
  );
  const all = complaints.length > 1 ? `[${complaints.join(", ")}]` : (complaints[0] ?? "");
  conditions.push(
    complaints.length === 0
      ? { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" }
      : { type: "Ready", status: "False", reason: "KubeletNotReady", message: all },
  );
  return conditions;
}
