import { type ContainerImage, defaultPod, type Node, type Pod, WallClock } from "../../src/model/index.ts";
import { Kubelet } from "../../src/node/kubelet.ts";
import { kubeletClocks } from "../../src/node/kubelet-configuration.ts";
import { configurationOf, type KubeletSettings } from "../../src/node/kubelet-settings.ts";
import type { PodWorker } from "../../src/node/pod-worker.ts";
import type { NodeReport } from "../../src/node/node-reporter.ts";
import { staticPodOf } from "../../src/node/static-pods.ts";
import { Execution } from "../../src/node/work.ts";
import { EventLoop, handler, phase } from "../../src/sim/index.ts";
import { RecordedApi } from "./kubelet-api.ts";
import type { KubeletCase, Line, ScriptStep } from "./kubelet-case.ts";
import { conditionLine } from "./kubelet-status-lines.ts";
import { RecordedHost } from "./kubelet-host.ts";

/** The recorded kubelet is that old at 0. */
const ageMs = 400_000;
const runTask = handler<() => void>("script", (task) => task());

/** One case through the simulator's kubelet, with the recordings' machine and API around it. */
export class KubeletRun {
  readonly #case: KubeletCase;
  readonly #loop = new EventLoop();
  readonly #clock = new WallClock(0);
  readonly #lines: Line[] = [];
  readonly #api: RecordedApi;
  readonly #host: RecordedHost;
  readonly #kubelet: Kubelet;
  /** An operation of the script that this adapter does not know. */
  readonly unknown: string | undefined;

