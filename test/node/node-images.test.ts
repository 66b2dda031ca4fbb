import { describe, expect, it } from "vitest";
import type { LogEntry } from "../../src/apiserver/index.ts";
import { type Node, objectKey, type Pod } from "../../src/model/index.ts";
import { reportedImages } from "../../src/node/image-list.ts";
import { fullImageName } from "../../src/node/image-name.ts";
import { Simulation } from "../../src/simulate.ts";
import { smallScenario } from "../small-scenario.ts";

describe("an image's full name", () => {
  it.each([
    ["nginx", "docker.io/library/nginx:latest"],
    ["nginx:1.27", "docker.io/library/nginx:1.27"],
    ["grafana/loki:3", "docker.io/grafana/loki:3"],
    ["index.docker.io/nginx", "docker.io/library/nginx:latest"],
    ["localhost/app", "localhost/app:latest"],
    ["registry:5000/app", "registry:5000/app:latest"],
    ["registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"],
    ["example.com/app@sha256:abc", "example.com/app@sha256:abc"],
  ])("of %s is %s", (image, full) => {
    expect(fullImageName(image)).toBe(full);
  });
});

describe("images in a node's status", () => {
  const image = (name: string, sizeBytes: number) => ({ name, sizeBytes, bytes: 0, pulledUs: 0, lastUsedUs: 0 });
  const images = [image("a", 1), image("b", 3), image("c", 3), image("d", 2)];

  it("are the largest, of equal ones the greater name first", () => {
    expect(reportedImages(images, 3).map(({ names }) => names)).toEqual([["c"], ["b"], ["d"]]);
    expect(reportedImages(images, -1)).toHaveLength(4);
  });

  it("are told by the status after the kubelet has read its list, every thirty seconds, and never again unchanged", () => {
    const { writes } = run("example.com/web:1");
    expect(writes).toHaveLength(1);
    expect(writes[0]!.images).toEqual([{ names: ["example.com/web:1"], sizeBytes: 800 * 1_048_576 }]);
    expect(writes[0]!.atUs - writes[0]!.pulledUs).toBeLessThan(30_200_000);
  });

  it("are still known after a reboot", () => {
    const faults = [{ kind: "machine-crash", at: "5m", where: { pool: "general" }, for: "1m" }];
    const { simulation, nodes } = run("example.com/web:1", { faults });
    const node = simulation.api.store.get("Node", objectKey(undefined, nodes[0]!)) as Node;
    expect(node.status.images).toHaveLength(1);
  });
});

describe("a pod whose image lies on one machine", () => {
  const restart = { actions: [{ at: "8m", rolloutRestart: "deployment/web" }] };

  it("is put there, though there is a little less room", () => {
    const { nodes } = run("example.com/web:1", restart);
    expect(nodes[1]).toBe(nodes[0]);
  });

  it("finds it nowhere if it leaves the registry out: the scheduler compares names to the letter", () => {
    const { nodes } = run("web:1", restart);
    expect(nodes[1]).not.toBe(nodes[0]);
  });
});

/** One pod of an image of 800 MiB: writes of its nodes' images, and the nodes of all pods, in their order. */
function run(
  image: string,
  spec: object = {},
): {
  readonly simulation: Simulation;
  readonly writes: { readonly atUs: number; readonly pulledUs: number; readonly images: readonly object[] }[];
  readonly nodes: string[];
} {
  const resources = { requests: { cpu: "100m", memory: "64Mi" } };
  const manifest = JSON.stringify({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: {
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: { containers: [{ name: "web", image, resources }] },
      },
    },
  });
  const writes: { atUs: number; pulledUs: number; images: readonly object[] }[] = [];
  const nodes: string[] = [];
  const seen = new Set<string>();
  let pulledUs = 0;
  const onCommit = ({ before, after, atUs }: LogEntry): void => {
    if (after?.kind === "Node") {
      const { images } = (after as Node).status;
      if (images !== undefined && images !== (before as Node | undefined)?.status.images)
        writes.push({ atUs, pulledUs, images });
    }
    if (after?.kind !== "Pod") return;
    const { metadata, spec: podSpec, status } = after as Pod;
    if (pulledUs === 0 && status.containerStatuses?.[0]?.state?.running !== undefined) pulledUs = atUs;
    if (podSpec.nodeName === undefined || podSpec.nodeName === "" || seen.has(metadata.uid)) return;
    seen.add(metadata.uid);
    nodes.push(podSpec.nodeName);
  };
  const behavior = [{ for: "deployment/web", image: { size: "800Mi" } }];
  const scenario = smallScenario({ warmUp: "0s", duration: "15m", behavior, ...spec }, manifest);
  const simulation = new Simulation(scenario, "1", { onCommit });
  simulation.runUntil(simulation.endUs);
  return { simulation, writes, nodes };
}
