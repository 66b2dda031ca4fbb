import fc from "fast-check";
import { isPodActive, type KubeObject, keyOf, type Pod } from "../../src/model/index.ts";
import type { ControlPlane } from "./control-plane.ts";

/** What can befall any workload, and time in which it can. */
export const badLuck = fc.oneof(
  fc.record({ luck: fc.constant("delete a pod" as const), pod: fc.nat(9) }),
  fc.record({ luck: fc.constant("fail a pod" as const), pod: fc.nat(9) }),
  fc.record({ luck: fc.constant("crash" as const), forMs: fc.nat(2000) }),
  fc.record({ luck: fc.constant("outage" as const), forMs: fc.nat(2000) }),
  fc.record({ luck: fc.constant("stall" as const), forMs: fc.nat(2000) }),
  fc.record({ luck: fc.constant("wait" as const), forMs: fc.nat(3000) }),
);
export type BadLuck = typeof badLuck extends fc.Arbitrary<infer T> ? T : never;

export function befall(plane: ControlPlane, act: BadLuck): void {
  switch (act.luck) {
    case "delete a pod":
    case "fail a pod": {
      const pods = plane.list<Pod>("Pod").filter(isPodActive);
      const pod = pods[act.pod % Math.max(1, pods.length)];
      if (pod === undefined) return;
      if (act.luck === "fail a pod") plane.become(pod, "Failed");
      else plane.api.handle({ verb: "delete", kind: "Pod", key: keyOf(pod) });
      return;
    }
    case "crash":
      plane.manager.crash();
      plane.after(act.forMs * 1000, () => plane.manager.start());
      return;
    case "outage":
      plane.outage(act.forMs * 1000);
      return;
    case "stall":
      plane.manager.stallWatch("Pod", plane.loop.nowUs + act.forMs * 1000);
      return;
    case "wait":
      plane.settle(act.forMs * 1000);
  }
}

interface Templated extends KubeObject {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly object[] } } };
}

/** The workload with another image in its template. */
export function withImage<T extends KubeObject>(stored: T, image: string): T {
  const { spec } = stored as unknown as Templated;
  const containers = [{ ...spec.template.spec.containers[0], image }];
  const template = { ...spec.template, spec: { ...spec.template.spec, containers } };
  return { ...stored, spec: { ...spec, template } } as unknown as T;
}

/** The workload with other fields in its spec. */
export function withSpec<T extends KubeObject>(stored: T, fields: object): T {
  return { ...stored, spec: { ...(stored as { spec?: object }).spec, ...fields } } as unknown as T;
}
