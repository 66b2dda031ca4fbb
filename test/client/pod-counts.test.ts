import fc from "fast-check";
import { expect, it } from "vitest";
import { type PodCount, PodCounts } from "../../src/client/pod-counts.ts";
import { controllerOf, isPodActive, isPodReady, isPodTerminal, type Pod, type Uid } from "../../src/model/index.ts";

const labelSets = [undefined, Object.freeze({ app: "a" }), Object.freeze({ app: "b" })];
const owners = ["x", "y"] as Uid[];

const pod = fc
  .record({
    owner: fc.constantFrom(undefined, ...owners),
    labels: fc.constantFrom(...labelSets),
    ready: fc.boolean(),
    going: fc.boolean(),
    phase: fc.constantFrom("Running", "Succeeded"),
  })
  .map(({ owner, labels, ready, going, phase }) => {
    const metadata = {
      labels,
      ...(going && { deletionTimestamp: "2026-01-01T00:00:00Z" }),
      ...(owner && { ownerReferences: [{ uid: owner, controller: true }] }),
    };
    const conditions = [{ type: "Ready", status: ready ? "True" : "False" }];
    return { metadata, spec: {}, status: { phase, conditions } } as unknown as Pod;
  });

it("counts what a walk over all pods would, whatever comes, changes and goes", () => {
  const change = fc.record({ name: fc.nat(4), after: fc.option(pod, { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const counts = new PodCounts();
      const pods = new Map<number, Pod>();
      for (const { name, after } of changes) {
        counts.note(pods.get(name), after);
        if (after === undefined) pods.delete(name);
        else pods.set(name, after);
      }
      for (const owner of owners) {
        const own = [...pods.values()].filter((one) => controllerOf(one)?.uid === owner);
        const walked = labelSets
          .map((labels) => countOf(own, labels))
          .filter((count) => count.pods > 0)
          .sort(byLabels);
        expect([...counts.of(owner)].sort(byLabels)).toEqual(walked);
      }
    }),
  );
});

function countOf(pods: readonly Pod[], labels: (typeof labelSets)[number]): PodCount {
  const same = pods.filter(({ metadata }) => metadata.labels === labels);
  return {
    labels,
    pods: same.length,
    active: same.filter(isPodActive).length,
    ready: same.filter((one) => isPodActive(one) && isPodReady(one)).length,
    terminating: same.filter((one) => one.metadata.deletionTimestamp !== undefined && !isPodTerminal(one)).length,
  };
}

const byLabels = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
