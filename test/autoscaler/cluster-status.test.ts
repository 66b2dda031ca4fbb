import { expect, it } from "vitest";
import { parse } from "yaml";
import { type ConfigMap, objectKey } from "../../src/model/index.ts";
import { Simulation } from "../../src/simulate.ts";
import { smallScenario } from "../small-scenario.ts";

const key = objectKey("kube-system", "cluster-autoscaler-status");
const nodePools = [{ name: "general", instanceType: "m6i.large", zones: ["us-east-1a"], min: 2, max: 6 }];
const burst = [
  { at: "1m", scale: "deployment/web", replicas: 14 },
  { at: "10m", scale: "deployment/web", replicas: 2 },
];

/** A run, and every version of the ConfigMap in it. */
function written(spec: object): { readonly simulation: Simulation; readonly versions: ConfigMap[] } {
  const versions: ConfigMap[] = [];
  const scenario = smallScenario({ duration: "40m", cluster: { nodePools, clusterAutoscaler: {} }, ...spec });
  const simulation = new Simulation(scenario, "1", {
    onCommit: ({ after }) => {
      if (after?.kind === "ConfigMap" && after.metadata.name === key.split("/")[1]) versions.push(after as ConfigMap);
    },
  });
  simulation.runUntil(simulation.endUs);
  return { simulation, versions };
}

it("says when it begins, and then what it does, as cluster-autoscaler writes it since 1.30", () => {
  const { versions } = written({ actions: burst });
  const texts = versions.map(({ data }) => data!["status"]!);
  const [first] = versions;
  expect(texts[0]).toMatch(
    /^time: 2026-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000 UTC\nautoscalerStatus: Initializing\n$/,
  );
  expect(first!.metadata.annotations).toEqual({
    "cluster-autoscaler.kubernetes.io/last-updated": texts[0]!.split("\n")[0]!.slice("time: ".length),
  });
  const said = texts.slice(1).map((text) => {
    const { nodeGroups, clusterWide } = parse(text);
    const [{ health, scaleUp, scaleDown }] = nodeGroups;
    expect(clusterWide.scaleUp.status).toBe(scaleUp.status);
    const { registered } = health.nodeCounts;
    return `${registered.ready} of ${health.cloudProviderTarget} ${health.status} ${scaleUp.status} ${scaleDown.status}`;
  });
  // Each once, in this order: it grows, its nodes come, three of them are not needed, and go.
  expect(said.filter((text, index) => text !== said[index - 1])).toEqual(
    expect.arrayContaining([
      "2 of 2 Healthy NoActivity NoCandidates",
      "2 of 5 Healthy InProgress NoCandidates",
      "5 of 5 Healthy NoActivity NoCandidates",
      "5 of 5 Healthy NoActivity CandidatesPresent",
      "2 of 2 Healthy NoActivity NoCandidates",
    ]),
  );
});

it("keeps the text's form", () => {
  const { versions } = written({ duration: "5m", actions: [] });
  const times = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;
  const text = versions
    .at(-1)!
    .data!["status"]!.replace(/^time: .*/, "time: T")
    .replace(times, "T");
  expect(text).toBe(`time: T
autoscalerStatus: Running
clusterWide:
  health:
    status: Healthy
    nodeCounts:
      registered:
        total: 2
        ready: 2
        notStarted: 0
      longUnregistered: 0
      unregistered: 0
    lastProbeTime: "T"
    lastTransitionTime: "T"
  scaleUp:
    status: NoActivity
    lastProbeTime: "T"
    lastTransitionTime: "T"
  scaleDown:
    status: NoCandidates
    lastProbeTime: "T"
    lastTransitionTime: "T"
nodeGroups:
- name: general
  health:
    status: Healthy
    nodeCounts:
      registered:
        total: 2
        ready: 2
        notStarted: 0
      longUnregistered: 0
      unregistered: 0
    cloudProviderTarget: 2
    minSize: 2
    maxSize: 6
    lastProbeTime: "T"
    lastTransitionTime: "T"
  scaleUp:
    status: NoActivity
    lastProbeTime: "T"
    lastTransitionTime: "T"
  scaleDown:
    status: NoCandidates
    lastProbeTime: "T"
    lastTransitionTime: "T"
`);
});

it("names why it leaves a group alone, and from when", () => {
  const faults = [{ at: "30s", kind: "out-of-capacity", pool: "general", for: "4m" }];
  const { versions } = written({ duration: "4m", actions: burst.slice(0, 1), faults });
  const { scaleUp } = parse(versions.at(-1)!.data!["status"]!).nodeGroups[0];
  expect(scaleUp.status).toBe("Backoff");
  expect(scaleUp.backoffInfo.errorCode).toBe("cloudProviderError");
  expect(scaleUp.backoffInfo.errorMessage).toMatch(/^failed to increase node group size: /);
});

it("is written when something has changed, and not while all is quiet", () => {
  const { versions } = written({ duration: "60m", actions: [] });
  expect(versions.length).toBeLessThan(8);
});

it("is not written where the flag forbids it", () => {
  const cluster = { nodePools, clusterAutoscaler: { "write-status-configmap": false } };
  expect(written({ duration: "2m", cluster, actions: [] }).versions).toEqual([]);
});

it("comes back when somebody deletes it and something changes", () => {
  const cluster = { nodePools, clusterAutoscaler: {} };
  const scenario = smallScenario({ duration: "3m", cluster, actions: burst.slice(0, 1) });
  const simulation = new Simulation(scenario, "1");
  simulation.runUntil(scenario.warmUpUs);
  simulation.api.handle({ verb: "delete", kind: "ConfigMap", key });
  simulation.runUntil(simulation.endUs);
  expect(parse(simulation.api.store.get("ConfigMap", key)!.data!["status"]!).autoscalerStatus).toBe("Running");
});
