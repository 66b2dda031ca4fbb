import fc from "fast-check";
import { expect, it } from "vitest";
import { RecentMap } from "../../src/model/recent-map.ts";

it("keeps what was set last, as a Map does whose oldest key is deleted", () => {
  const keys = ["a", "b", "c", "d", "e", "f"];
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...keys), fc.nat()), { maxLength: 40 }), (sets) => {
      const recent = new RecentMap<number>(3);
      const plain = new Map<string, number>();
      for (const [key, value] of sets) {
        recent.set(key, value);
        plain.delete(key);
        plain.set(key, value);
        if (plain.size > 3) plain.delete(plain.keys().next().value!);
        expect(keys.map((one) => recent.get(one))).toEqual(keys.map((one) => plain.get(one)));
      }
    }),
  );
});
