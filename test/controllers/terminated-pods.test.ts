import fc from "fast-check";
import { expect, it } from "vitest";
import { TerminatedPods } from "../../src/controllers/terminated-pods.ts";
import { compareText, formatTime, keyOf, type Pod } from "../../src/model/index.ts";

it("gives ended pods up evicted ones first, then by age, then by name, whatever came and went", () => {
  const pod = fc.record({
    name: fc.constantFrom("a", "a-b", "a.b", "b", "b-0", "c"),
    seconds: fc.nat({ max: 3 }),
    evicted: fc.boolean(),
    gone: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(pod, { maxLength: 30 }), fc.nat({ max: 8 }), (steps, count) => {
      const pods = new TerminatedPods();
      const model = new Map<string, Pod>();
      for (const { name, seconds, evicted, gone } of steps) {
        const metadata = { name, namespace: "ns", creationTimestamp: formatTime(seconds) };
        const object = { metadata, status: { reason: evicted ? "Evicted" : undefined } } as unknown as Pod;
        if (gone) {
          pods.delete(keyOf(object));
          model.delete(name);
        } else {
          pods.add(keyOf(object), object);
          model.set(name, object);
        }
      }
      const isEvicted = ({ status }: Pod): number => (status.reason === "Evicted" ? 0 : 1);
      const wanted = [...model.values()].sort(
        (a, b) =>
          isEvicted(a) - isEvicted(b) ||
          compareText(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
          compareText(a.metadata.name, b.metadata.name),
      );
      expect(pods.first(count)).toEqual(wanted.slice(0, count).map(keyOf));
      expect(pods.size).toBe(model.size);
    }),
  );
});
