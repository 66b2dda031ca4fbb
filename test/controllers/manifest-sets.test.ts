import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { workloadOf } from "../../src/model/index.ts";
import { parseScenario } from "../../src/scenario/index.ts";
import { Simulation } from "../../src/simulate.ts";

const root = resolve(import.meta.dirname, "../..");
const data = resolve(root, "../shared/data/manifests");

function afterFiveMinutes(set: string): Simulation {
  const text = `
apiVersion: seatrial.io/v1alpha1
kind: Scenario
metadata: { name: ${set} }
spec:
  question: Does it run?
  start: 2026-03-02T09:00:00Z
  duration: 10m
  initial: empty
  cluster:
    nodePools: [{ name: general, instanceType: m6i.2xlarge, zones: [us-east-1a], min: 3, max: 3 }]
  manifests: [${relative(root, join(data, set))}/]
`;
  const simulation = new Simulation(parseScenario(text, root), "1");
  simulation.runUntil(300_000_000);
  return simulation;
}

/** Workloads, and the phase of their pods after five minutes. */
function phasesOf(set: string): Map<string, string> {
  const simulation = afterFiveMinutes(set);
  const phases = new Map<string, string>();
  for (const pod of simulation.api.store.list("Pod")) phases.set(workloadOf(pod), pod.status.phase ?? "");
  return phases;
}

describe.skipIf(!existsSync(data))("manifests of real projects (skipped without ../shared/data)", () => {
  it("online-boutique runs all its Deployments", () => {
    const phases = phasesOf("online-boutique");
    expect(phases.size).toBe(12);
    expect(new Set(phases.values())).toEqual(new Set(["Running"]));
  });

  it("bank-of-anthos runs its StatefulSets, and waits for the Secret that its manifests leave out", () => {
    const phases = phasesOf("bank-of-anthos");
    expect(phases.get("statefulset/accounts-db")).toBe("Running");
    expect(phases.get("statefulset/ledger-db")).toBe("Running");
    expect(phases.get("deployment/loadgenerator")).toBe("Running");
    expect(phases.get("deployment/userservice")).toBe("Pending");
  });

  it("ingress-nginx completes its Jobs, which then outlive their use at once", () => {
    const simulation = afterFiveMinutes("ingress-nginx");
    const completed = [...simulation.api.events.all()].filter(({ reason }) => reason === "Completed");
    expect(completed.map(({ key }) => key).sort()).toEqual([
      "ingress-nginx/ingress-nginx-admission-create",
      "ingress-nginx/ingress-nginx-admission-patch",
    ]);
    expect([...simulation.api.store.list("Job")]).toEqual([]);
  });

  it("kube-prometheus runs its DaemonSet on every node", () => {
    const phases = phasesOf("kube-prometheus");
    expect(phases.get("daemonset/node-exporter")).toBe("Running");
    expect(phases.get("deployment/prometheus-operator")).toBe("Running");
  });
});
