import { ApiServer, type NewObject, Store } from "../../src/apiserver/index.ts";
import { ControllerRunner, type Effect, Process } from "../../src/client/index.ts";
import { externalAttacher, externalProvisioner } from "../../src/controllers/index.ts";
import { startControllers } from "../../src/kube-controller-manager.ts";
import {
  type CompiledLabelSelector,
  claimsOf,
  isPodReady,
  isPodTerminal,
  type Kind,
  type KubeObject,
  keyOf,
  type MetricsAnswer,
  type MetricsApi,
  type MetricValue,
  type Node,
  type ObjectKey,
  objectKey,
  type Pod,
  type PodUsage,
  WallClock,
} from "../../src/model/index.ts";
import { EventLoop, handler, phase } from "../../src/sim/index.ts";
import { World } from "../../src/world/index.ts";
import { smallScenario } from "../small-scenario.ts";

const run = handler<() => void>("test", (task) => task());

/** What happens to a request: the process dies before it is carried out, or after, or the server is not there for it. */
export type Strike = "before" | "after" | "refused";

/** Metrics of pods that share so much work, millicores; the autoscaler reads them without a delay. */
const sharedWorkMilli = 1_000;

/** kube-controller-manager and an API server; pods get a node, run and end by themselves within milliseconds. */
export class ControlPlane {
  readonly loop = new EventLoop();
  readonly api: ApiServer;
  readonly manager: Process;

