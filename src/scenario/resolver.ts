import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { NewObject } from "../apiserver/index.ts";
import { machineTypes, type NodePool, plainMachineType } from "../cloud/index.ts";
import type { Fault, MachineSelector } from "../faults/index.ts";
import {
  type Kind,
  milliValue,
  type ObjectKey,
  objectKey,
  type Pod,
  parseTime,
  quantityProblem,
  value,
} from "../model/index.ts";
import { type KubeletSettings, settingsProblems, sizeWith } from "../node/index.ts";
import type { Curve, EntryFlow } from "../traffic/index.ts";
import type { Call, MachineType } from "../world/index.ts";
import type { Action } from "./action.ts";
import type { ActionText } from "./action-schema.ts";
import { admitManifests } from "./admit-manifests.ts";
import { type Complaint, complaintText, ScenarioError, shown } from "./complaint.ts";
import { defined } from "./defined.ts";
import type { Comparison, Expectation } from "./expectation.ts";
import type { FaultText } from "./fault-schema.ts";
import { readManifests } from "./manifests.ts";
import { readPodTrace } from "./pod-trace.ts";
import { resolveAction } from "./resolve-action.ts";
import { resolveCurve } from "./resolve-curve.ts";
import type { Scenario, WorkloadBehavior } from "./scenario.ts";
import { ScenarioClock } from "./scenario-clock.ts";
import type { BehaviorText, ExpectationText, NodePoolText, ScenarioText } from "./scenario-schema.ts";
import { readSchedulerConfig } from "./scheduler-config.ts";
import { pathText } from "./schema-complaints.ts";
import { type ZoneOffset, zoneOffsets } from "./time-zones.ts";
import { type Instant, parseDuration } from "./values.ts";
import type { YamlDocument } from "./yaml-file.ts";

const kindOfWorkload: Readonly<Record<string, Kind>> = {
  deployment: "Deployment",
  statefulset: "StatefulSet",
  daemonset: "DaemonSet",
  replicaset: "ReplicaSet",
  job: "Job",
  cronjob: "CronJob",
  pod: "Pod",
  service: "Service",
};

/** Turns a scenario's text into data: instants, references, machines, manifests. Collects complaints and throws them together. */
export class Resolver {
  readonly #text: ScenarioText["spec"];
  readonly #name: string;
  readonly #document: YamlDocument;
  readonly #folder: string;
  readonly #complaints: Complaint[] = [];
  readonly #settings = new Map<string, KubeletSettings>();
  readonly #assumptions: string[] = [];
  #objects: readonly NewObject[] = [];
  #clock: ScenarioClock;

  constructor(text: ScenarioText, document: YamlDocument, folder: string) {
    this.#text = text.spec;
    this.#name = text.metadata.name;
    this.#document = document;
    this.#folder = folder;
    const { start, duration, warmUp, initial } = text.spec;
    const valid = parseTime(start) !== undefined;
    if (!valid) this.#complain("BAD_TIME", ["spec", "start"], 'a time such as "2026-03-02T09:00:00-05:00"', start);
    const warmUpUs = warmUp ?? (initial === "settled" ? 600_000_000 : 0);
    this.#clock = new ScenarioClock(valid ? start : "1970-01-01T00:00:00Z", duration, warmUpUs);
  }