  constructor(recorded: KubeletCase) {
    this.#case = recorded;
    const loop = this.#loop;
    const record = (what: string, fields: Readonly<Record<string, unknown>>): void => {
      this.#lines.push({ atMs: Math.floor(loop.nowUs / 1000), what, ...fields });
    };
    const execution = new Execution(loop);
    this.#host = new RecordedHost(recorded, loop, record);
    this.#api = new RecordedApi({
      ...{ nowUs: () => loop.nowUs, record },
      seen: (pod, gone) => execution.soon(() => this.#seen(pod, gone)),
    });
    this.#kubelet = new Kubelet({
      ...{ name: "n1", execution, api: this.#api, host: this.#host, clock: this.#clock },
      clocks: kubeletClocks((recorded.plegPhaseMs - ageMs) * 1000),
      configuration: {
        ...configurationOf(settings(recorded.kubelet ?? {})),
        reportDraw: recorded.reportDraw ?? 0.5,
      },
      node: () => this.#node(),
      addressesOf: () => ({}),
      runtimeReady: () => this.#runtimeReady,
      networkError: () => this.#network,
      released: () => record("shutdownLockReleased", {}),
      complaints: () => this.#complaints(),
      patchNode: (report) => this.#patchNode(report, record),
    });
    this.#host.imagesChanged = () => this.#kubelet.imageList.look();
    this.#host.exited = (uid, containerID, code, reason) => this.#kubelet.exited(uid, containerID, code, reason);
    this.unknown = recorded.script.find(({ op }) => !(op in this.#operations))?.op;
    if (this.unknown !== undefined) return;
    for (const step of recorded.script) {
      loop.schedule(step.atMs * 1000, phase.world, runTask, () => this.#operations[step.op]!(step));
    }
    loop.step(10_000_000, recorded.durationMs * 1000);
  }

  lines(): readonly Line[] {
    return this.#lines;
  }

  readonly #operations: Record<string, (step: ScriptStep) => void> = {
    create: ({ pod = "" }) => this.#create(pod),
    static: ({ pod = "" }) => this.#kubelet.statics.add(this.#staticPod(pod)),
    staticRemove: ({ pod = "" }) => this.#kubelet.statics.remove(this.#staticPod(pod)),
    delete: ({ pod = "", gracePeriodSeconds }) =>
      this.#api.delete(pod, gracePeriodSeconds, (us) => this.#clock.time(us)),
    configMap: ({ name = "", data }) => this.#api.put("ConfigMap", name, data),
    secret: ({ name = "", data }) => this.#api.put("Secret", name, data),
    condition: ({ pod = "", Type: type, Status: status }) => {
      const stored = this.#api.named(pod)!;
      const condition = { type: String(type), status: String(status) };
      const others = (stored.status.conditions ?? []).filter((one) => one.type !== condition.type);
      this.#api.change(pod, { ...stored, status: { ...stored.status, conditions: [...others, condition] } });
    },
    node: ({ set }) => this.#host.set(set as Readonly<Record<string, unknown>>),
    memory: ({ pod = "", container = "", bytes }) => this.#host.use("memoryBytes", pod, container, bytes as number),
    disk: ({ pod = "", container = "", bytes }) => this.#host.use("diskBytes", pod, container, bytes as number),
    pids: ({ pod = "", count }) => this.#host.useProcesses(pod, count as number),
    resize: ({ pod = "", container, resources }) => {
      const stored = this.#api.named(pod)!;
      const resized = (list: Pod["spec"]["containers"]): typeof list =>
        list.map((one) => (one.name === container ? { ...one, resources: resources as NonNullable<typeof one.resources> } : one));
      const { initContainers, containers } = stored.spec;
      const spec = { ...stored.spec, containers: resized(containers), ...(initContainers && { initContainers: resized(initContainers) }) };
      this.#api.change(pod, { ...stored, spec, metadata: { ...stored.metadata, generation: (stored.metadata.generation ?? 1) + 1 } });
    },
    taint: ({ name = "", Status }) => this.#taints.push({ key: name, effect: String(Status) }),
    runtime: ({ set }) => {
      const { networkReady, runtimeReady } = set as { networkReady?: boolean; runtimeReady?: boolean };
      if (runtimeReady !== undefined) {
        this.#runtimeReady = runtimeReady;
        this.#kubelet.syncLoop.look();
      }
      const message = "Network plugin returns error: cni plugin not initialized";
      const error = `container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:${message}`;
      if (networkReady !== undefined) this.#network = networkReady ? undefined : error;
    },
    shutdown: () => this.#kubelet.shutdown.shutDown(),
    shutdownCancel: () => this.#kubelet.shutdown.cancel(),
    oomKill: ({ pod = "", container }) => this.#kill(pod, (name) => name === container, "OOMKilled"),
    killSandbox: ({ pod = "" }) => {
      const worker = this.#workerOf(pod);
      for (const sandbox of worker?.held.sandboxes ?? []) sandbox.ready = false;
      this.#kill(pod, () => true, "Error");
      if (worker !== undefined) this.#kubelet.pleg.changed(worker.uid);
    },
  };

  readonly #transitions = new Map<string, { readonly status: string; readonly since: string }>();
  #runtimeReady = true;
  #network: string | undefined;
  readonly #taints: { readonly key: string; readonly effect: string }[] = [];
  readonly #toldTaints: { readonly key: string; readonly effect: string }[] = [];
  #images: readonly ContainerImage[] = [];

  #complaints(): string[] {
    return this.#network === undefined ? [] : [this.#network];
  }

  #patchNode(
    { conditions, images }: NodeReport,
    record: (what: string, fields: Readonly<Record<string, unknown>>) => void,
  ): void {
    this.#images = images ?? this.#images;
    const taints = this.#taints.splice(0);
    this.#toldTaints.push(...taints);
    if (conditions.length + taints.length === 0 && this.#case.record?.includes("node") !== true) return;
    const now = this.#clock.time(this.#loop.nowUs);
    const lines = conditions.map(({ type, ...rest }) => {
      const known = this.#transitions.get(type);
      const lastTransitionTime = known?.status === rest.status ? known.since : now;
      this.#transitions.set(type, { status: rest.status, since: lastTransitionTime });
      return [`condition ${type}`, conditionLine({ ...rest, lastTransitionTime })];
    });
    // What somebody else changed of the node is recorded when the kubelet writes next.
    record("nodeStatus", Object.fromEntries([...lines, ...taints.map(({ key, effect }) => [`taint ${key}`, effect])]));
  }

  #workerOf(name: string): PodWorker | undefined {
    return this.#kubelet.workers.get(`uid-${name}`) ?? this.#kubelet.workers.get(`static-${name}`);
  }

  #kill(pod: string, matches: (container: string) => boolean, reason: string): void {
    for (const container of this.#workerOf(pod)?.held.containers ?? []) {
      if (matches(container.spec.name)) this.#kubelet.runtime.exited(container, 137, reason);
    }
  }

  #create(name: string): void {
    const manifest = this.#case.pods.find(({ metadata }) => metadata.name === name)!;
    const { metadata, spec } = defaultPod(manifest);
    const scheduled = { type: "PodScheduled", status: "True", lastTransitionTime: this.#clock.time(this.#loop.nowUs) };
    this.#api.create({
      ...manifest,
      metadata: { namespace: "default", generation: 1, ...metadata, uid: `uid-${name}` },
      spec: { ...spec, nodeName: "n1" },
      status: { phase: "Pending", conditions: [scheduled] },
    } as unknown as Pod);
  }

  #staticPod(name: string): Pod {
    const manifest = this.#case.pods.find(({ metadata }) => metadata.name === name)!;
    return staticPodOf({ ...manifest, spec: defaultPod(manifest).spec } as unknown as Pod, "n1");
  }

  #seen(pod: Pod, gone: boolean): void {
    const { uid } = pod.metadata;
    if (gone) this.#kubelet.remove(uid);
    else if (this.#kubelet.pod(uid) === undefined) this.#kubelet.add(pod);
    else this.#kubelet.update(pod);
  }

  #node(): Node {
    const { cores = 4, memoryCapacity = 17_179_869_184 } = this.#case.node ?? {};
    const pods = this.#case.kubelet?.["maxPods"] ?? 110;
    const allocatable = { cpu: `${cores as number}`, memory: `${(memoryCapacity as number) - 104_857_600}`, pods: `${pods as number}` };
    const labels = { "kubernetes.io/hostname": "n1", ...this.#case.nodeLabels };
    return { metadata: { name: "n1", labels }, spec: { taints: [...this.#toldTaints, ...this.#taints] }, status: { allocatable, capacity: allocatable, images: this.#images } } as unknown as Node;
  }
}

/** The recordings' fields with durations as numbers. */
function settings(kubelet: Readonly<Record<string, unknown>>): KubeletSettings {
  const us = (text: unknown): number | undefined => (text === undefined ? undefined : durationUs(text as string));
  const graces = Object.entries((kubelet["evictionSoftGracePeriod"] ?? {}) as Readonly<Record<string, string>>);
  const crashLoop = kubelet["crashLoopBackOff"] as { maxContainerRestartPeriod?: string } | undefined;
  const fields = {
    ...kubelet,
    evictionSoftGracePeriod: Object.fromEntries(graces.map(([signal, text]) => [signal, durationUs(text)])),
    crashLoopBackOff: { maxContainerRestartPeriod: us(crashLoop?.maxContainerRestartPeriod) },
    evictionPressureTransitionPeriod: us(kubelet["evictionPressureTransitionPeriod"]),
    shutdownGracePeriod: us(kubelet["shutdownGracePeriod"]),
    shutdownGracePeriodCriticalPods: us(kubelet["shutdownGracePeriodCriticalPods"]),
  };
  return fields as KubeletSettings;
}

function durationUs(text: string): number {
  return Number.parseInt(text, 10) * (text.endsWith("m") ? 60_000_000 : 1_000_000);
}
