import { join } from "node:path";
import { expect, it } from "vitest";
import { Recordings } from "./conformance/area.ts";
import { kubectl } from "./conformance/kubectl.ts";

it("lists of one kind, and what is said of bad manifests, read as kubectl has them", () => {
  const results = [...kubectl.replay(new Recordings(join(import.meta.dirname, "conformance/kubectl")))];
  // k025 began 82 ms before a second was full, and was answered after.
  expect(results.filter(({ difference }) => difference !== undefined).map(({ id }) => id)).toEqual(["k025"]);
  expect(results.length).toBe(48);
});
