import { AutoscalerMemory } from "../../src/controllers/horizontal-pod-autoscaler/memory.ts";
import type { AutoscalerFlags } from "../../src/controllers/horizontal-pod-autoscaler/ports.ts";
import { wake } from "../../src/controllers/horizontal-pod-autoscaler/sleep.ts";
import { syncAutoscaler } from "../../src/controllers/horizontal-pod-autoscaler/sync.ts";
import {
  EventCorrelator,
  type HorizontalPodAutoscaler,
  type HorizontalPodAutoscalerStatus,
  keyOf,
  type MetricStatus,
  type Pod,
} from "../../src/model/index.ts";
import { type CaseResult, firstDifference, type Recordings } from "./area.ts";
import { replayNamed } from "./hpa-recorded.ts";
import { type RecordedAnswer, type RecordedEvent, RecordedPorts, type SyncInputs } from "./hpa-recorded-sync.ts";
import { type PodEvent, RecordedWorld } from "./hpa-world.ts";

interface RecordedSync {
  readonly atMs: number;
  readonly hpa?: string;
  readonly scale?: readonly [number, number];
  readonly scaleError?: string;
  readonly api?: readonly RecordedAnswer[];
  readonly noMetricsCall?: boolean;
  readonly metricsAgeMs?: number;
  readonly rescaleTo?: number;
  readonly updateErrors?: readonly string[];
  readonly current?: number;
  readonly desired?: number;
  readonly currentMetrics?: readonly unknown[];
  readonly conditions?: readonly (readonly [text: number, atMs: number])[];
  readonly error?: number;
}

interface Edit {
  readonly atMs: number;
  readonly hpa?: string;
  readonly what: string;
  readonly spec?: HorizontalPodAutoscaler["spec"];
}

interface SeriesLine {
  readonly name: string;
  readonly group: string;
  readonly flags: {
    readonly syncPeriodMs: number;
    readonly tolerance: number;
    readonly downscaleStabilizationMs: number;
    readonly cpuInitializationPeriodMs: number;
    readonly initialReadinessDelayMs: number;
    readonly apiLatencyMs?: number;
  };
  readonly featureGates?: Readonly<Record<string, boolean>>;
  readonly epoch: string;
  readonly hpas: readonly HorizontalPodAutoscaler[];
  readonly hpaEdits?: readonly Edit[];
  readonly podTemplate: Pick<Pod, "metadata" | "spec">;
  readonly podEvents: readonly PodEvent[];
  readonly conditionTexts: readonly (readonly [string, string, string, string])[];
  readonly errors?: readonly string[];
  readonly statusWrites: number;
  readonly syncs: readonly RecordedSync[];
  readonly events: readonly {
    readonly atMs: number;
    readonly hpa?: string;
    readonly verb: string;
    readonly type: string;
    readonly reason: string;
    readonly message: string;
    readonly count: number;
  }[];
}

/** What the recordings hold from one sync to the next. */
interface Carried {
  scale: readonly [number, number];
  api: readonly RecordedAnswer[];
  metricsAgeMs: number;
  readonly status: Record<string, unknown>;
}

/** The controller over minutes to hours: it is given what it saw at each sync, and must write what it wrote. */
export function series(recordings: Recordings): Iterable<CaseResult> {
  return replayNamed<SeriesLine>(
    recordings,
    "series.jsonl",
    ({ group }) => `series/${group}`,
    (line) => new SeriesReplay(line).difference(),
  );
}

class SeriesReplay {
  readonly #line: SeriesLine;
  readonly #world: RecordedWorld;
  readonly #flags: AutoscalerFlags;
  readonly #memory = new AutoscalerMemory();
  readonly #hpas = new Map<string, HorizontalPodAutoscaler>();
  readonly #carried = new Map<string, Carried>();
  readonly #correlator = new EventCorrelator();
  readonly #events: unknown[] = [];
  readonly #selector: string;
  #edits: readonly Edit[];
  #writes = 0;
  #podChanges = 0;
  /** When the next sync should begin; unknown after a conflict, whose pause has jitter. */
  #dueMs: number | undefined;

