import { describe, expect, it } from "vitest";
import type { NewObject } from "../../src/apiserver/index.ts";
import { findCondition, objectKey, type Pod, type PodDisruptionBudget } from "../../src/model/index.ts";
import { ControlPlane, podTemplate } from "./control-plane.ts";

const second = 1_000_000;
const labels = { app: "web" };
const metadata = (name: string) => ({ name, namespace: "default" });

const bare: NewObject = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { ...metadata("bare"), labels },
  spec: podTemplate("web").spec,
};
const daemons: NewObject = {
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: metadata("agent"),
  spec: { selector: { matchLabels: labels }, template: podTemplate("web") },
};
const deployment: NewObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: metadata("web"),
  spec: { replicas: 4, selector: { matchLabels: labels }, template: podTemplate("web") },
};

function planeWith(budget: object, ...objects: NewObject[]): ControlPlane {
  const plane = new ControlPlane();
  plane.settle(second);
  for (const object of objects) plane.create(object);
  plane.settle(second);
  const spec = { selector: { matchLabels: labels }, ...budget };
  plane.create({ apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: metadata("budget"), spec });
  plane.settle(5 * second);
  return plane;
}

function seen(plane: ControlPlane): { counts: string; reason: string | undefined; events: string[] } {
  const [{ status }] = plane.list<PodDisruptionBudget>("PodDisruptionBudget") as [PodDisruptionBudget];
  const { expectedPods, desiredHealthy, currentHealthy, disruptionsAllowed } = status;
  return {
    counts: `${expectedPods} ${desiredHealthy} ${currentHealthy} ${disruptionsAllowed}`,
    reason: findCondition(status.conditions, "DisruptionAllowed")?.reason,
    events: [
      ...new Set(
        [...plane.api.events.all()]
          .filter(({ kind }) => kind === "PodDisruptionBudget")
          .map(({ reason, message }) => `${reason} ${message.slice(0, 90)}`),
      ),
    ],
  };
}

describe("a PodDisruptionBudget", () => {
  const unmanaged =
    "UnmanagedPods Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string";
  const failed = (why: string) =>
    `CalculateExpectedPodCountFailed Failed to calculate the number of expected pods: ${why}`.slice(0, 90 + 32);
  // expected, desired, current, allowed
  it.each([
    ["counts the pods that its Deployment wants", { maxUnavailable: 1 }, [deployment], "4 3 4 1", "SufficientPods", []],
    ["rounds percentages up", { minAvailable: "30%" }, [deployment], "4 2 4 2", "SufficientPods", []],
    ["counts what it finds under a number", { minAvailable: 1 }, [bare], "1 1 1 0", "InsufficientPods", []],
    ["leaves bare pods out", { maxUnavailable: 1 }, [deployment, bare], "4 3 5 2", "SufficientPods", [unmanaged]],
    [
      "knows no number of a DaemonSet's pods",
      { maxUnavailable: 1 },
      [daemons],
      "0 0 0 0",
      "SyncFailed",
      [failed("daemonsets.apps does not implement the scale subresource")],
    ],
  ] as const)("%s", (_what, budget, objects, counts, reason, events) => {
    const plane = planeWith(budget, ...objects);
    expect(seen(plane)).toEqual({ counts, reason, events });
  });
});

describe("a pod that was to be disrupted", () => {
  it.each([
    ["EvictionByEvictionAPI", "False"],
    ["TerminationByKubelet", "True"],
  ])("for %s and is not being deleted after two minutes: %s", (reason, wanted) => {
    const plane = planeWith({ minAvailable: 1 }, bare);
    const key = objectKey("default", "bare");
    const lastTransitionTime = plane.api.store.clock.time(plane.loop.nowUs);
    const condition = { type: "DisruptionTarget", status: "True", reason, lastTransitionTime };
    plane.patch("Pod", key, "status", (stored: Pod) => ({
      ...stored,
      status: { ...stored.status, conditions: [...(stored.status.conditions ?? []), condition] },
    }));
    const status = (): string | undefined =>
      findCondition(plane.list<Pod>("Pod")[0]!.status.conditions, "DisruptionTarget")?.status;
    plane.settle(115 * second);
    expect(status()).toBe("True");
    plane.settle(10 * second);
    expect(status()).toBe(wanted);
  });
});
