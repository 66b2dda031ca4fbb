import { describe, expect, it } from "vitest";
import type { NewObject } from "../../src/apiserver/index.ts";
import { callApi, type Task, waitUntil } from "../../src/client/index.ts";
import { keyOf, type PersistentVolume, type PersistentVolumeClaim, type Pod } from "../../src/model/index.ts";
import type { Scenario } from "../../src/scenario/index.ts";
import {
  definePlugin,
  type PluginDefinition,
  type PluginHandle,
  type Status,
  schedulerClient,
  unschedulable,
} from "../../src/scheduler/index.ts";
import { Simulation } from "../../src/simulate.ts";
import { smallScenario } from "../small-scenario.ts";

const second = 1_000_000;

/** A whole cluster without anybody's workloads, with these objects and plugins. */
function clusterWith(
  objects: readonly NewObject[],
  plugins: readonly PluginDefinition[] = [],
  pluginConfig: readonly object[] = [],
): Simulation {
  const enabled = plugins.map(({ name }) => ({ name }));
  const config = {
    apiVersion: "kubescheduler.config.k8s.io/v1",
    kind: "KubeSchedulerConfiguration",
    profiles: [{ plugins: { multiPoint: { enabled } }, pluginConfig }],
  };
  const small = smallScenario();
  const scenario: Scenario = { ...small, objects, scheduler: { ...small.scheduler, config }, flows: [], faults: [] };
  return new Simulation(scenario, "1", { extensions: [{ plugins }] });
}

function pod(name: string, more: object = {}): NewObject {
  const containers = [{ name: "c", image: "app:1" }];
  return { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "default" }, spec: { containers, ...more } };
}

function podNamed({ api }: Simulation, name: string): Pod {
  return [...api.store.list("Pod")].find(({ metadata }) => metadata.name === name)!;
}

const eventsAbout = ({ api }: Simulation, name: string): string[] =>
  [...api.events.all(0)]
    .filter(({ key, reason }) => key.endsWith(`/${name}`) && /Schedul/.test(reason))
    .map(({ reason, message }) => `${reason}: ${message}`);

describe("a pod whose claim waits for its first consumer", () => {
  const storageClass = (provisioner: string): NewObject => {
    const metadata = { name: "late" };
    const volumeBindingMode = "WaitForFirstConsumer";
    const object = { apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata, provisioner, volumeBindingMode };
    return object;
  };
  const claim: NewObject = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "data", namespace: "default" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      storageClassName: "late",
      resources: { requests: { storage: "5Gi" } },
    },
  };
  const user = pod("user", { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }] });

  it("is bound only after a volume has been made for it on the node chosen", () => {
    const simulation = clusterWith([storageClass("disks.example.com"), claim, user]);
    const claims = (): PersistentVolumeClaim[] => [...simulation.api.store.list("PersistentVolumeClaim")] as never;
    simulation.runUntil(2.5 * second);
    const selected = claims()[0]!.metadata.annotations?.["volume.kubernetes.io/selected-node"];
    expect(selected).toBeDefined();
    expect(podNamed(simulation, "user").spec.nodeName).toBeUndefined();
    expect(podNamed(simulation, "user").status.nominatedNodeName).toBe(selected);
    simulation.runUntil(20 * second);
    expect(podNamed(simulation, "user").status.nominatedNodeName).toBeUndefined();
    expect(claims()[0]!.status.phase).toBe("Bound");
    expect(podNamed(simulation, "user").spec.nodeName).toBe(selected);
    expect(eventsAbout(simulation, "user")).toContain(`Scheduled: Successfully assigned default/user to ${selected}`);
  });

  it("takes a volume that is there, which the scheduler promises to the claim", () => {
    const volume: NewObject = {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: "disk" },
      spec: {
        capacity: { storage: "6Gi" },
        accessModes: ["ReadWriteOnce"],
        storageClassName: "late",
        hostPath: { path: "/x" },
      },
    };
    const simulation = clusterWith([storageClass("kubernetes.io/no-provisioner"), volume, claim, user]);
    simulation.runUntil(20 * second);
    const [disk] = [...simulation.api.store.list("PersistentVolume")] as unknown as PersistentVolume[];
    expect(disk!.spec.claimRef).toMatchObject({ name: "data", namespace: "default" });
    expect(podNamed(simulation, "user").spec.nodeName).toBeDefined();
  });

  it("gives its node back when nobody makes the volume in time, and says so", () => {
    const config = { name: "VolumeBinding", args: { bindTimeoutSeconds: 2 } }; // A volume takes three.
    const simulation = clusterWith([storageClass("disks.example.com"), claim, user], [], [config]);
    simulation.runUntil(4 * second);
    expect(podNamed(simulation, "user").spec.nodeName).toBeUndefined();
    expect(podNamed(simulation, "user").status.nominatedNodeName).toBeUndefined();
    expect(eventsAbout(simulation, "user")).toContain(
      'FailedScheduling: running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded',
    );
  });
});

