import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compileLabelSelector,
  compileLabelSelectorString,
  type LabelSelector,
  matchesFields,
  matchesLabelSelector,
  parseFieldSelector,
  RequiredNodeAffinity,
  toleratesTaint,
} from "../../src/model/index.ts";

const name = fc.constantFrom("app", "tier", "env", "constructor");
const text = fc.constantFrom("web", "db", "cache", "");
const labels = fc.option(fc.dictionary(name, text, { noNullPrototype: true }), { nil: undefined });
const values = fc.uniqueArray(text, { minLength: 1, maxLength: 3 });
const expression = fc.oneof(
  fc.record({ key: name, operator: fc.constantFrom("In", "NotIn"), values }),
  fc.record({ key: name, operator: fc.constantFrom("Exists", "DoesNotExist") }),
);
const selector: fc.Arbitrary<LabelSelector> = fc.record(
  {
    matchLabels: fc.dictionary(name, text, { noNullPrototype: true }),
    matchExpressions: fc.array(expression, { maxLength: 3 }),
  },
  { requiredKeys: [] },
);

describe("a label selector", () => {
  it("selects nothing when absent and everything when empty", () => {
    expect(matchesLabelSelector(undefined, { app: "web" })).toBe(false);
    expect(matchesLabelSelector({}, undefined)).toBe(true);
    expect(compileLabelSelector(undefined).matches({})).toBe(false);
    expect(compileLabelSelector({}).matches({})).toBe(true);
  });

  it("answers alike compiled, uncompiled and written as text", () => {
    fc.assert(
      fc.property(selector, labels, (object, objectLabels) => {
        const compiled = compileLabelSelector(object);
        const matches = compiled.matches(objectLabels);
        expect(matchesLabelSelector(object, objectLabels)).toBe(matches);
        expect(compileLabelSelectorString(compiled.toString()).matches(objectLabels)).toBe(matches);
      }),
    );
  });

  it("splits every label set in two by In and NotIn of the same values", () => {
    fc.assert(
      fc.property(name, values, labels, (key, listed, objectLabels) => {
        const asked = (operator: string): boolean =>
          matchesLabelSelector({ matchExpressions: [{ key, operator, values: listed }] }, objectLabels);
        expect(asked("In")).toBe(!asked("NotIn"));
      }),
    );
  });
});

describe("a field selector", () => {
  it("takes an absent field for an empty one", () => {
    const unassigned = parseFieldSelector("spec.nodeName=,status.phase!=Failed");
    expect(matchesFields(unassigned, { "status.phase": "Pending" })).toBe(true);
    expect(matchesFields(unassigned, { "spec.nodeName": "n1" })).toBe(false);
  });
});

describe("required node affinity", () => {
  const node = (zone: string, name = "n1"): { metadata: { name: string; labels: Record<string, string> } } => ({
    metadata: { name, labels: { zone, cores: "8" } },
  });
  const pod = (spec: object): RequiredNodeAffinity =>
    new RequiredNodeAffinity({ spec: spec as ConstructorParameters<typeof RequiredNodeAffinity>[0]["spec"] });

  it.each([
    { spec: {}, zone: "a", wanted: true, because: "nothing is asked" },
    { spec: { nodeSelector: { zone: "b" } }, zone: "a", wanted: false, because: "the label differs" },
    { spec: affinity([{}]), zone: "a", wanted: false, because: "an empty term matches nothing" },
    { spec: affinity([{}, inZone("a")]), zone: "a", wanted: true, because: "terms are alternatives" },
    { spec: affinity([gt("cores", "7")]), zone: "a", wanted: true, because: "8 is more than 7" },
    { spec: affinity([gt("zone", "7")]), zone: "a", wanted: false, because: "a is no integer" },
  ])("is $wanted when $because", ({ spec, zone, wanted }) => {
    expect(pod(spec).matches(node(zone))).toBe(wanted);
  });

  function affinity(nodeSelectorTerms: object[]): object {
    return { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } };
  }
  function inZone(zone: string): object {
    return { matchExpressions: [{ key: "zone", operator: "In", values: [zone] }] };
  }
  function gt(key: string, bound: string): object {
    return { matchExpressions: [{ key, operator: "Gt", values: [bound] }] };
  }
});

describe("a toleration", () => {
  const taint = { key: "gpu", value: "true", effect: "NoSchedule" };
  it.each([
    { toleration: { operator: "Exists" }, wanted: true, because: "no key with Exists tolerates everything" },
    { toleration: { key: "gpu", value: "true" }, wanted: true, because: "Equal is the default" },
    {
      toleration: { key: "gpu", operator: "Exists", effect: "NoExecute" },
      wanted: false,
      because: "the effect differs",
    },
    { toleration: { key: "gpu", operator: "Gt", value: "1" }, wanted: false, because: "1.36 has Gt behind a gate" },
  ])("is $wanted: $because", ({ toleration, wanted }) => {
    expect(toleratesTaint(toleration, taint)).toBe(wanted);
  });
});
