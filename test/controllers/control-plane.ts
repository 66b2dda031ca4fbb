import { ApiServer, type NewObject, Store } from "../../src/apiserver/index.ts";
import { Process, type ProcessOptions } from "../../src/client/index.ts";
import { startControllers } from "../../src/kube-controller-manager.ts";
import {
  isPodTerminal,
  type Kind,
  type KubeObject,
  keyOf,
  type MetricsApi,
  type ObjectKey,
  objectKey,
  type Pod,
  WallClock,
} from "../../src/model/index.ts";
import { EventLoop, handler, phase } from "../../src/sim/index.ts";
import { World } from "../../src/world/index.ts";
import { smallScenario } from "../small-scenario.ts";

const run = handler<() => void>("test", (task) => task());

/** kube-controller-manager and an API server; pods get a node, run and end by themselves within milliseconds. */
export class ControlPlane {
  readonly loop = new EventLoop();
  readonly api: ApiServer;
  readonly manager: Process;

  /** `strike` as in `ProcessOptions`; a process that is struck starts again after a second. */
  constructor(strike?: ProcessOptions["strike"]) {
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
          if (struck !== undefined) this.after(1_000_000, () => this.manager.start());
          return struck;
        },
      },
    );
    startControllers(this.manager, api, smallScenario(), { onUsageChange: () => undefined } as unknown as MetricsApi);
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
        if (stored?.metadata.uid === uid) act(stored);
      });
    const affinity = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    const node = affinity?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0] ?? "n1";
    if (pod.metadata.deletionTimestamp !== undefined)
      live(() => this.api.handle({ verb: "delete", kind: "Pod", key, options: { gracePeriodSeconds: 0 } }));
    else if (!pod.spec.nodeName) live(() => this.api.handle({ verb: "bind", key, uid, node }));
    else if (pod.status.phase === "Pending") live((stored) => this.become(stored, "Running"));
    else if (pod.status.phase === "Running" && pod.metadata.labels?.["job-name"] !== undefined)
      live((stored) => this.become(stored, "Succeeded"));
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

export const podTemplate = (app: string, image = "app:1") => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: "c", image }] },
});

/** What is left when nothing moves: of each object what its owner wrote, of pods how many are how. */
export function atRest(plane: ControlPlane): Record<string, unknown> {
  const state: Record<string, unknown> = {};
  for (const kind of ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job"]) {
    for (const object of plane.list<KubeObject & { status: object }>(kind)) {
      const { conditions: _c, startTime: _s, completionTime: _t, ...counts } = object.status as Record<string, unknown>;
      state[`${kind}/${object.metadata.name}`] = counts;
    }
  }
  for (const pod of plane.list<Pod>("Pod")) {
    const owner = pod.metadata.ownerReferences?.[0]?.name ?? "";
    const how = `${owner} ${pod.status.phase}${pod.metadata.deletionTimestamp === undefined ? "" : " deleting"}`;
    state[how] = ((state[how] as number | undefined) ?? 0) + 1;
  }
  return state;
}
