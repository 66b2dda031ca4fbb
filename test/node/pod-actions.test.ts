import { describe, expect, it } from "vitest";
import type { Container, Pod } from "../../src/model/index.ts";
import { podActions } from "../../src/node/pod-actions.ts";
import { type ContainerSeen, type PodSeen, RuntimeSandbox } from "../../src/node/runtime-pod.ts";

const container = (name: string, fields: Partial<Container> = {}): Container => ({ name, ...fields }) as Container;
const sidecar = (name: string, fields: Partial<Container> = {}): Container =>
  container(name, { restartPolicy: "Always", ...fields });
const pod = (initContainers: Container[], containers: Container[], restartPolicy = "Always"): Pod =>
  ({ metadata: { name: "p", uid: "u" }, spec: { initContainers, containers, restartPolicy } }) as unknown as Pod;

const silent = { startup: () => undefined, liveness: () => undefined } as const;
const names = (containers: readonly Container[]): string[] => containers.map(({ name }) => name);

/** A pod cache with a ready sandbox; `running`, or the exit code. */
function seen(of: Pod, states: Readonly<Record<string, "running" | number>>): PodSeen {
  const sandbox = new RuntimeSandbox(of, 0);
  const containers = Object.entries(states).map(([name, state]) => {
    const exitCode = state === "running" ? 0 : state;
    const ended = { startedUs: 1, finishedUs: 2, reason: "", message: undefined };
    return {
      ...ended,
      ...{ id: name, name, attempt: 0, exitCode, sandbox, state: state === "running" ? state : "exited" },
    };
  });
  return { sandboxes: [{ sandbox, ready: true }], containers: containers as ContainerSeen[] };
}

describe("what one sync of a pod does", () => {
  const whole = pod([container("i"), sidecar("s")], [container("a"), container("b")]);

  it.each<{ because: string; states: Record<string, "running" | number>; init: string[]; main: string[] }>([
    { because: "init containers go one by one", states: {}, init: ["i"], main: [] },
    { because: "nothing passes a running init container", states: { i: "running" }, init: [], main: [] },
    { because: "a sidecar follows what has ended well", states: { i: 0 }, init: ["s"], main: [] },
    { because: "a failed one runs again", states: { i: 1 }, init: ["i"], main: [] },
    { because: "a sidecar only has to run", states: { i: 0, s: "running" }, init: [], main: ["a", "b"] },
    {
      because: "a sidecar that died comes back beside the others",
      states: { i: 0, s: 1, a: "running", b: "running" },
      init: ["s"],
      main: [],
    },
  ])("$because", ({ states, init, main }) => {
    const actions = podActions(whole, seen(whole, states), silent);
    expect([names(actions.startInit), names(actions.start)]).toEqual([init, main]);
  });

  it("waits with what follows a sidecar until its startup probe has passed", () => {
    const probed = pod([sidecar("s", { startupProbe: {} })], [container("a")]);
    const now = seen(probed, { s: "running" });
    expect(names(podActions(probed, now, silent).start)).toEqual([]);
    expect(names(podActions(probed, now, { ...silent, startup: () => "success" }).start)).toEqual(["a"]);
  });

  it("stops the whole pod once nothing but sidecars is left to run", () => {
    const job = pod([sidecar("s")], [container("a")], "OnFailure");
    expect(podActions(job, seen(job, { s: "running", a: 0 }), silent).killPod).toBe(true);
  });

  it("kills and starts in one sync what failed its liveness probe", () => {
    const plain = pod([], [container("a")]);
    const actions = podActions(plain, seen(plain, { a: "running" }), { ...silent, liveness: () => "failure" });
    expect(actions.kill.map(({ message }) => message)).toEqual([
      "Container a failed liveness probe, will be restarted",
    ]);
    expect(names(actions.start)).toEqual(["a"]);
  });

  it.each([
    { of: "an ordinary container", whole: pod([], [container("a", { image: "new" })], "Never"), name: "Container a" },
    { of: "a sidecar", whole: pod([sidecar("a", { image: "new" })], [container("b")]), name: "Init container a" },
  ])("restarts $of whose image is another than that which runs, whatever the policy", ({ whole: changed, name }) => {
    const now = seen(changed, { a: "running" });
    const actions = podActions(changed, now, silent);
    expect(actions.kill.map(({ message }) => message.replace(", will be restarted", ""))).toEqual([
      `${name} definition changed`,
    ]);
    expect(names([...actions.startInit, ...actions.start])).toContain("a");
  });

  it("takes an init container that the kernel killed for failed, whatever its exit code", () => {
    const now = seen(whole, { i: 0 });
    const killed = { ...now, containers: now.containers.map((one) => ({ ...one, reason: "OOMKilled" })) };
    expect(names(podActions(whole, killed, silent).startInit)).toEqual(["i"]);
  });

  it("starts in a new sandbox what has not succeeded under its own policy or the pod's", () => {
    const mixed = pod([], [container("a", { restartPolicy: "OnFailure" }), container("b"), container("c")], "Always");
    const now = seen(mixed, { a: 0, b: 0, c: 1 });
    const broken = { ...now, sandboxes: now.sandboxes.map((one) => ({ ...one, ready: false })) };
    expect(names(podActions(mixed, broken, silent).start)).toEqual(["b", "c"]);
  });

  it("makes a new sandbox where the old one is not ready, and begins with the first init container", () => {
    const now = seen(whole, { i: 0, a: 137 });
    const broken = { ...now, sandboxes: now.sandboxes.map((one) => ({ ...one, ready: false })) };
    const { killPod, createSandbox, attempt, startInit } = podActions(whole, broken, silent);
    expect({ killPod, createSandbox, attempt, init: names(startInit) }).toEqual({
      ...{ killPod: true, createSandbox: true, attempt: 1, init: ["i"] },
    });
  });
});
