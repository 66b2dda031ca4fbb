import { describe, expect, it } from "vitest";
import { matchesQuotaScopes, type ResourceQuota } from "../../src/model/index.ts";
import { ControlPlane, podTemplate } from "../controllers/control-plane.ts";

const pod = (fields: object = {}) => ({ kind: "Pod", spec: { ...podTemplate("web").spec, ...fields } });
const requests = { containers: [{ name: "c", image: "app:1", resources: { requests: { cpu: "1" } } }] };
const term = { topologyKey: "zone", namespaces: ["other"] };
const elsewhere = { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } };
const classIn = (operator: string, ...values: string[]) => ({
  scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator, values }] },
});

it.each([
  { scopes: {}, object: pod(), holds: true, because: "no scope holds for everything" },
  { scopes: { scopes: ["BestEffort"] }, object: pod(), holds: true, because: "nothing is requested" },
  { scopes: { scopes: ["BestEffort"] }, object: pod(requests), holds: false, because: "cpu is requested" },
  { scopes: { scopes: ["NotBestEffort"] }, object: pod(requests), holds: true, because: "cpu is requested" },
  { scopes: { scopes: ["Terminating"] }, object: pod({ activeDeadlineSeconds: 0 }), holds: true, because: "0 s count" },
  { scopes: { scopes: ["NotTerminating"] }, object: pod(), holds: true, because: "it has no deadline" },
  {
    scopes: { scopes: ["NotTerminating", "BestEffort"] },
    object: pod(requests),
    holds: false,
    because: "all must hold",
  },
  { scopes: { scopes: ["PriorityClass"] }, object: pod(), holds: false, because: "it has no class" },
  {
    scopes: classIn("In", "high"),
    object: pod({ priorityClassName: "high" }),
    holds: true,
    because: "its class is named",
  },
  { scopes: classIn("In", "high"), object: pod({ priorityClassName: "low" }), holds: false, because: "it is another" },
  { scopes: classIn("NotIn", "high"), object: pod(), holds: true, because: "no class is not that class" },
  { scopes: classIn("DoesNotExist"), object: pod(), holds: true, because: "it has no class" },
  {
    scopes: { scopes: ["CrossNamespacePodAffinity"] },
    object: pod(elsewhere),
    holds: true,
    because: "it looks elsewhere",
  },
  { scopes: { scopes: ["CrossNamespacePodAffinity"] }, object: pod(), holds: false, because: "it looks nowhere" },
  {
    scopes: { scopes: ["BestEffort"] },
    object: { kind: "Service" },
    holds: false,
    because: "only pods have such scopes",
  },
])("$scopes holds for a $object.kind: $holds, since $because", ({ scopes, object, holds }) => {
  expect(matchesQuotaScopes({ spec: scopes } as Pick<ResourceQuota, "spec">, object)).toBe(holds);
});

describe("a quota on high priority", () => {
  it("refuses the second such pod, counts it again when the first goes, and leaves others alone", () => {
    const plane = new ControlPlane();
    plane.create({
      apiVersion: "scheduling.k8s.io/v1",
      kind: "PriorityClass",
      metadata: { name: "high" },
      value: 10,
    } as never);
    const spec = { hard: { pods: "1" }, ...classIn("In", "high") };
    plane.create({ apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "few", namespace: "default" }, spec });
    plane.settle(1_000_000);
    const create = (name: string, priorityClassName?: string) => {
      const fields = priorityClassName === undefined ? {} : { priorityClassName };
      const metadata = { name, namespace: "default" };
      return plane.api.handle({ verb: "create", object: { apiVersion: "v1", metadata, ...pod(fields) } });
    };
    expect([create("a", "high"), create("b"), create("c")].map(({ ok }) => ok)).toEqual([true, true, true]);
    const refused = create("d", "high");
    expect(!refused.ok && refused.error.message).toContain(
      "exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1",
    );
    plane.settle(1_000_000);
    plane.api.handle({ verb: "delete", kind: "Pod", key: "default/a" as never });
    plane.settle(5_000_000);
    expect(create("d", "high").ok).toBe(true);
  });
});
