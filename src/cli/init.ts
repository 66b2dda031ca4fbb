import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { ScenarioError } from "../scenario/index.ts";

export function initCommand(): Command {
  return new Command("init")
    .description("write a small working scenario")
    .argument("[folder]", "where to", "my-scenario")
    .action((folder: string) => {
      const file = join(folder, "scenario.yaml");
      if (existsSync(file)) {
        const at = { file, line: 1, column: 1 };
        throw new ScenarioError([
          { code: "ALREADY_THERE", at, path: "", expected: "a folder without a scenario", found: file },
        ]);
      }
      mkdirSync(join(folder, "manifests"), { recursive: true });
      writeFileSync(file, scenario);
      writeFileSync(join(folder, "manifests", "web.yaml"), manifest);
      process.stdout.write(`wrote ${file}; try: npx seatrial run ${folder}\n`);
    });
}

const scenario = `apiVersion: seatrial.io/v1alpha1
kind: Scenario
metadata: { name: my-scenario }
spec:
  question: Does the shop survive a doubled load and a lost machine?
  start: 2026-03-02T09:00:00Z
  duration: 30m
  cluster:
    nodePools:
      - { name: general, instanceType: m6i.large, zones: [us-east-1a, us-east-1b], min: 3, max: 6 }
    clusterAutoscaler: {}
  manifests: [manifests/]
  behavior:
    - for: deployment/web
      startup: { median: 3s, p95: 6s }
      perRequest: { cpu: 8ms, wait: 10ms }
  traffic:
    - to: service/web
      rate: { steps: [{ at: "09:00", rate: 60 }, { at: "09:10", rate: 120 }] }
      timeout: 2s
      retries: 1
  faults:
    - { at: "09:15", kind: machine-crash, where: { runs: deployment/web } }
  expect:
    - { service: web, availability: ">= 95%" }
    - { cost: "< 1 USD" }
`;

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
          image: example.com/web:1.0
          resources: { requests: { cpu: 500m, memory: 256Mi }, limits: { memory: 512Mi } }
          readinessProbe: { httpGet: { path: /ready, port: 8080 }, periodSeconds: 5 }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  selector: { app: web }
  ports: [{ port: 80, targetPort: 8080 }]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
  minReplicas: 4
  maxReplicas: 12
  metrics:
    - type: Resource
      resource: { name: cpu, target: { type: Utilization, averageUtilization: 60 } }
`;
