import { expect, it } from "vitest";
import { objectKey } from "../../src/model/index.ts";
import { ControlPlane, podTemplate } from "../controllers/control-plane.ts";

it.each([
  { spec: { minAvailable: 2 }, cause: "The disruption budget few needs 2 healthy pods and has 2 currently" },
  { spec: { maxUnavailable: 1 }, cause: "The disruption budget few does not allow evicting pods currently" },
])("an eviction of a bare pod under $spec is refused: $cause", ({ spec, cause }) => {
  const plane = new ControlPlane();
  const metadata = { name: "few", namespace: "default" };
  const selector = { matchLabels: { app: "web" } };
  plane.create({ apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata, spec: { selector, ...spec } });
  for (const name of ["a", "b"]) {
    const { metadata: labelled, spec: podSpec } = podTemplate("web");
    const own = { ...labelled, name, namespace: "default" };
    plane.create({ apiVersion: "v1", kind: "Pod", metadata: own, spec: podSpec });
  }
  plane.settle(2_000_000);
  const reply = plane.api.handle({ verb: "evict", key: objectKey("default", "a") });
  expect(!reply.ok && reply.error).toMatchObject({
    code: 429,
    causes: [{ reason: "DisruptionBudget", message: cause }],
  });
});
