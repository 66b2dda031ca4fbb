import { describe, expect, it } from "vitest";
import {
  ConfigurationError,
  definePlugin,
  FastCycle,
  Framework,
  loadConfiguration,
  pluginRegistry,
  podInfo,
  Snapshot,
  schedulePod,
  unschedulable,
} from "../../src/scheduler/index.ts";
import { bound, emptyScheduler, nodeOf, podOf } from "./worlds.ts";

const roomy = { zone: undefined, disk: undefined, cpu: 4, memoryGi: 8, pods: 10, taint: undefined, cordoned: false };

const asking = (cpu: string, priority = 0) => ({
  app: "web",
  spec: { containers: [{ name: "c", resources: { requests: { cpu } } }], priority },
});

describe("a pod nominated to a node", () => {
  it.each([
    { nominated: 100, incoming: 10, goesTo: "n1", because: "room is held against lower priorities" },
    { nominated: 10, incoming: 10, goesTo: "n1", because: "and against equal ones" },
    { nominated: 10, incoming: 100, goesTo: "n0", because: "but not against higher ones" },
  ])("of priority $nominated leaves one of $incoming to $goesTo: $because", ({ nominated, incoming, goesTo }) => {
    const snapshot = new Snapshot();
    for (const name of ["n0", "n1"]) snapshot.setNode(nodeOf(name, roomy));
    snapshot.nominated.set(podInfo(podOf("holder", asking("3", nominated))), "n0");
    const { framework, scheduler } = emptyScheduler(snapshot);
    const pod = podInfo(podOf("p", asking("2", incoming)));
    expect(schedulePod(framework, pod, { ...scheduler })).toMatchObject({ nodeName: goesTo });
    expect(new FastCycle(framework).schedule(pod, { ...scheduler })).toMatchObject({ nodeName: goesTo });
  });

  it("takes that node without a look at better ones, as long as it passes", () => {
    const snapshot = new Snapshot();
    for (const name of ["n0", "n1"]) snapshot.setNode(nodeOf(name, roomy));
    snapshot.setPod(bound(podOf("other", asking("1")), "n1"));
    const { framework, scheduler } = emptyScheduler(snapshot);
    const pod = podOf("p", asking("2"));
    const decision = schedulePod(framework, podInfo({ ...pod, status: { nominatedNodeName: "n1" } }), scheduler);
    expect(decision).toMatchObject({ nodeName: "n1", feasibleNodes: 1 });
  });
});

describe("a plugin of one's own", () => {
  const evenNodes = definePlugin<{ readonly remainder?: number }>({
    name: "EvenNodes",
    create: ({ remainder = 0 }) => ({
      name: "EvenNodes",
      filter: (_state, _pod, node) =>
        Number(node.name.slice(1)) % 2 === remainder ? undefined : unschedulable("node(s) were odd"),
      score: (_state, _pod, node) => Number(node.name.slice(1)),
    }),
  });

  const configured = (plugins: object, args: object = {}) => ({
    apiVersion: "kubescheduler.config.k8s.io/v1",
    kind: "KubeSchedulerConfiguration",
    profiles: [{ plugins, pluginConfig: [{ name: "EvenNodes", args }] }],
  });

  it("filters and scores with its arguments where a configuration enables it", () => {
    const snapshot = new Snapshot();
    for (let index = 0; index < 6; index++) snapshot.setNode(nodeOf(`n${index}`, roomy));
    const config = configured({ multiPoint: { enabled: [{ name: "EvenNodes", weight: 100 }] } }, { remainder: 1 });
    const { profiles } = loadConfiguration(config);
    const framework = new Framework(profiles[0]!, pluginRegistry([evenNodes]), snapshot);
    const scheduler = { nextStartNodeIndex: 0, percentageOfNodesToScore: 0, random: () => 0 };
    const decision = new FastCycle(framework).schedule(podInfo(podOf("p", asking("1"))), scheduler);
    expect(decision).toMatchObject({ result: "scheduled", nodeName: "n5", feasibleNodes: 3 });
  });

  it("is refused where it does not extend the point", () => {
    const { profiles } = loadConfiguration(configured({ bind: { enabled: [{ name: "EvenNodes" }] } }));
    const build = (): Framework => new Framework(profiles[0]!, pluginRegistry([evenNodes]), new Snapshot());
    expect(build).toThrow(ConfigurationError);
    expect(build).toThrow('plugin "EvenNodes" does not extend BindPlugin plugin');
  });
});

describe("a configuration", () => {
  it.each([
    { input: { profiles: [{ plugin: {} }] }, stage: "decode", field: "profiles[0].plugin" },
    { input: { parallelism: "many" }, stage: "decode", field: "parallelism" },
    { input: { percentageOfNodesToScore: 101 }, stage: "validate", field: "percentageOfNodesToScore" },
    {
      input: { podInitialBackoffSeconds: 5, podMaxBackoffSeconds: 2 },
      stage: "validate",
      field: "podMaxBackoffSeconds",
    },
    {
      input: { profiles: [{ schedulerName: "a" }, { schedulerName: "a" }] },
      stage: "validate",
      field: "profiles[1].schedulerName",
    },
  ])("is refused with stage $stage at $field", ({ input, stage, field }) => {
    const whole = { apiVersion: "kubescheduler.config.k8s.io/v1", kind: "KubeSchedulerConfiguration", ...input };
    expect(() => loadConfiguration(whole)).toThrow(expect.objectContaining({ stage, field }));
  });
});
