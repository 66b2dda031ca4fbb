import { describe, expect, it } from "vitest";
import { isPodActive, isPodReady, type Pod, podLimits, podRequests, withCondition } from "../../src/model/index.ts";

const pod = (status: object, metadata: object = {}): Pod => ({ metadata, status }) as unknown as Pod;

describe("the state of a pod", () => {
  it.each([
    { phase: "Running", deleted: false, active: true },
    { phase: "Pending", deleted: true, active: false },
    { phase: "Succeeded", deleted: false, active: false },
    { phase: "Failed", deleted: false, active: false },
  ])("$phase, deleted $deleted: active is $active", ({ phase, deleted, active }) => {
    expect(isPodActive(pod({ phase }, deleted ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}))).toBe(active);
  });

  it("is ready when the condition Ready is True", () => {
    expect(isPodReady(pod({ conditions: [{ type: "Ready", status: "True" }] }))).toBe(true);
    expect(isPodReady(pod({ conditions: [{ type: "Ready", status: "Unknown" }] }))).toBe(false);
    expect(isPodReady(pod({}))).toBe(false);
  });
});

describe("withCondition", () => {
  const old = { type: "Ready", status: "False", reason: "A", lastTransitionTime: "2026-01-01T00:00:00Z" };
  const later = "2026-01-01T00:01:00Z";

  it("keeps the time of the transition while the status stays", () => {
    const [changed] = withCondition([old], { ...old, reason: "B", lastTransitionTime: later });
    expect(changed).toEqual({ ...old, reason: "B" });
  });

  it("takes the new time when the status changes", () => {
    const [changed] = withCondition([old], { ...old, status: "True", lastTransitionTime: later });
    expect(changed!.lastTransitionTime).toBe(later);
  });

  it("returns the very list when nothing changes", () => {
    const list = [old];
    expect(withCondition(list, { ...old, lastTransitionTime: later })).toBe(list);
  });
});

describe("the resources of a pod", () => {
  const container = (cpu: string, restartPolicy?: string): object => ({
    name: "c",
    restartPolicy,
    resources: { requests: { cpu }, limits: { cpu } },
  });
  const spec = (containers: object[], initContainers: object[]): Pick<Pod, "spec"> =>
    ({ spec: { containers, initContainers } }) as unknown as Pick<Pod, "spec">;

  it.each([
    { containers: ["1"], init: [container("3")], millicores: 3000, because: "a large init container sets the floor" },
    { containers: ["1"], init: [container("3", "Always")], millicores: 4000, because: "a sidecar stays" },
    {
      containers: ["1"],
      init: [container("1", "Always"), container("5")],
      millicores: 6000,
      because: "init containers run beside the sidecars before them",
    },
  ])("are $millicores millicores: $because", ({ containers, init, millicores }) => {
    const subject = spec(
      containers.map((cpu) => container(cpu)),
      init,
    );
    expect(podRequests(subject).cpuMillicores).toBe(millicores);
    expect(podLimits(subject).all.get("cpu")).toBe(millicores);
  });

  it("are summed once for pods that share frozen containers", () => {
    const shared = spec([Object.freeze(container("1"))], []).spec;
    Object.freeze(shared.containers);
    expect(podRequests({ spec: { ...shared } })).toBe(podRequests({ spec: { ...shared } }));
  });
});
