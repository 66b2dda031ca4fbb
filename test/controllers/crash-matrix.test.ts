import { describe, expect, it } from "vitest";
import type { Effect } from "../../src/client/index.ts";
import { type Deployment, objectKey } from "../../src/model/index.ts";
import { atRest, ControlPlane, podTemplate } from "./control-plane.ts";

const selector = (app: string) => ({ matchLabels: { app } });
const metadata = (name: string) => ({ name, namespace: "default" });

/** A small life of one workload, and the client whose requests are struck. */
const lives: readonly { readonly client: string; readonly live: (plane: ControlPlane) => void }[] = [
  { client: "deployment-controller", live: rollOut },
  { client: "replicaset-controller", live: rollOut },
  {
    client: "statefulset-controller",
    live: (plane) => {
      const spec = { replicas: 2, selector: selector("db"), serviceName: "db", template: podTemplate("db") };
      plane.create({ apiVersion: "apps/v1", kind: "StatefulSet", metadata: metadata("db"), spec });
    },
  },
  {
    client: "daemonset-controller",
    live: (plane) => {
      const spec = { selector: selector("agent"), template: podTemplate("agent") };
      plane.create({ apiVersion: "apps/v1", kind: "DaemonSet", metadata: metadata("agent"), spec });
    },
  },
  {
    client: "job-controller",
    live: (plane) => {
      const template = podTemplate("job");
      const spec = {
        parallelism: 2,
        completions: 3,
        template: { ...template, spec: { ...template.spec, restartPolicy: "Never" } },
      };
      plane.create({ apiVersion: "batch/v1", kind: "Job", metadata: metadata("job"), spec });
    },
  },
];

function rollOut(plane: ControlPlane): void {
  const spec = { replicas: 3, selector: selector("web"), template: podTemplate("web") };
  plane.create({ apiVersion: "apps/v1", kind: "Deployment", metadata: metadata("web"), spec });
  plane.after(3_000_000, () =>
    plane.patch("Deployment", objectKey("default", "web"), "main", (stored: Deployment) => {
      const { containers } = stored.spec.template.spec!;
      const next = { ...stored.spec.template.spec, containers: [{ ...containers[0]!, image: "app:2" }] };
      return { ...stored, spec: { ...stored.spec, template: { ...stored.spec.template, spec: next } } };
    }),
  );
}

function end(live: (plane: ControlPlane) => void, strike?: (effect: Effect) => "before" | "after" | undefined) {
  const plane = new ControlPlane(strike);
  live(plane);
  plane.settle(400_000_000); // Longer than an expectation that is never met.
  return atRest(plane);
}

describe.each(lives)("a crash at any request of $client", ({ client, live }) => {
  it("leads to the same end, whether the request was carried out or not", { timeout: 60_000 }, () => {
    let requests = 0;
    const wanted = end(live, (effect) => {
      if (effect.do === "api" && effect.client === client) requests += 1;
      return undefined;
    });
    expect(requests).toBeGreaterThan(2);
    for (const when of ["before", "after"] as const) {
      for (let at = 1; at <= requests; at += 1) {
        let seen = 0;
        const strike = (effect: Effect): "before" | "after" | undefined => {
          if (effect.do !== "api" || effect.client !== client) return undefined;
          seen += 1;
          return seen === at ? when : undefined;
        };
        expect(end(live, strike), `crash ${when} request ${at}`).toEqual(wanted);
      }
    }
  });
});