  /** A process that is struck starts again after a second; a server that is away is back after 20 ms. */
  constructor(strike?: (effect: Effect) => Strike | undefined) {
    const clock = new WallClock(1_772_442_000_000_000);
    this.api = new ApiServer(new Store(this.loop, clock), "test");
    const { loop, api } = this;
    const world = new World(() => loop.nowUs);
    this.manager = new Process(
      { loop, api, world, clock },
      {
        name: "kube-controller-manager",
        limits: () => ({ perSecond: 20, burst: 30 }),
        strike: (effect) => {
          const struck = strike?.(effect);
          if (struck === "refused") {
            this.outage(20_000);
            return undefined;
          }
          if (struck !== undefined) this.after(1_000_000, () => this.manager.start());
          return struck;
        },
      },
    );
    startControllers(this.manager, api, smallScenario(), this.#metrics(), ["Database"]);
    for (const controller of [externalProvisioner, externalAttacher]) new ControllerRunner(this.manager, controller);
    api.store.onCommit(({ after }) => {
      if (after?.kind === "Pod") this.#look(after as Pod);
    });
    this.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } });
    for (const name of ["n1", "n2", "n3"]) this.#join(name);
    this.manager.start();
  }

  #join(name: string): void {
    this.create({ apiVersion: "v1", kind: "Node", metadata: { name }, spec: {}, status: {} });
    const change = (node: KubeObject): KubeObject =>
      ({ ...node, spec: {}, status: { conditions: [{ type: "Ready", status: "True" }] } }) as unknown as KubeObject;
    const key = objectKey(undefined, name);
    this.api.handle({ verb: "patch", kind: "Node", key, part: "status", change });
    this.api.handle({ verb: "patch", kind: "Node", key, part: "main", change });
    this.api.leases.begin(name, { phaseUs: 0, periodUs: 10_000_000 }, 0);
  }

  /** The API server refuses everybody for a while. */
  outage(forUs: number): void {
    this.api.up = false;
    this.after(forUs, () => {
      this.api.up = true;
    });
  }

  after(delayUs: number, task: () => void): void {
    this.loop.schedule(this.loop.nowUs + delayUs, phase.api, run, task);
  }

  settle(forUs: number): void {
    const untilUs = this.loop.nowUs + forUs;
    while (this.loop.step(100_000, untilUs) === "more");
  }

  create(object: NewObject): void {
    this.api.handle({ verb: "create", object });
  }

  list<T extends KubeObject>(kind: Kind): T[] {
    return [...this.api.store.list(kind)] as unknown as T[];
  }

  patch(kind: Kind, key: ObjectKey, part: "main" | "status", change: (stored: never) => unknown): void {
    this.api.handle({ verb: "patch", kind, key, part, change: change as never });
  }

  #look(pod: Pod): void {
    const key = keyOf(pod);
    const { uid } = pod.metadata;
    const live = (act: (stored: Pod) => void): void =>
      this.after(5_000, () => {
        const stored = this.api.store.get("Pod", key);
        if (stored?.metadata.uid !== uid) return;
        if (this.api.up) act(stored);
        else live(act); // Kubelets and the scheduler try again.
      });
    const affinity = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    const node = affinity?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0] ?? this.#freeNode();
    if (
      pod.metadata.deletionTimestamp !== undefined &&
      this.api.store.get("Node", objectKey(undefined, pod.spec.nodeName ?? ""))
    )
      live(() => this.api.handle({ verb: "delete", kind: "Pod", key, options: { gracePeriodSeconds: 0 } }));
    else if (!pod.spec.nodeName)
      live(() => {
        for (const claim of claimsOf(pod)) this.patch("PersistentVolumeClaim", claim, "main", withNode(node));
        this.api.handle({ verb: "bind", key, uid, node });
      });
    else if (pod.status.phase === "Pending") live((stored) => this.become(stored, "Running"));
    else if (pod.status.phase === "Running" && pod.metadata.labels?.["job-name"] !== undefined)
      live((stored) => this.become(stored, "Succeeded"));
  }

  #freeNode(): string {
    const free = this.list<Node>("Node").find(({ spec }) => (spec.taints ?? []).length === 0);
    return free?.metadata.name ?? "n1";
  }

  /** Ready pods share the work; nothing else is measured. */
  #metrics(): MetricsApi {
    const resourceMetrics = (namespace: string, selector: CompiledLabelSelector): MetricsAnswer<PodUsage> => {
      const pods = this.list<Pod>("Pod").filter(
        (pod) => pod.metadata.namespace === namespace && selector.matches(pod.metadata.labels) && isPodReady(pod),
      );
      const cpuNanocores = Math.floor((sharedWorkMilli * 1_000_000) / Math.max(1, pods.length));
      const timestampUs = Math.floor(this.loop.nowUs / 1_000_000) * 1_000_000;
      const items = pods.map(({ metadata }) => ({
        pod: metadata.name,
        timestampUs,
        windowUs: 15_000_000,
        containers: [{ name: "c", cpuNanocores, memoryBytes: undefined }],
      }));
      return { ok: true, items };
    };
    const nothing = (): MetricsAnswer<MetricValue> => ({ ok: true, items: [] });
    return {
      resourceMetrics,
      usageRestsSinceUs: () => undefined,
      podMetrics: nothing,
      objectMetric: nothing,
      externalMetrics: nothing,
      onUsageChange: () => undefined,
      follow: () => undefined,
    };
  }

  become(pod: Pod, podPhase: "Running" | "Succeeded" | "Failed"): void {
    if (isPodTerminal(pod)) return;
    const status = podPhase === "Running" ? "True" : "False";
    const lastTransitionTime = this.api.store.clock.time(this.loop.nowUs);
    const conditions = [{ type: "Ready", status, lastTransitionTime }];
    this.patch("Pod", keyOf(pod), "status", (stored: Pod) => ({
      ...stored,
      status: { ...stored.status, phase: podPhase, podIP: "10.0.0.1", conditions },
    }));
  }
}

/** What the scheduler says to those who make volumes. */
const withNode = (node: string) => (claim: KubeObject) => ({
  ...claim,
  metadata: {
    ...claim.metadata,
    annotations: { ...claim.metadata.annotations, "volume.kubernetes.io/selected-node": node },
  },
});

export const podTemplate = (app: string, image = "app:1") => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: "c", image }] },
});
