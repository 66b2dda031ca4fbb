import { describe, expect, it } from "vitest";
import type { Node, Pod } from "../../src/model/index.ts";
import { admissionRejection } from "../../src/node/admission.ts";

const node = {
  metadata: { name: "n", labels: { disk: "hdd" } },
  spec: {},
  status: { allocatable: { cpu: "4", memory: "8Gi", pods: "110" } },
} as unknown as Node;

function pod(spec: object, labels: object = {}): Pod {
  const containers = [{ name: "c", resources: { requests: { cpu: "3" } } }];
  return { metadata: { name: "p", labels }, spec: { containers, ...spec }, status: {} } as unknown as Pod;
}

const listening = (hostPort: number, fields: object = {}): object => ({
  containers: [{ name: "c", ports: [{ containerPort: 1, hostPort, ...fields }] }],
});
const critical = { priority: 2_000_000_000 };
const elsewhere = { nodeSelector: { disk: "ssd" } };

describe("what a kubelet refuses", () => {
  it.each<{ because: string; wanted: Pod; there?: Pod; expected: string | undefined }>([
    { because: "both are short of a core", wanted: pod({}), there: pod({}), expected: "OutOfcpu" },
    { because: "what is short comes first", wanted: pod(elsewhere), there: pod({}), expected: "OutOfcpu" },
    {
      because: "making room would not help a critical pod",
      wanted: pod({ ...elsewhere, ...critical }),
      there: pod({}),
      expected: "NodeAffinity",
    },
    { because: "a port is taken", wanted: pod(listening(80)), there: pod(listening(80)), expected: "NodePorts" },
    {
      because: "a port is taken at every address",
      wanted: pod(listening(80, { hostIP: "10.0.0.1" })),
      there: pod(listening(80)),
      expected: "NodePorts",
    },
    {
      because: "a port is taken at another address",
      wanted: pod(listening(80, { hostIP: "10.0.0.1" })),
      there: pod(listening(80, { hostIP: "10.0.0.2" })),
      expected: undefined,
    },
    {
      because: "a port is taken for another protocol",
      wanted: pod(listening(80, { protocol: "UDP" })),
      there: pod(listening(80)),
      expected: undefined,
    },
    { because: "it wants Windows", wanted: pod({ os: { name: "windows" } }), expected: "PodOSNotSupported" },
    {
      because: "its label says Windows",
      wanted: pod({}, { "kubernetes.io/os": "windows" }),
      expected: "PodOSSelectorNodeLabelDoesNotMatch",
    },
  ])("$because", ({ wanted, there, expected }) => {
    const others = there === undefined ? [] : [there];
    const rejection = admissionRejection({ pod: wanted, node, others, pressures: new Set(), shuttingDown: false });
    expect(rejection?.reason).toBe(expected);
  });
});