  constructor(line: SeriesLine) {
    this.#line = line;
    const { flags, featureGates = {}, epoch, podTemplate, podEvents, hpas, hpaEdits = [] } = line;
    this.#world = new RecordedWorld(epoch, podTemplate, podEvents);
    this.#flags = {
      syncPeriodUs: flags.syncPeriodMs * 1000,
      downscaleStabilizationUs: flags.downscaleStabilizationMs * 1000,
      tolerance: flags.tolerance,
      windows: {
        cpuInitializationUs: flags.cpuInitializationPeriodMs * 1000,
        initialReadinessUs: flags.initialReadinessDelayMs * 1000,
      },
      configurableTolerance: featureGates["HPAConfigurableTolerance"] ?? true,
      scaleToZero: featureGates["HPAScaleToZero"] ?? false,
    };
    for (const hpa of hpas) {
      this.#hpas.set(hpa.metadata.name, hpa);
      this.#memory.selectors.add(keyOf(hpa));
      this.#carried.set(hpa.metadata.name, { scale: [0, 0], api: [], metricsAgeMs: 0, status: {} });
    }
    this.#edits = hpaEdits;
    this.#dueMs = hpas.length === 1 ? flags.syncPeriodMs : undefined;
    const invalid = line.conditionTexts.find(([, , reason]) => reason === "InvalidSelector");
    this.#selector = invalid === undefined ? "app=web" : selectorBehind(invalid[3]);
  }

  difference(): string | undefined {
    for (const [index, sync] of this.#line.syncs.entries()) {
      const difference = this.#sync(sync);
      if (difference !== undefined) return `sync ${index} at ${sync.atMs} ms: ${difference}`;
    }
    // Which of two autoscalers is named first is random upstream, and so is how often that is written.
    if (this.#line.hpas.length > 1) return undefined;
    return (
      firstDifference(this.#line.statusWrites, this.#writes, "status writes") ??
      firstDifference(untilCombined(this.#line.events), untilCombined(this.#events), "events")
    );
  }

  #sync(sync: RecordedSync): string | undefined {
    const edited = this.#edit(sync.atMs);
    const name = sync.hpa ?? this.#line.hpas[0]!.metadata.name;
    const slept = this.#sleep(name, sync, edited);
    if (slept !== undefined) return slept === "" ? undefined : slept;
    const carried = this.#carried.get(name)!;
    carried.scale = sync.scale ?? carried.scale;
    carried.api = sync.api ?? carried.api;
    carried.metricsAgeMs = sync.metricsAgeMs ?? carried.metricsAgeMs;
    const { scaleError, updateErrors = [] } = sync;
    const latencyMs = this.#line.flags.apiLatencyMs ?? 0;
    const hpa = this.#hpas.get(name)!;
    const readsScale = hpa.spec.scaleTargetRef.apiVersion?.split("/").length !== 3;
    const startedMs = sync.atMs - (readsScale ? latencyMs : 0);
    const inputs: SyncInputs = { ...carried, atMs: sync.atMs, startedMs, scaleError, updateErrors };
    const ports = new RecordedPorts(this.#world, inputs, this.#selector, latencyMs);
    const { done, value: error } = syncAutoscaler(hpa, ports, this.#flags, this.#memory).next();
    if (done !== true) throw new Error("the recorded ports never wait");
    const status = ports.statuses.at(-1) ?? hpa.status;
    if (ports.statuses.length > 0) this.#hpas.set(name, { ...hpa, status });
    this.#writes += ports.statuses.length;
    for (const event of ports.events) this.#record(name, event);
    const { atMs: _, hpa: _name, scale, api, metricsAgeMs, scaleError: _error, ...wanted } = sync;
    Object.assign(carried.status, pick(sync, ["current", "desired", "currentMetrics", "conditions"]));
    const due = this.#dueMs;
    this.#dueMs =
      this.#line.hpas.length > 1 || ports.conflicted
        ? undefined
        : ports.nowUs / 1000 + this.#line.flags.syncPeriodMs;
    return firstDifference(
      {
        startedMs: due ?? startedMs,
        rescaleTo: wanted.rescaleTo,
        error: wanted.error === undefined ? undefined : sortedNames(this.#line.errors![wanted.error]!),
        noMetricsCall: wanted.noMetricsCall === true,
        current: carried.status["current"],
        desired: carried.status["desired"],
        currentMetrics: carried.status["currentMetrics"],
        conditions: this.#recordedConditions(carried.status["conditions"] as NonNullable<RecordedSync["conditions"]>),
      },
      {
        startedMs,
        rescaleTo: ports.rescaledTo,
        error: error === undefined ? undefined : sortedNames(error),
        noMetricsCall: ports.metricsCalls === 0,
        current: status.currentReplicas ?? 0,
        desired: status.desiredReplicas,
        currentMetrics: (status.currentMetrics ?? []).map(currentOf),
        conditions: this.#conditions(status),
      },
    );
  }

  /**
   * Our controller leaves syncs out that would change nothing. Those must be silent in the recording too: "" if so. It
   * wakes when something has changed, and then goes on at its beat with the recommendations it would have noted.
   */
  #sleep(name: string, sync: RecordedSync, edited: boolean): string | undefined {
    const changes = this.#world.changesUntil(sync.atMs);
    const startedMs = sync.atMs - (this.#line.flags.apiLatencyMs ?? 0);
    let changed = changes !== this.#podChanges || edited || sync.api !== undefined || sync.scale !== undefined;
    this.#podChanges = changes;
    const hpa = this.#hpas.get(name)!;
    const sleep = this.#memory.asleep.get(keyOf(hpa));
    if (sleep === undefined) return undefined;
    changed ||= startedMs * 1000 >= sleep.untilUs;
    if (!changed) {
      const { atMs: _, hpa: _name, metricsAgeMs: _age, ...told } = sync;
      return Object.keys(told).length === 0 ? "" : `slept through ${JSON.stringify(told)}`;
    }
    this.#memory.endSleep(keyOf(hpa));
    this.#dueMs = wake(hpa, sleep, this.#memory, this.#flags, startedMs * 1000) / 1000;
    return undefined;
  }

  /** Says whether anything was edited. */
  #edit(untilMs: number): boolean {
    const before = this.#edits.length;
    while (this.#edits.length > 0 && this.#edits[0]!.atMs <= untilMs) {
      const [edit, ...rest] = this.#edits;
      this.#edits = rest;
      const name = edit!.hpa ?? this.#line.hpas[0]!.metadata.name;
      const hpa = this.#hpas.get(name)!;
      if (edit!.spec !== undefined) this.#hpas.set(name, { ...hpa, spec: edit!.spec });
      if (edit!.what === "delete") this.#memory.selectors.remove(keyOf(hpa));
    }
    return this.#edits.length < before;
  }

  #record(name: string, { type, reason, message, atMs }: RecordedEvent): void {
    const component = "horizontal-pod-autoscaler";
    const written = this.#correlator.correlate({ component, object: name, type, reason, message, atMs });
    if (written === undefined) return;
    const { write: verb, count, message: shown } = written;
    this.#events.push({ atMs, verb, type, reason, message: shown, count });
  }

  #recordedConditions(conditions: NonNullable<RecordedSync["conditions"]>): unknown {
    return conditions.map(([text, atMs]) => {
      const [type, status, reason, message] = this.#line.conditionTexts[text]!;
      return { type, status, reason, message: sortedNames(message), atMs };
    });
  }

  #conditions({ conditions = [] }: HorizontalPodAutoscalerStatus): unknown {
    return conditions.map(({ type, status, reason, message = "", lastTransitionTime }) => ({
      type,
      status,
      reason,
      message: sortedNames(message),
      atMs: this.#world.atMs(lastTransitionTime!),
    }));
  }
}

/** The entry's `current`, whatever its source; null for the empty entry of a metric that failed. */
function currentOf({ type: _, ...sources }: MetricStatus): unknown {
  const [source] = Object.values(sources) as { readonly current: unknown }[];
  return source?.current ?? null;
}

/** The recordings keep what upstream says of an invalid selector, and not the selector. Any with that complaint will do. */
function selectorBehind(message: string): string {
  return message.includes("found '', expected: ',' or ')'") ? "app in (web" : "=";
}

/** "multiple HPAs: [ns/b ns/a]" names them in Go's map order. */
function sortedNames(text: string): string {
  return text.replace(/multiple HPAs: \[([^\]]*)\]/, (_, names: string) => {
    return `multiple HPAs: [${names.split(" ").sort().join(" ")}]`;
  });
}

/** From the first combined event on, upstream forgets at random. */
function untilCombined<Event>(events: readonly Event[]): Event[] {
  const end = events.findIndex((event) =>
    (event as { readonly message: string }).message.startsWith("(combined from similar events)"),
  );
  return end < 0 ? [...events] : events.slice(0, end);
}

function pick(sync: RecordedSync, fields: readonly (keyof RecordedSync)[]): Partial<RecordedSync> {
  return Object.fromEntries(fields.filter((field) => sync[field] !== undefined).map((field) => [field, sync[field]]));
}