describe("a plugin of one's own at the later points", () => {
  /** Notes when it is called; `fails` says at which point it refuses. */
  function noting(calls: string[], fails?: "reserve" | "preBind"): PluginDefinition {
    const status = unschedulable("not today");
    return definePlugin({
      name: "Noting",
      create: () => ({
        name: "Noting",
        reserve: () => {
          calls.push("reserve");
          return fails === "reserve" ? status : undefined;
        },
        unreserve: () => calls.push("unreserve"),
        preBind: (_state, { pod }) => preBind(pod),
        postBind: () => calls.push("postBind"),
      }),
    });

    function* preBind(pod: Pod): Task<Status | undefined> {
      calls.push("preBind");
      if (fails === "preBind") return status;
      const change = (stored: Pod): Pod => ({
        ...stored,
        metadata: { ...stored.metadata, annotations: { noted: "yes" } },
      });
      yield* callApi(schedulerClient, { verb: "patch", kind: "Pod", key: keyOf(pod), part: "main", change });
      return undefined;
    }
  }

  it("is asked in upstream's order, and its requests are carried out before the pod is bound", () => {
    const calls: string[] = [];
    const simulation = clusterWith([pod("p")], [noting(calls)]);
    simulation.runUntil(2 * second);
    expect(calls).toEqual(["reserve", "preBind", "postBind"]);
    expect(podNamed(simulation, "p")).toMatchObject({ metadata: { annotations: { noted: "yes" } } });
    expect(podNamed(simulation, "p").spec.nodeName).toBeDefined();
  });

  it.each([
    { fails: "reserve", calls: ["reserve", "unreserve"] },
    { fails: "preBind", calls: ["reserve", "preBind", "unreserve"] },
  ] as const)(
    "gives everything back when it refuses at $fails, and the pod is told why",
    ({ fails, calls: wanted }) => {
      const calls: string[] = [];
      const simulation = clusterWith([pod("p")], [noting(calls, fails)]);
      simulation.runUntil(0.9 * second);
      expect(calls.slice(0, wanted.length)).toEqual(wanted);
      const { status, spec } = podNamed(simulation, "p");
      expect(spec.nodeName).toBeUndefined();
      expect(status.conditions).toContainEqual(
        expect.objectContaining({ reason: "Unschedulable", message: "0/1 nodes are available: 1 not today." }),
      );
    },
  );

  it.each([
    { what: "allowed", at: 5, bound: true },
    { what: "rejected", at: 5, bound: false },
    { what: "forgotten", at: 30, bound: false },
  ])("that parks a pod in Permit decides about it later: $what", ({ what, at, bound }) => {
    let handle: PluginHandle | undefined;
    const parking = definePlugin({
      name: "Parking",
      create: (_args, own) => {
        handle = own;
        return { name: "Parking", permit: () => ({ timeoutUs: 10 * second }) };
      },
    });
    const simulation = clusterWith([pod("p")], [parking]);
    simulation.runUntil(4 * second);
    const waiting = handle!.waitingPods.get("default/p")!;
    expect(waiting.pendingPlugins).toEqual(["Parking"]);
    expect(podNamed(simulation, "p").spec.nodeName).toBeUndefined();
    expect(podNamed(simulation, "p").status.nominatedNodeName).toBeDefined();
    if (what === "allowed") waiting.allow("Parking");
    if (what === "rejected") waiting.reject("Parking", "go away");
    simulation.runUntil(at * second);
    expect(podNamed(simulation, "p").spec.nodeName !== undefined).toBe(bound);
    const why = what === "rejected" ? "go away" : "rejected due to timeout after waiting 10s at plugin Parking";
    if (!bound) {
      expect(eventsAbout(simulation, "p")).toContain(`FailedScheduling: 0/1 nodes are available: 1 ${why}.`);
    }
  });
});

describe("a pod that changes while it is being bound", () => {
  it("is not tried again beside it, and is bound as decided", () => {
    let cycles = 0;
    const slow = definePlugin({
      name: "Slow",
      create: (_args, { nowUs }) => ({ name: "Slow", preBind: () => wait(nowUs() + 10 * second) }),
    });
    function* wait(untilUs: number): Task<undefined> {
      yield* waitUntil(untilUs);
    }
    const simulation = clusterWith([pod("p")], [slow]);
    simulation.scheduler.onDecision((_pod, { result }) => {
      if (result === "scheduled") cycles += 1;
    });
    simulation.runUntil(5 * second);
    expect(cycles).toBe(1);
    const key = keyOf(podNamed(simulation, "p"));
    const change = (stored: Pod): Pod => ({ ...stored, metadata: { ...stored.metadata, labels: { new: "label" } } });
    simulation.api.handle({ verb: "patch", kind: "Pod", key, part: "main", change });
    simulation.runUntil(20 * second);
    expect(cycles).toBe(1);
    expect(podNamed(simulation, "p").spec.nodeName).toBeDefined();
  });
});
