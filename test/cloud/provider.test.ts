import { describe, expect, it } from "vitest";
import {
  type CloudCall,
  CloudProvider,
  type CloudReply,
  machineTypes,
  type NodePool,
  templateNode,
} from "../../src/cloud/index.ts";
import { EventLoop, randomStreams } from "../../src/sim/index.ts";
import { World } from "../../src/world/index.ts";

const pool: NodePool = {
  name: "general",
  machineType: machineTypes.get("m6i.large")!,
  region: "us-east-1",
  zones: ["us-east-1a", "us-east-1b"],
  min: 1,
  max: 5,
  initial: 2,
  labels: { tier: "web" },
  taints: [{ key: "dedicated", value: "web", effect: "NoSchedule" }],
};
/** Every step takes one second. */
const fixed = { medianUs: 1_000_000, p95Us: 1_000_000, floorUs: 1_000_000 };
const delays = { call: fixed, launch: fixed, vmInit: fixed, terminate: fixed };

function provider(): {
  readonly cloud: CloudProvider;
  readonly world: World;
  readonly ask: (call: CloudCall) => CloudReply;
  readonly wait: (seconds: number) => void;
} {
  const loop = new EventLoop();
  const world = new World(() => loop.nowUs);
  const cloud = new CloudProvider(loop, world, randomStreams("1"), [pool], delays);
  cloud.buyInitial();
  const wait = (seconds: number): void => {
    const untilUs = loop.nowUs + seconds * 1_000_000;
    while (loop.step(100, untilUs) === "more");
  };
  const ask = (call: CloudCall): CloudReply => {
    let answer: CloudReply | undefined;
    cloud.handle(call, (reply) => {
      answer = reply;
    });
    wait(2);
    return answer!;
  };
  return { cloud, world, ask, wait };
}

const listed = (reply: CloudReply): unknown => {
  const [group] = (reply.ok && reply.groups) || [];
  return { target: group!.target, states: group!.instances.map(({ state, error }) => error?.class ?? state) };
};

describe("a node pool at the provider", () => {
  it("grows by what is asked, and lists machines while they are made", () => {
    const { ask, wait } = provider();
    expect(ask({ operation: "increaseSize", group: "general", delta: 2 })).toEqual({ ok: true });
    wait(5);
    const running = { target: 4, states: ["running", "running", "running", "running"] };
    expect(listed(ask({ operation: "refresh" }))).toEqual(running);
  });

  it("refuses to grow beyond its maximum, or without capacity to sell", () => {
    const { ask, world } = provider();
    expect(ask({ operation: "increaseSize", group: "general", delta: 4 })).toMatchObject({ ok: false });
    for (const zone of pool.zones) world.soldOut.add(`general/${zone}`);
    expect(ask({ operation: "increaseSize", group: "general", delta: 1 })).toEqual({
      ok: false,
      error: "RESOURCE_EXHAUSTED",
    });
  });

  it("shrinks its wish only to what exists", () => {
    const { ask } = provider();
    expect(ask({ operation: "decreaseTargetSize", group: "general", delta: 1 })).toMatchObject({ ok: false });
    expect(listed(ask({ operation: "refresh" }))).toEqual({ target: 2, states: ["running", "running"] });
  });

  it("lists an instance that could not be made with its error, until it is deleted", () => {
    const { cloud, ask, wait, world } = provider();
    cloud.handle({ operation: "increaseSize", group: "general", delta: 1 }, () => {
      for (const zone of pool.zones) world.soldOut.add(`general/${zone}`); // Sold between the order and the launch.
    });
    wait(5);
    expect(listed(ask({ operation: "refresh" }))).toEqual({
      target: 3,
      states: ["running", "running", "OutOfResource"],
    });
    ask({ operation: "deleteNodes", group: "general", nodes: ["general-3"] });
    expect(listed(ask({ operation: "refresh" }))).toEqual({ target: 2, states: ["running", "running"] });
  });

  it("has a template that looks like its nodes: ready, with the pool's labels and taints", () => {
    const { metadata, spec, status } = templateNode(pool);
    expect(metadata.labels).toMatchObject({
      tier: "web",
      "node.kubernetes.io/instance-type": "m6i.large",
      "topology.kubernetes.io/zone": "us-east-1a",
    });
    expect(spec.taints).toEqual(pool.taints);
    expect(status.allocatable).toEqual(pool.machineType.allocatable);
  });
});
