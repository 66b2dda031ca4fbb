import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { NewObject } from "../apiserver/index.ts";
import type { ScaledObject } from "../autoscaler/index.ts";
import type { NodePool } from "../cloud/index.ts";
import {
  type CronJob,
  type Kind,
  milliValue,
  type ObjectKey,
  objectKey,
  parseTime,
  quantityProblem,
} from "../model/index.ts";
import type { Curve, EntryFlow } from "../traffic/index.ts";
import type { Call } from "../world/index.ts";
import type { Action } from "./action.ts";
import type { ActionText } from "./action-schema.ts";
import { admitManifests } from "./admit-manifests.ts";
import { type Complain, type Complaint, complaintText, ScenarioError, shown } from "./complaint.ts";
import { componentsOf } from "./components.ts";
import type { CurveText } from "./curve-schema.ts";
import type { FaultText } from "./fault-schema.ts";
import { readManifests } from "./manifests.ts";
import { readPodTrace } from "./pod-trace.ts";
import type { PolicyChoice } from "./policy.ts";
import { resolveAction } from "./resolve-action.ts";
import { resolveCurve } from "./resolve-curve.ts";
import { resolveExpectation } from "./resolve-expectation.ts";
import { resolveFault } from "./resolve-fault.ts";
import { resolveKubelets, sizedByKubelets } from "./resolve-kubelets.ts";
import { resolvePolicy } from "./resolve-policy.ts";
import { resolveCloud, resolvePools } from "./resolve-pools.ts";
import { isScaledObject } from "./scaled-object-schema.ts";
import type { Scenario, WorkloadBehavior } from "./scenario.ts";
import { ScenarioClock } from "./scenario-clock.ts";
import type { BehaviorText, ScenarioText } from "./scenario-schema.ts";
import { readSchedulerConfig } from "./scheduler-config.ts";
import { pathText } from "./schema-complaints.ts";
import { type ZoneOffset, zoneOffsets } from "./time-zones.ts";
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
  hpa: "HorizontalPodAutoscaler",
};

