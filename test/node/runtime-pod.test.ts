import { describe, expect, it } from "vitest";
import type { Container, Pod } from "../../src/model/index.ts";
import { RuntimeContainer, RuntimePod, RuntimeSandbox } from "../../src/node/runtime-pod.ts";

const pod = { metadata: { name: "p", uid: "u" }, spec: {}, status: {} } as unknown as Pod;
const spec = { name: "c" } as Container;

describe("what a runtime holds of a pod", () => {
  it("counts runs of a container over those that are removed and those that were never made", () => {
    const held = new RuntimePod();
    const sandbox = new RuntimeSandbox(pod, 0);
    const next = (): RuntimeContainer => new RuntimeContainer(spec, sandbox, { attempt: 0, run: held.nextRun("c") });
    const first = next();
    held.add(first);
    expect(held.nextRun("c")).toBe(1);
    held.remove(first);
    held.lost(next());
    expect([held.nextRun("c"), held.nextRun("other")]).toEqual([2, 0]);
  });

  it("shows what it was at each look, whatever comes later", () => {
    const held = new RuntimePod();
    const sandbox = new RuntimeSandbox(pod, 0);
    const container = new RuntimeContainer(spec, sandbox, { attempt: 0, run: 0 });
    held.addSandbox(sandbox);
    held.add(container);
    container.change({ state: "running", startedUs: 5 });
    const before = held.look();
    container.change({ state: "exited", exitCode: 1 });
    sandbox.ready = true;
    expect(before.containers[0]!.state).toBe("running");
    expect(before.sandboxes[0]!.ready).toBe(false);
    expect(container.exit.fired).toBe(true);
  });
});
