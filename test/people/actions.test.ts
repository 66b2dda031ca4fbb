import { describe, expect, it } from "vitest";
import { type Deployment, isPodActive, isPodReady, type Node, objectKey, type Pod } from "../../src/model/index.ts";
import type { ScenarioError } from "../../src/scenario/index.ts";
import { Simulation } from "../../src/simulate.ts";
import { smallScenario } from "../small-scenario.ts";

const deployment = (fields: string) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: web, annotations: { team: "sea" } }
spec:
  replicas: 4
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 5
      containers:
        - name: web
          image: example.com/web:1
          env: [{ name: OLD, value: "1" }, { name: SAME, value: "1" }]
          resources: { requests: { cpu: "0.5", memory: 256Mi } }
${fields}`;

const budget = `---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: web }
spec: { minAvailable: 4, selector: { matchLabels: { app: web } } }
`;

/** A run of these actions up to an instant, in seconds after the start. */
function runWith(actions: readonly object[], seconds = 300, manifests = deployment(""), files = {}): Simulation {
  const simulation = new Simulation(smallScenario({ actions }, manifests, files), "1");
  simulation.runUntil(simulation.scenario.warmUpUs + seconds * 1_000_000);
  return simulation;
}

function web({ api }: Simulation): Deployment {
  return api.store.get("Deployment", objectKey("default", "web"))!;
}

function container(simulation: Simulation) {
  return web(simulation).spec.template.spec!.containers[0]!;
}

function pods({ api }: Simulation): Pod[] {
  return [...api.store.list("Pod")].filter(isPodActive);
}

function nodes({ api }: Simulation): Node[] {
  return [...api.store.list("Node")];
}

const refusals = (simulation: Simulation): string[] =>
  simulation
    .result()
    .decisions.filter(({ text }) => text.includes("was refused"))
    .map(({ text }) => text);

describe("apply", () => {
  it("is three-way: drops what the last file had, keeps what others wrote, completes what is new", () => {
    const next = deployment("        - { name: sidecar, image: example.com/sidecar:1 }\n")
      .replace('{ name: OLD, value: "1" }, ', "")
      .replace(', annotations: { team: "sea" }', "")
      .replace("  replicas: 4\n", "");
    const actions = [
      { at: "10s", scale: "deployment/web", replicas: 5 },
      { at: "20s", label: "deployment/web", set: { tier: "front" } },
      { at: "30s", apply: "next.yaml" },
    ];
    const simulation = runWith(actions, 120, deployment(""), { "next.yaml": next });
    const { metadata, spec } = web(simulation);
    expect(metadata.labels).toEqual({ tier: "front" });
    expect(metadata.annotations).not.toHaveProperty("team");
    expect(container(simulation).env).toEqual([{ name: "SAME", value: "1" }]);
    // The last file named replicas and this one does not: deleted, hence the default.
    expect(spec.replicas).toBe(1);
    const [, sidecar] = spec.template.spec!.containers;
    expect(sidecar).toMatchObject({ name: "sidecar", imagePullPolicy: "IfNotPresent" });
  });

  it("writes nothing when nothing is new, however quantities are spelt", () => {
    const simulation = runWith([{ at: "30s", apply: "web.yaml" }]);
    expect(web(simulation).metadata.generation).toBe(1);
  });
});

describe("patch", () => {
  const image = { containers: [{ name: "web", image: "example.com/web:2" }] };
  it.each([
    { type: "strategic", with: { spec: { template: { spec: image } } }, env: 2 },
    { type: "merge", with: { spec: { template: { spec: image } } }, env: undefined },
    {
      type: "json",
      with: [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: "example.com/web:2" }],
      env: 2,
    },
  ])("of type $type merges lists by its own rules", ({ env, ...patch }) => {
    const simulation = runWith([{ at: "30s", patch: "deployment/web", ...patch }]);
    expect(container(simulation).image).toBe("example.com/web:2");
    expect(container(simulation).env?.length).toBe(env);
  });

  it("that does not fit is refused, and said so", () => {
    const simulation = runWith([
      { at: "30s", patch: "deployment/web", type: "json", with: [{ op: "remove", path: "/spec/nothing" }] },
    ]);
    expect(refusals(simulation)).toHaveLength(1);
    expect(web(simulation).metadata.generation).toBe(1);
  });
});

describe("rollout", () => {
  const roll = { at: "30s", setImage: "deployment/web", image: "example.com/web:2" };

  it("undo goes back to the last revision, and to a named one", () => {
    const actions = [
      roll,
      { at: "100s", setImage: "deployment/web", image: "example.com/web:3" },
      { at: "170s", rolloutUndo: "deployment/web" },
    ];
    expect(container(runWith(actions)).image).toBe("example.com/web:2");
    const named = [...actions, { at: "240s", rolloutUndo: "deployment/web", toRevision: 1 }];
    expect(container(runWith(named)).image).toBe("example.com/web:1");
    const unknown = runWith([...actions, { at: "240s", rolloutUndo: "deployment/web", toRevision: 9 }]);
    expect(refusals(unknown)[0]).toContain("unable to find specified revision 9 in history");
  });

  it("undo goes back to a ControllerRevision of a DaemonSet", () => {
    const agent = deployment("").replace("kind: Deployment", "kind: DaemonSet").replace("  replicas: 4\n", "");
    const actions = [
      { at: "30s", setImage: "daemonset/web", image: "example.com/web:2" },
      { at: "150s", rolloutUndo: "daemonset/web" },
    ];
    const simulation = runWith(actions, 300, agent);
    const images = pods(simulation).map(({ spec }) => spec.containers[0]!.image);
    expect(images).toEqual(["example.com/web:1", "example.com/web:1", "example.com/web:1"]);
  });

  it("pause holds a rollout, undo and restart are refused meanwhile, resume lets it go on", () => {
    const actions = [
      { at: "20s", rolloutPause: "deployment/web" },
      roll,
      { at: "40s", rolloutRestart: "deployment/web" },
      { at: "50s", rolloutUndo: "deployment/web" },
      { at: "200s", rolloutResume: "deployment/web" },
    ];
    const images = (simulation: Simulation) => new Set(pods(simulation).map(({ spec }) => spec.containers[0]!.image));
    const paused = runWith(actions, 190);
    expect(images(paused)).toEqual(new Set(["example.com/web:1"]));
    expect(refusals(paused)).toHaveLength(2);
    expect(images(runWith(actions, 300))).toEqual(new Set(["example.com/web:2"]));
  });
});

describe("delete", () => {
  it.each([
    { cascade: "background", left: 0 },
    { cascade: "foreground", left: 0 },
    { cascade: "orphan", left: 4 },
  ])("with $cascade leaves $left pods", ({ cascade, left }) => {
    const simulation = runWith([{ at: "30s", delete: "deployment/web", cascade }]);
    expect(web(simulation)).toBeUndefined();
    expect(pods(simulation)).toHaveLength(left);
  });
});

describe("nodes", () => {
  it("are drained of all pods, and cordoned", () => {
    const simulation = runWith([{ at: "30s", drain: "general-1" }]);
    expect(pods(simulation).map(({ spec }) => spec.nodeName)).not.toContain("general-1");
    expect(nodes(simulation)[0]!.spec.unschedulable).toBe(true);
    expect(pods(simulation).filter(isPodReady)).toHaveLength(4);
  });

  it("are not drained against a budget: the drain gives up after its time-out", () => {
    const drain = { at: "30s", drain: "general-1", timeout: "60s" };
    const simulation = runWith([drain], 300, deployment("") + budget);
    expect(pods(simulation).map(({ spec }) => spec.nodeName)).toContain("general-1");
    expect(refusals(simulation)[0]).toContain("global timeout reached");
    const deleted = runWith([{ ...drain, disableEviction: true }], 300, deployment("") + budget);
    expect(pods(deleted).map(({ spec }) => spec.nodeName)).not.toContain("general-1");
  });

  it("with pods that kubectl would not touch are left alone without the flag for it", () => {
    const bare = `---