  resolve(): Scenario {
    const text = this.#text;
    const read = readManifests(this.#folder, text.manifests);
    this.#complaints.push(...read.complaints);
    const admitted = admitManifests(read.manifests);
    this.#complaints.push(...admitted.complaints);
    this.#assumptions.push(...admitted.assumptions);
    this.#objects = admitted.objects;
    const clock = this.#clock;
    const trace = readPodTrace(this.#folder, text.podTrace, clock.warmUpUs);
    this.#complaints.push(...trace.complaints);
    const behaviors = text.behavior.map((behavior, index) => this.#behavior(behavior, index));
    const scenario: Scenario = {
      name: this.#name,
      question: text.question,
      startEpochUs: clock.startEpochUs,
      utcOffsetMinutes: clock.utcOffsetMinutes,
      warmUpUs: clock.warmUpUs,
      durationUs: clock.durationUs,
      initial: text.initial,
      pools: text.cluster.nodePools.map((pool, index) => this.#pool(pool, index)),
      kubelets: new Map(
        text.cluster.nodePools.map((pool, index) => {
          return [
            pool.name,
            { settings: this.#settings.get(pool.name) ?? {}, staticPods: this.#staticPods(pool, index) },
          ];
        }),
      ),
      clusterAutoscaler: text.cluster.clusterAutoscaler,
      controllerManager: text.cluster.kubeControllerManager,
      scheduler: this.#scheduler(),
      objects: this.#objects,
      pods: trace.pods,
      behaviors: [...behaviors, ...trace.behaviors],
      externals: text.external.map(({ name, latency, connections }) => ({ name, latency, connections })),
      flows: this.#flows(),
      calls: { timeoutUs: text.calls.timeout, retries: text.calls.retries },
      actions: text.actions.map((action, index) => this.#action(action, index)).sort((a, b) => a.atUs - b.atUs),
      faults: text.faults.map((fault, index) => this.#fault(fault, index)),
      expectations: text.expect.map((expectation, index) => this.#expectation(expectation, index)),
      deliveryJitterUs: text.deliveryJitter,
      timeZones: this.#timeZones(),
      extensions: text.extensions.map((file, index) => this.#extension(file, index)),
      assumptions: this.#assumptions,
      notSimulated: admitted.notSimulated,
    };
    if (this.#complaints.length > 0) throw new ScenarioError(inOrder(this.#complaints));
    return scenario;
  }

  #complain(code: string, path: readonly PropertyKey[], expected: string, found: unknown): void {
    const at = this.#document.locate(path);
    this.#complaints.push({ code, at, path: pathText(path), expected, found: shown(found) });
  }

  #pool(pool: NodePoolText, index: number): NodePool {
    const path = ["spec", "cluster", "nodePools", index];
    const { name, min, zones, labels, taints } = pool;
    const initial = pool.initial ?? min;
    const max = pool.max ?? initial;
    if (max < initial) this.#complain("TOO_SMALL", [...path, "max"], `at least the initial size of ${initial}`, max);
    if (initial < min) this.#complain("TOO_SMALL", [...path, "initial"], `at least min, ${min}`, initial);
    const others = this.#text.cluster.nodePools.slice(0, index);
    if (others.some((other) => other.name === name))
      this.#complain("DUPLICATE", [...path, "name"], "a name of its own", name);
    const region = pool.region ?? zones[0]!.replace(/-?[a-z]$/, "");
    const settings = this.#kubelet(pool, path);
    const plain = this.#machineType(pool, path);
    let machineType = plain;
    if (settings !== undefined) {
      this.#settings.set(name, settings);
      machineType = { ...plain, ...sizeWith(plain, settings) };
    }
    return { name, machineType, region, zones, min, max, initial, labels, taints };
  }

  /** What the kubelets of a pool are told; `undefined` when they would not start with it. */
  #kubelet({ kubelet }: NodePoolText, path: readonly PropertyKey[]): KubeletSettings | undefined {
    const settings = defined(kubelet) as KubeletSettings;
    const problems = settingsProblems(settings);
    for (const { path: at, expected, found } of problems)
      this.#complain("BAD_CONFIGURATION", [...path, "kubelet", ...at], expected, found);
    return problems.length === 0 ? settings : undefined;
  }

  #staticPods({ staticPods }: NodePoolText, index: number): readonly Pod[] {
    const read = readManifests(this.#folder, staticPods);
    const admitted = admitManifests(read.manifests);
    this.#complaints.push(...read.complaints, ...admitted.complaints);
    for (const { kind, metadata } of admitted.objects) {
      const path = ["spec", "cluster", "nodePools", index, "staticPods"];
      if (kind !== "Pod") this.#complain("BAD_REFERENCE", path, "manifests of pods", `${kind} ${metadata.name}`);
    }
    return admitted.objects as unknown as readonly Pod[];
  }

  #machineType({ instanceType, machine, name }: NodePoolText, path: readonly PropertyKey[]): MachineType {
    const fallback = machineTypes.values().next().value!;
    if (machine !== undefined) {
      for (const [field, text] of [
        ["cpu", machine.cpu],
        ["memory", machine.memory],
        ...Object.entries(machine.resources).map(([name, text]) => [`resources.${name}`, text] as const),
      ] as const) {
        if (quantityProblem(text) === undefined) continue;
        this.#complain("BAD_QUANTITY", [...path, "machine", field], "a quantity", text);
        return fallback;
      }
      return plainMachineType({
        name: instanceType ?? name,
        cpuMillicores: milliValue(machine.cpu),
        memoryBytes: value(machine.memory),
        pods: machine.pods,
        microUsdPerHour: Math.round(machine.usdPerHour * 1_000_000),
        resources: machine.resources,
      });
    }
    if (instanceType === undefined) {
      this.#complain("MISSING_FIELD", path, "an instanceType or a machine", undefined);
      return fallback;
    }
    const type = machineTypes.get(instanceType);
    if (type === undefined) {
      const family = instanceType.split(".")[0]!;
      const known = [...machineTypes.keys()].filter((known) => known.startsWith(family));
      const hint = known.length > 0 ? known.join(", ") : "m6i.large … (78 EC2 types)";
      this.#complain("UNKNOWN_INSTANCE_TYPE", [...path, "instanceType"], `one of ${hint}`, instanceType);
    }
    return type ?? fallback;
  }

  #scheduler(): Scenario["scheduler"] {
    const { config: file, replicas, ...limits } = this.#text.cluster.scheduler;
    const budget = { replicas, perSecond: limits["kube-api-qps"], burst: limits["kube-api-burst"] };
    if (file === undefined) return { config: undefined, ...budget };
    const path = ["spec", "cluster", "scheduler", "config"];
    const full = join(this.#folder, file);
    if (!existsSync(full)) {
      this.#complain("MISSING_FILE", path, "a KubeSchedulerConfiguration file that exists", file);
      return { config: undefined, ...budget };
    }
    const problem = readSchedulerConfig(readFileSync(full, "utf8"), file);
    if (typeof problem === "string") this.#complain("BAD_CONFIGURATION", path, problem, file);
    return { config: typeof problem === "string" ? undefined : problem.config, ...budget };
  }

  /** A reference such as `ns/deployment/web` or `deployment/web`; the namespace is found where only one has that name. */
  #reference(
    text: string,
    path: readonly PropertyKey[],
  ): { readonly kind: Kind; readonly key: ObjectKey; readonly namespace: string; readonly short: string } {
    const parts = text.split("/");
    const [kindText, name] = parts.slice(-2) as [string, string];
    const kind = kindOfWorkload[kindText] ?? kindText;
    const given = parts.length === 3 ? parts[0] : undefined;
    const matching = this.#objects.filter(
      (object) =>
        object.kind === kind &&
        object.metadata.name === name &&
        (given ?? object.metadata.namespace) === object.metadata.namespace,
    );
    const [only, another] = matching;
    if (only === undefined) this.#complain("UNKNOWN_REFERENCE", path, `a ${kindText} that the manifests contain`, text);
    if (another !== undefined) {
      const choices = matching.map(({ metadata }) => `${metadata.namespace}/${kindText}/${name}`).join(" or ");
      this.#complain("AMBIGUOUS_REFERENCE", path, choices, text);
    }
    const namespace = only?.metadata.namespace ?? given ?? "default";
    return { kind, key: objectKey(namespace, name), namespace, short: `${kindText}/${name}` };
  }

  #service(text: string, path: readonly PropertyKey[], near?: string): ObjectKey {
    const reference = text.includes("service/") ? text : `service/${text}`;
    const local = near !== undefined && !text.includes("/");
    const there =
      local &&
      this.#objects.some(
        ({ kind, metadata }) => kind === "Service" && metadata.name === text && metadata.namespace === near,
      );
    return this.#reference(there ? `${near}/${reference}` : reference, path).key;
  }

  #behavior(text: BehaviorText, index: number): WorkloadBehavior {
    const path = ["spec", "behavior", index];
    const { short, namespace } = this.#reference(text.for, [...path, "for"]);
    const calls = text.calls.map((call, position): Call => {
      const at = [...path, "calls", position];
      if ("service" in call) {
        return {
          to: { service: this.#service(call.service, [...at, "service"], namespace) },
          perRequest: call.perRequest,
        };
      }
      if (!this.#text.external.some(({ name }) => name === call.external)) {
        this.#complain("UNKNOWN_REFERENCE", [...at, "external"], "a name under spec.external", call.external);
      }
      return { to: { external: call.external }, perRequest: call.perRequest };
    });
    const { memory, perRequest, exit, image, disk } = text;
    const behavior: WorkloadBehavior["behavior"] = {
      calls,
      concurrency: text.concurrency,
      ...(text.startup && { startup: text.startup }),
      ...(text.init && { init: text.init }),
      ...(text.warmUp && { warmUp: text.warmUp }),
      ...(disk && {
        disk: {
          baseBytes: disk.base,
          bytesPerSecond: disk.growPerSecond,
          ...(disk.volume !== undefined && { volume: disk.volume }),
        },
      }),
      ...(text.shutdown && { shutdown: text.shutdown }),
      ...(text.shutdownExitCode !== undefined && { shutdownExitCode: text.shutdownExitCode }),
      ...(image && { imageBytes: image.size }),
      ...(perRequest && { perRequest: { cpuUs: perRequest.cpu, waitUs: perRequest.wait } }),
      ...(exit && { exit }),
      ...this.#cpu("idleCpuMillicores", text.idleCpu, [...path, "idleCpu"]),
      ...this.#cpu("startupCpuMillicores", text.startupCpu, [...path, "startupCpu"]),
      ...(memory && {
        memory: {
          ...(memory.base !== undefined && { baseBytes: memory.base }),
          perRequestInFlightBytes: memory.perRequestInFlight,
          leakBytesPerSecond: memory.leakPerSecond,
        },
      }),
    };
    return { namespace, workload: short, behavior };
  }

  #cpu(
    field: "idleCpuMillicores" | "startupCpuMillicores",
    text: string | undefined,
    path: readonly PropertyKey[],
  ): Record<string, number> {
    if (text === undefined) return {};
    if (quantityProblem(text) === undefined) return { [field]: milliValue(text) };
    this.#complain("BAD_QUANTITY", path, 'a quantity such as "50m"', text);
    return {};
  }

  #flows(): EntryFlow[] {
    const spikes = this.#text.faults.map((fault, index) => ({ fault, index }));
    return this.#text.traffic.map((text, index) => {
      const path = ["spec", "traffic", index];
      const to = this.#service(text.to, [...path, "to"]);
      let curve = resolveCurve(text.rate, this.#clock, this.#folder, ({ code, expected, found }) => {
        this.#complaints.push({
          code,
          at: this.#document.locate([...path, "rate"]),
          path: pathText([...path, "rate"]),
          expected,
          found,
        });
      });
      for (const { fault } of spikes) {
        if (fault.kind !== "traffic-spike" || this.#service(fault.to, path) !== to) continue;
        curve = { kind: "product", of: [curve, this.#spike(fault)] };
      }
      const name = text.name ?? text.to;
      return { name, to, curve, timeoutUs: text.timeout, retries: text.retries, backoffUs: text.backoff };
    });
  }

  /** A spike multiplies the load while it lasts. */
  #spike({ at, factor, for: forUs }: Extract<FaultText, { kind: "traffic-spike" }>): Curve {
    const atUs = this.#clock.resolve(at);
    return { kind: "samples", atUs: [0, atUs, atUs + forUs], perSecond: [1, factor, 1], between: "hold" };
  }

  #instant(at: Parameters<ScenarioClock["resolve"]>[0], path: readonly PropertyKey[]): number {
    const us = this.#clock.resolve(at);
    if (us > this.#clock.endUs)
      this.#complain("OUTSIDE_THE_RUN", path, "an instant within the run", this.#valueAt(path));
    return us;
  }

  #timeZones(): ReadonlyMap<string, readonly ZoneOffset[]> {
    const fromSeconds = Math.floor(this.#clock.startEpochUs / 1_000_000) - 7 * 86_400;
    const toSeconds = fromSeconds + Math.ceil(this.#clock.durationUs / 1_000_000) + 400 * 86_400;
    const zones = new Map<string, readonly ZoneOffset[]>();
    for (const { kind, spec } of this.#objects) {
      const zone = kind === "CronJob" ? (spec as { timeZone?: string }).timeZone : undefined;
      const offsets = zone === undefined || zones.has(zone) ? undefined : zoneOffsets(zone, fromSeconds, toSeconds);
      if (zone !== undefined && offsets !== undefined) zones.set(zone, offsets);
    }
    return zones;
  }

  #extension(file: string, index: number): string {
    const full = resolve(this.#folder, file);
    if (!existsSync(full))
      this.#complain("MISSING_FILE", ["spec", "extensions", index], "a JavaScript module that exists", file);
    return full;
  }

  #valueAt(path: readonly PropertyKey[]): unknown {
    let current: unknown = this.#document.value;
    for (const key of path) current = (current as Record<PropertyKey, unknown> | undefined)?.[key];
    return current;
  }

  #action(text: ActionText, index: number): Action {
    const path = ["spec", "actions", index];
    return resolveAction(text, {
      atUs: this.#instant(text.at, [...path, "at"]),
      path,
      pools: this.#text.cluster.nodePools.map(({ name }) => name),
      reference: (written, at) => this.#reference(written, at),
      complain: (code, at, expected, found) => this.#complain(code, at, expected, found),
      manifests: (file) => {
        const read = readManifests(this.#folder, [file]);
        this.#complaints.push(...read.complaints);
        return read.manifests.map(({ object }) => object);
      },
    });
  }

  #fault(text: FaultText, index: number): Fault {
    const path = ["spec", "faults", index];
    const atUs = this.#instant(text.at, [...path, "at"]);
    const base = { atUs, text: text.kind, ...("for" in text && text.for !== undefined && { forUs: text.for }) };
    switch (text.kind) {
      case "machine-crash":
      case "machine-freeze":
      case "machine-shutdown":
      case "kubelet-stop":
      case "runtime-not-ready":
        return { ...base, kind: text.kind, where: this.#where(text.where, path) };
      case "network-partition":
        return { ...base, kind: text.kind, where: this.#where(text.where, path), from: text.from };
      case "zone-outage":
        this.#checkZone(text.zone, [...path, "zone"]);
        return { ...base, kind: text.kind, zone: text.zone };
      case "out-of-capacity": {
        const pool = this.#text.cluster.nodePools.find(({ name }) => name === text.pool);
        if (pool === undefined)
          this.#complain("UNKNOWN_REFERENCE", [...path, "pool"], "the name of a node pool", text.pool);
        return {
          ...base,
          kind: text.kind,
          pool: text.pool,
          zones: text.zone === undefined ? (pool?.zones ?? []) : [text.zone],
        };
      }
      case "pod-kill": {
        const { short, namespace } = this.#reference(text.where.workload, [...path, "where", "workload"]);
        return { ...base, kind: text.kind, workload: short, namespace, count: text.count };
      }
      case "traffic-spike":
        return { ...base, kind: text.kind, to: this.#service(text.to, [...path, "to"]), factor: text.factor };
      case "registry-slow":
        return { ...base, kind: text.kind, factor: text.factor ?? Number.POSITIVE_INFINITY };
      case "component-crash":
      case "component-partition":
        return { ...base, kind: text.kind, component: text.component };
      case "api-server-outage":
        return { ...base, kind: text.kind };
    }
  }

  #where(
    { runs, pool, zone, name }: Extract<FaultText, { kind: "machine-crash" }>["where"],
    path: readonly PropertyKey[],
  ): MachineSelector {
    if (zone !== undefined) this.#checkZone(zone, [...path, "where", "zone"]);
    if (pool !== undefined && !this.#text.cluster.nodePools.some((known) => known.name === pool)) {
      this.#complain("UNKNOWN_REFERENCE", [...path, "where", "pool"], "the name of a node pool", pool);
    }
    const workload = runs === undefined ? undefined : this.#reference(runs, [...path, "where", "runs"]);
    return {
      ...(workload && { runs: { workload: workload.short, namespace: workload.namespace } }),
      ...(pool !== undefined && { pool }),
      ...(zone !== undefined && { zone }),
      ...(name !== undefined && { name }),
    };
  }

  #checkZone(zone: string, path: readonly PropertyKey[]): void {
    const zones = this.#text.cluster.nodePools.flatMap((pool) => pool.zones);
    if (!zones.includes(zone))
      this.#complain("UNKNOWN_REFERENCE", path, `one of ${[...new Set(zones)].join(", ")}`, zone);
  }

  #expectation(text: ExpectationText, index: number): Expectation {
    const path = ["spec", "expect", index];
    const window: { readonly from?: Instant; readonly to?: Instant } = "from" in text || "to" in text ? text : {};
    const fromUs = window.from !== undefined ? this.#instant(window.from, [...path, "from"]) : this.#clock.warmUpUs;
    const toUs = window.to !== undefined ? this.#instant(window.to, [...path, "to"]) : this.#clock.endUs;
    const base = { fromUs, toUs };
    for (const measure of ["p50", "p95", "p99", "availability"] as const) {
      if (!(measure in text)) continue;
      const { service, [measure]: written } = text as unknown as { service: string } & Record<typeof measure, string>;
      const comparison = this.#comparison(written, measure === "availability" ? "share" : "duration", [
        ...path,
        measure,
      ]);
      const key = this.#service(service, [...path, "service"]);
      return { ...base, text: `${service} ${measure} ${written}`, comparison, measure, service: key };
    }
    if ("workload" in text) {
      const { short, namespace } = this.#reference(text.workload, [...path, "workload"]);
      const comparison = this.#comparison(text.ready, "count", [...path, "ready"]);
      return {
        ...base,
        text: `${text.workload} ready ${text.ready}`,
        comparison,
        measure: "ready",
        workload: short,
        namespace,
      };
    }
    const measure = "cost" in text ? "cost" : "pending" in text ? "pending" : "recovery";
    const written = (text as unknown as Record<typeof measure, string>)[measure];
    const comparison = this.#comparison(written, measure === "cost" ? "usd" : "duration", [...path, measure]);
    return { ...base, text: `${measure} ${written}`, comparison, measure };
  }

  #comparison(text: string, unit: "duration" | "share" | "count" | "usd", path: readonly PropertyKey[]): Comparison {
    const [, operator, number, suffix = ""] = /^\s*(<=|>=|<|>)\s*([\d.]+)\s*(.*?)\s*$/.exec(text)!;
    const plain = Number(number);
    const bad = (expected: string): number => {
      this.#complain("BAD_COMPARISON", path, expected, text);
      return 0;
    };
    let bound: number;
    if (unit === "duration")
      bound = parseDuration(number! + suffix) ?? bad('a comparison with a duration, such as "< 250ms"');
    else if (unit === "share")
      bound = suffix === "%" ? plain / 100 : bad('a comparison with a percentage, such as ">= 99.9%"');
    else if (unit === "usd")
      bound = /^(USD)?$/.test(suffix)
        ? Math.round(plain * 1_000_000)
        : bad('a comparison with dollars, such as "< 3 USD"');
    else bound = suffix === "" ? plain : bad('a comparison with a count, such as ">= 3"');
    return { operator: operator as Comparison["operator"], bound };
  }
}

/** File by file, from the top. */
function inOrder(complaints: readonly Complaint[]): Complaint[] {
  const sorted = [...complaints].sort((a, b) => {
    if (a.at.file !== b.at.file) return a.at.file < b.at.file ? -1 : 1;
    return a.at.line - b.at.line || a.at.column - b.at.column;
  });
  const seen = new Set<string>();
  return sorted.filter((complaint) => {
    const text = complaintText(complaint);
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}
