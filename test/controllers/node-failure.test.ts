import { expect, it } from "vitest";
import type { LogEntry } from "../../src/apiserver/index.ts";
import { isPodReady, type Node, type Pod } from "../../src/model/index.ts";
import { simulate } from "../../src/simulate.ts";
import { smallScenario } from "../small-scenario.ts";

const cutSeconds = 60;

/** Seconds of the run at which things came to pass after a machine lost its power. */
function storyOf(seed: string): Record<"unknown" | "notReady" | "noExecute" | "deleted" | "replaced", number> {
  const scenario = smallScenario({
    duration: "12m",
    faults: [{ at: `${cutSeconds}s`, kind: "machine-crash", where: { runs: "deployment/web" } }],
  });
  const first = new Map<string, number>();
  const note = (what: string, entry: LogEntry): void => {
    const seconds = (entry.atUs - scenario.warmUpUs) / 1_000_000;
    if (seconds > cutSeconds && !first.has(what)) first.set(what, seconds);
  };
  simulate(scenario, seed, {
    onCommit: (entry) => {
      const { before, after } = entry;
      if (after?.kind === "Node" && before !== undefined) {
        const ready = (node: Node): string | undefined =>
          node.status.conditions?.find(({ type }) => type === "Ready")?.status;
        if (ready(after as Node) === "Unknown" && ready(before as Node) === "True") note("unknown", entry);
        if ((after as Node).spec.taints?.some(({ effect }) => effect === "NoExecute")) note("noExecute", entry);
      }
      if (after?.kind !== "Pod") return;
      if (before === undefined) note("replaced", entry);
      else if (isPodReady(before as Pod) && !isPodReady(after as Pod)) note("notReady", entry);
      if (after.metadata.deletionTimestamp !== undefined) note("deleted", entry);
    },
  });
  return Object.fromEntries(first) as ReturnType<typeof storyOf>;
}

it.each(["1", "2", "3", "4", "5"])(
  "a dead machine is noticed after 40 to 60 s and its pods are replaced 300 s later (seed %s)",
  (seed) => {
    const story = storyOf(seed);
    // 50 s after the pass that noticed the last renewal, which was up to 10 s before the cut.
    expect(story.unknown - cutSeconds).toBeGreaterThanOrEqual(40);
    expect(story.unknown - cutSeconds).toBeLessThanOrEqual(60);
    expect(story.notReady - story.unknown).toBeLessThan(0.1);
    expect(story.noExecute - story.unknown).toBeLessThan(0.25);
    // tolerationSeconds of the default tolerations, exact to 20 ms.
    expect(story.deleted - story.noExecute).toBeGreaterThanOrEqual(300);
    expect(story.deleted - story.noExecute).toBeLessThan(300.02);
    expect(story.replaced - story.deleted).toBeLessThan(0.05);
  },
);