apiVersion: v1
kind: Pod
metadata: { name: bare }
spec: { containers: [{ name: c, image: "example.com/c:1" }] }
`;
    const drains = [1, 2, 3].map((number) => ({ at: "30s", drain: `general-${number}` }));
    const simulation = runWith(drains, 300, deployment("") + bare);
    expect(refusals(simulation)).toHaveLength(1);
    expect(refusals(simulation)[0]).toContain(
      "Pods that declare no controller (use --force to override): default/bare",
    );
    const forced = runWith(
      drains.map((drain) => ({ ...drain, force: true })),
      300,
      deployment("") + bare,
    );
    expect(refusals(forced)).toEqual([]);
  });

  it("get labels and taints, and lose them", () => {
    const actions = [
      { at: "10s", label: "node/general-1", set: { disk: "ssd" } },
      { at: "10s", taint: "general-1", with: "maintenance=now:NoExecute" },
    ];
    const tainted = runWith(actions);
    expect(nodes(tainted)[0]!.metadata.labels).toHaveProperty("disk", "ssd");
    expect(pods(tainted).map(({ spec }) => spec.nodeName)).not.toContain("general-1");
    const freed = runWith([
      ...actions,
      { at: "60s", label: "node/general-1", set: { disk: null } },
      { at: "60s", taint: "general-1", with: "maintenance:NoExecute-" },
    ]);
    expect(nodes(freed)[0]!.metadata.labels).not.toHaveProperty("disk");
    expect(nodes(freed)[0]!.spec.taints ?? []).toEqual([]);
  });
});

it("evict takes the oldest pods of a workload and asks the budget", () => {
  const names = (simulation: Simulation) => pods(simulation).map(({ metadata }) => metadata.name);
  const before = names(runWith([], 20));
  const evict = { at: "30s", evict: "deployment/web", count: 2 };
  expect(names(runWith([evict])).filter((name) => before.includes(name))).toHaveLength(2);
  expect(names(runWith([evict], 300, deployment("") + budget))).toEqual(before);
});

describe("an upgrade", () => {
  it("with surge replaces every machine of the pool and keeps the service up", () => {
    const nodePools = [{ name: "general", instanceType: "m6i.large", zones: ["us-east-1a"], min: 3, max: 4 }];
    const scenario = smallScenario(
      { duration: "60m", cluster: { nodePools }, actions: [{ at: "1m", upgrade: "surge" }] },
      deployment(""),
    );
    const simulation = new Simulation(scenario, "1");
    simulation.runUntil(simulation.endUs);
    expect(refusals(simulation)).toEqual([]);
    expect(nodes(simulation).map(({ metadata }) => metadata.name)).toEqual(["general-4", "general-5", "general-6"]);
    expect(pods(simulation).filter(isPodReady)).toHaveLength(4);
  });

  it("in place restarts one machine after another", () => {
    const simulation = runWith([{ at: "10s", upgrade: "in-place", restart: "90s" }], 570);
    expect(refusals(simulation)).toEqual([]);
    expect(nodes(simulation).map(({ spec }) => spec.unschedulable ?? false)).toEqual([false, false, false]);
    expect(pods(simulation).filter(isPodReady)).toHaveLength(4);
  });
});

it.each([
  { action: { drain: "elsewhere-1" }, code: "UNKNOWN_REFERENCE", place: "drain" },
  { action: { rolloutPause: "service/web" }, code: "BAD_REFERENCE", place: "rolloutPause" },
  { action: { scale: "daemonset/web", replicas: 1 }, code: "BAD_REFERENCE", place: "scale" },
  { action: { taint: "general-1", with: "key:Sometimes" }, code: "BAD_TAINT", place: "with" },
  { action: { upgrade: "surge", pools: ["other"] }, code: "UNKNOWN_REFERENCE", place: "pools[0]" },
])("$code: $action", ({ action, code, place }) => {
  let complaints: ScenarioError["complaints"] = [];
  try {
    smallScenario({ actions: [{ at: "10s", ...action }] });
  } catch (error) {
    complaints = (error as ScenarioError).complaints;
  }
  const found = complaints.map((complaint) => [complaint.code, complaint.path]);
  expect(found).toContainEqual([code, `spec.actions[0].${place}`]);
});
