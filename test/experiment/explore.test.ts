import { describe, expect, it } from "vitest";
import { asFault, type DrawnFault, explore, faultText, strike } from "../../src/experiment/index.ts";
import { callApi, defineController, defineInvariant, type Outcome, type Task } from "../../src/index.ts";
import { type Deployment, keyOf, type Pod } from "../../src/model/index.ts";
import type { Scenario } from "../../src/scenario/index.ts";
import { smallScenario } from "../small-scenario.ts";

const base = smallScenario();

/** An operator with a mistake: once a pod of it is deleted it scales its Deployment down, and never up again. */
const fearful = defineController<undefined>({
  name: "fearful-operator",
  workers: 1,
  memory: () => undefined,
  watches: [
    {
      kind: "Pod",
      keys: ({ before, after }: { before: Pod | undefined; after: Pod | undefined }) =>
        after === undefined && before !== undefined ? [`${before.metadata.namespace}/web` as never] : [],
    },
  ],
  *reconcile(key): Task<Outcome> {
    const change = (stored: Deployment): Deployment => ({ ...stored, spec: { ...stored.spec, replicas: 1 } });
    yield* callApi("fearful-operator", { verb: "patch", kind: "Deployment", key, part: "main", change });
    return "done";
  },
});

const staysAtFour = defineInvariant({
  name: "web keeps its four replicas",
  watch: ({ violate }) => ({
    onCommit({ after }) {
      if (after?.kind === "Deployment" && (after as Deployment).spec.replicas !== 4)
        violate(`${keyOf(after)} has another size`);
    },
  }),
});

describe("explore", () => {
  it("finds nothing wrong in a cluster of stock components", { timeout: 120_000 }, () => {
    expect(explore(base, "1", 25)).toMatchObject({ runs: 25, failure: undefined });
  });

  it("finds an operator's mistake, and shrinks what brings it about to a fault or two", { timeout: 120_000 }, () => {
    const { failure } = explore(base, "1", 40, [{ controllers: [fearful], invariants: [staysAtFour] }]);
    expect(failure?.why).toContain("web keeps its four replicas");
    expect(failure?.faults.length).toBeLessThanOrEqual(2);
    const again = strike(base, "1", failure!.faults, failure!.deliveryJitterUs, [
      { controllers: [fearful], invariants: [staysAtFour] },
    ]);
    expect(again).toBe(failure!.why);
  });
});

it.each<DrawnFault["kind"]>(["machine-crash", "network-partition", "pod-kill", "component-crash", "api-server-outage"])(
  "writes a drawn %s so that a scenario reads the same fault",
  (kind) => {
    const drawn: DrawnFault = { atSeconds: 30, forSeconds: 60, kind, which: 1 };
    const { atUs, kind: made } = asFault(drawn, base);
    const read: Scenario = smallScenario({ faults: [faultText(drawn, base)] });
    expect(read.faults[0]).toMatchObject({
      kind: made,
      atUs,
      ...(kind === "pod-kill" ? { count: 2 } : { forUs: 60_000_000 }),
    });
  },
);
