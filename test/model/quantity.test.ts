import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addQuantities,
  bytesText,
  canonicalQuantity,
  compareQuantities,
  milliQuantityText,
  milliValue,
  quantityProblem,
  subtractQuantities,
  value,
} from "../../src/model/index.ts";

const quantity = fc
  .tuple(
    fc.constantFrom("", "-"),
    fc.integer({ min: 0, max: 999_999 }),
    fc.option(fc.integer({ min: 0, max: 999 }), { nil: undefined }),
    fc.constantFrom("", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3", "E2"),
  )
  .map(([sign, whole, decimals, suffix]) => `${sign}${whole}${decimals === undefined ? "" : `.${decimals}`}${suffix}`);

describe("a quantity", () => {
  it.each([
    { text: "1.5Gi", canonical: "1536Mi", because: "binary suffixes keep an integer mantissa" },
    { text: "0.5", canonical: "500m", because: "fractions become thousandths" },
    { text: "1000k", canonical: "1M", because: "the largest suffix wins" },
    { text: "1e3", canonical: "1e3", because: "the format is kept" },
    { text: "0.1n", canonical: "1n", because: "less than a billionth rounds up" },
    { text: "10E", canonical: "10E", because: "text stays exact beyond int64" },
  ])("$text is stored as $canonical: $because", ({ text, canonical }) => {
    expect(canonicalQuantity(text)).toBe(canonical);
  });

  it.each([
    { text: "100m", millis: 100, whole: 1 },
    { text: "128Mi", millis: 134_217_728_000, whole: 134_217_728 },
    { text: "1500m", millis: 1500, whole: 2 },
    { text: "2", millis: 2000, whole: 2 },
    { text: "0.1", millis: 100, whole: 1 },
    { text: "1G", millis: 1e12, whole: 1e9 },
  ])("$text is $millis thousandths and $whole whole, rounded up", ({ text, millis, whole }) => {
    expect(milliValue(text)).toBe(millis);
    expect(value(text)).toBe(whole);
  });

  it.each([
    { text: "", complaint: "quantities must match the regular expression" },
    { text: "1x", complaint: "quantities must match the regular expression" },
    { text: "1.2.3", complaint: "quantities must match the regular expression" },
    { text: "1Kii", complaint: "unable to parse quantity's suffix" },
  ])("$text is refused: $complaint", ({ text, complaint }) => {
    expect(quantityProblem(text)).toContain(complaint);
  });

  it("keeps its value through its canonical text, and that text is a fixed point once parsed to a value", () => {
    fc.assert(
      fc.property(quantity, (text) => {
        const canonical = canonicalQuantity(text);
        expect(compareQuantities(canonical, text)).toBe(0);
        expect(canonicalQuantity(canonical)).toBe(canonical);
        if (!text.startsWith("-")) expect(value(canonical)).toBe(value(text));
      }),
    );
  });

  it("adds in any order to the same value, and subtraction undoes addition", () => {
    fc.assert(
      fc.property(quantity, quantity, (left, right) => {
        const sum = addQuantities(left, right);
        expect(compareQuantities(sum, addQuantities(right, left))).toBe(0);
        expect(compareQuantities(subtractQuantities(sum, right), left)).toBe(0);
      }),
    );
  });

  it("is ordered like its thousandths", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (left, right) => {
        const order = compareQuantities(`${left}m`, `${right}m`);
        expect(order).toBe(Math.sign(left - right));
      }),
    );
  });

  it("prints integers so that they read back", () => {
    fc.assert(
      fc.property(fc.nat(), (number) => {
        expect(value(bytesText(number))).toBe(number);
        expect(milliValue(milliQuantityText(number))).toBe(number);
      }),
    );
  });
});
