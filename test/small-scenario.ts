import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { readScenario, type Scenario } from "../src/scenario/index.ts";

const manifest = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 4
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: example.com/web:1
          resources: { requests: { cpu: 500m, memory: 256Mi } }
          readinessProbe: { httpGet: { path: /, port: 80 }, periodSeconds: 5 }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
`;

/** Three machines, one Deployment of four pods behind a Service; `spec` replaces fields of the scenario, `files` stand beside it. */
export function smallScenario(
  spec: object = {},
  manifests: string = manifest,
  files: Readonly<Record<string, string>> = {},
): Scenario {
  const folder = mkdtempSync(join(tmpdir(), "seatrial-"));
  writeFileSync(join(folder, "web.yaml"), manifests);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const text = {
    apiVersion: "seatrial.io/v1alpha1",
    kind: "Scenario",
    metadata: { name: "small" },
    spec: {
      question: "Does it heal?",
      duration: "10m",
      warmUp: "2m",
      cluster: {
        nodePools: [
          { name: "general", instanceType: "m6i.large", zones: ["us-east-1a", "us-east-1b", "us-east-1c"], min: 3 },
        ],
      },
      manifests: ["web.yaml"],
      ...spec,
    },
  };
  writeFileSync(join(folder, "scenario.yaml"), stringify(text));
  return readScenario(folder);
}
