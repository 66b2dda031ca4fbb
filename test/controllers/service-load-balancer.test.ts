import { describe, expect, it } from "vitest";
import { objectKey, type Service } from "../../src/model/index.ts";
import { Simulation } from "../../src/simulate.ts";
import { smallScenario } from "../small-scenario.ts";

const second = 1_000_000;
const key = objectKey("default", "front");
const manifest = `apiVersion: v1
kind: Service
metadata: { name: front }
spec: { type: LoadBalancer, selector: { app: web }, ports: [{ port: 80 }] }
`;

function begun(spec: object = {}): Simulation {
  const run = new Simulation(smallScenario(spec, manifest), "1");
  runTo(run, 0);
  return run;
}

function runTo(run: Simulation, seconds: number): void {
  run.runUntil(run.scenario.warmUpUs + seconds * second);
}

function reasons(run: Simulation): string[] {
  return [...run.api.events.all()].filter((event) => event.key === key).map(({ reason }) => reason);
}

function service(run: Simulation): Service | undefined {
  return run.api.store.get("Service", key);
}

describe("a Service of type LoadBalancer", () => {
  it("gets an address, and a finalizer that keeps it until the load balancer is gone", () => {
    const run = begun();
    expect(service(run)!.status.loadBalancer?.ingress).toEqual([
      { hostname: expect.stringMatching(/^a[0-9a-f]{16}\.elb\.amazonaws\.com$/) },
    ]);
    expect(service(run)!.metadata.finalizers).toEqual(["service.kubernetes.io/load-balancer-cleanup"]);
    expect(reasons(run)).toEqual(["EnsuringLoadBalancer", "EnsuredLoadBalancer"]);
    run.api.handle({ verb: "delete", kind: "Service", key });
    runTo(run, 2);
    expect(service(run)).toBeDefined();
    runTo(run, 5);
    expect(service(run)).toBeUndefined();
    expect(reasons(run).slice(2)).toEqual(["DeletingLoadBalancer", "DeletedLoadBalancer"]);
  });

  it("loses it when it becomes another type", () => {
    const run = begun();
    const change = (stored: Service): Service => ({ ...stored, spec: { ...stored.spec, type: "NodePort" } });
    run.api.handle({ verb: "patch", kind: "Service", key, part: "main", change });
    runTo(run, 5);
    expect(service(run)!.status.loadBalancer).toEqual({});
    expect(service(run)!.metadata.finalizers).toBeUndefined();
  });

  it("hears of machines that go", () => {
    const run = begun();
    run.api.handle({ verb: "delete", kind: "Node", key: objectKey(undefined, run.world.machines[0]!.spec.name) });
    runTo(run, 5);
    expect(reasons(run).slice(2)).toEqual(["UpdatedLoadBalancer"]);
  });
});
