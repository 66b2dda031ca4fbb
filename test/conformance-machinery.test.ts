import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type CaseResult, Recordings } from "./conformance/area.ts";
import { machinery } from "./conformance/machinery.ts";

const recordings = new Recordings(join(import.meta.dirname, "conformance/machinery"));
const groups = new Map<string, CaseResult[]>();
for (const result of machinery.replay(recordings)) {
  groups.set(result.group, [...(groups.get(result.group) ?? []), result]);
}

/** Cases whose recording we do not follow, with the reason. */
const declined: ReadonlyMap<string, string> = new Map([
  ["pod-resources-0074", "the harness met upstream's quantities sharing memory (written 1.5Gi), which storage undoes"],
  ["validation-0130", "the harness ran without --allow-privileged"],
  ["strict-decoding-0028", "batch/v1beta1 is in client-go's scheme, but no server of 1.36 has it"],
  ["validation-0399", "the text shows a Go struct"],
  ["api-pod-life/7", "the recorder's next step took the version out of its copy"],
]);

/** Groups that are only counted. */
const notModelled = new Set(["server-side-apply"]);

describe("the recorded rules of API machinery", () => {
  it.each([...groups.keys()].filter((group) => !notModelled.has(group)))("%s answers as the real code did", (group) => {
    const differences = groups
      .get(group)!
      .filter(({ id, difference }) => difference !== undefined && !declined.has(id));
    expect(differences).toEqual([]);
  });
});