/** Turns a scenario's text into data: instants, references, machines, manifests. Collects complaints and throws them together. */
export class Resolver {
  readonly #text: ScenarioText["spec"];
  readonly #name: string;
  readonly #document: YamlDocument;
  readonly #folder: string;
  readonly #complaints: Complaint[] = [];
  readonly #assumptions: string[] = [];
  #objects: readonly NewObject[] = [];
  #actions: readonly Action[] = [];
  #clock: ScenarioClock;
  readonly #complain: Complain = (code, path, expected, found) => {
    const at = this.#document.locate(path);
    this.#complaints.push({ code, at, path: pathText(path), expected, found: shown(found) });
  };

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
    const { kubelets, complaints } = resolveKubelets(text.cluster.nodePools, this.#folder, this.#complain);
    this.#complaints.push(...complaints);
    const pools = sizedByKubelets(resolvePools(text.cluster.nodePools, text.cluster.cloud, this.#complain), kubelets);
    for (const { name, warmPool } of text.cluster.nodePools)
      if (warmPool !== undefined && warmPool.start === undefined)
        this.#assumptions.push(`a machine of ${name}'s warm pool starts in 10 s (median; 16 s at the 95th percentile)`);
    this.#actions = text.actions.map((action, index) => this.#action(action, index)).sort((a, b) => a.atUs - b.atUs);
    const timeZones = this.#timeZones();
    const usesKeda = [
      this.#objects,
      ...this.#actions.map((action) => (action.do === "apply" ? action.objects : [])),
    ].some((objects) => objects.some(isScaledObject));
    if (usesKeda) this.#assumptions.push("KEDA is installed (there are ScaledObjects)");
    const policies = this.#policies(pools, timeZones);
    const scenario: Scenario = {
      name: this.#name,
      question: text.question,
      startEpochUs: clock.startEpochUs,
      utcOffsetMinutes: clock.utcOffsetMinutes,
      warmUpUs: clock.warmUpUs,
      durationUs: clock.durationUs,
      initial: text.initial,
      pools,
      kubelets,
      ...resolveCloud(text.cluster.cloud),
      clusterAutoscaler: text.cluster.clusterAutoscaler,
      usesKeda,
      controllerManager: text.cluster.kubeControllerManager,
      scheduler: this.#scheduler(),
      objects: this.#objects,
      pods: trace.pods,
      behaviors: [...behaviors, ...trace.behaviors],
      externals: text.external.map(({ name, latency, connections }) => ({ name, latency, connections })),
      flows: this.#flows(),
      calls: { timeoutUs: text.calls.timeout, retries: text.calls.retries },
      policies,
      actions: this.#actions,
      faults: text.faults.map((fault, index) => {
        const path = ["spec", "faults", index];
        return resolveFault(fault, {
          atUs: this.#instant(fault.at, [...path, "at"]),
          path,
          pools: text.cluster.nodePools,
          components: text.extensions.length > 0 ? undefined : componentsOf(this.#text, usesKeda, policies),
          reference: (written, at) => this.#reference(written, at),
          service: (written, at) => this.#service(written, at),
          complain: this.#complain,
        });
      }),
      expectations: text.expect.map((expectation, index) =>
        resolveExpectation(expectation, {
          path: ["spec", "expect", index],
          startUs: clock.warmUpUs,
          endUs: clock.endUs,
          instant: (at, path) => this.#instant(at, path),
          reference: (written, at) => this.#reference(written, at),
          service: (written, at) => this.#service(written, at),
          complain: this.#complain,
        }),
      ),
      deliveryJitterUs: text.deliveryJitter,
      timeZones,
      extensions: text.extensions.map((file, index) => this.#extension(file, index)),
      assumptions: this.#assumptions,
      notSimulated: admitted.notSimulated,
    };
    if (this.#complaints.length > 0) throw new ScenarioError(inOrder(this.#complaints));
    return scenario;
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
          ...(call.bytes > 0 && { bytes: call.bytes }),
        };
      }
      if (!this.#text.external.some(({ name }) => name === call.external)) {
        this.#complain("UNKNOWN_REFERENCE", [...at, "external"], "a name under spec.external", call.external);
      }
      return { to: { external: call.external }, perRequest: call.perRequest };
    });
    const { memory, perRequest, exit, image, disk, processes } = text;
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
          ...(disk.files && { files: { base: disk.files.base, perSecond: disk.files.growPerSecond } }),
        },
      }),
      ...(processes && { processes: { base: processes.base, perSecond: processes.growPerSecond } }),
      ...(text.shutdown && { shutdown: text.shutdown }),
      ...(text.shutdownExitCode !== undefined && { shutdownExitCode: text.shutdownExitCode }),
      ...(image && { imageBytes: image.size }),
      ...(image?.layers && { imageLayers: image.layers.map(({ name, size }) => ({ name, bytes: size })) }),
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
      let curve = this.#curve(text.rate, [...path, "rate"]);
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

  #timeZones(): Map<string, readonly ZoneOffset[]> {
    const zones = new Map<string, readonly ZoneOffset[]>();
    const applied = this.#actions.flatMap((action) => (action.do === "apply" ? action.objects : []));
    for (const object of [...this.#objects, ...applied])
      for (const zone of zonesIn(object)) this.#timeZone(zone, zones);
    return zones;
  }

  /** Looks a zone up, once; whether there is one of that name. */
  #timeZone(zone: string, zones: Map<string, readonly ZoneOffset[]>): boolean {
    if (zones.has(zone)) return true;
    const fromSeconds = Math.floor(this.#clock.startEpochUs / 1_000_000) - 7 * 86_400;
    const toSeconds = fromSeconds + Math.ceil(this.#clock.durationUs / 1_000_000) + 400 * 86_400;
    const offsets = zoneOffsets(zone, fromSeconds, toSeconds);
    if (offsets !== undefined) zones.set(zone, offsets);
    return offsets !== undefined;
  }

  #policies(pools: readonly NodePool[], zones: Map<string, readonly ZoneOffset[]>): PolicyChoice[] {
    const taken = new Set<string>();
    return this.#text.policies.map((text, index) => {
      const policy = resolvePolicy(text, {
        path: ["spec", "policies", index],
        taken,
        pools,
        object: (reference, path) => {
          const { kind, key } = this.#reference(reference, path);
          const object = this.#objects.find(
            ({ kind: own, metadata }) => own === kind && objectKey(metadata.namespace, metadata.name ?? "") === key,
          );
          return { key, object };
        },
        service: (reference, path) => this.#service(reference, path),
        curve: (written, path) => this.#curve(written, path),
        timeZone: (zone) => this.#timeZone(zone, zones),
        complain: this.#complain,
        locate: (path) => this.#document.locate(path),
      });
      taken.add(policy.name);
      return policy;
    });
  }

  #curve(text: CurveText, path: readonly PropertyKey[]): Curve {
    return resolveCurve(text, this.#clock, this.#folder, ({ code, expected, found }) => {
      this.#complaints.push({ code, at: this.#document.locate(path), path: pathText(path), expected, found });
    });
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
      complain: this.#complain,
      manifests: (file) => {
        const read = readManifests(this.#folder, [file]);
        this.#complaints.push(...read.complaints);
        return read.manifests.map(({ object }) => object);
      },
    });
  }
}

/** Time zones that an object names: a CronJob's, or those of a ScaledObject's cron triggers. */
function zonesIn({ kind, spec }: NewObject): string[] {
  if (kind === "CronJob")
    return (spec as CronJob["spec"]).timeZone === undefined ? [] : [(spec as CronJob["spec"]).timeZone!];
  if (kind !== "ScaledObject") return [];
  const { triggers = [] } = spec as Partial<ScaledObject["spec"]>;
  return triggers.flatMap((trigger) => (trigger.type === "cron" ? [trigger.metadata.timezone] : []));
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
