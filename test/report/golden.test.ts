import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { comparisonMarkdown } from "../../src/cli/comparison-text.ts";
import { echartsSource } from "../../src/cli/echarts-source.ts";
import { compare, inProcess } from "../../src/experiment/index.ts";
import { renderHtml, renderMarkdown, runResultSchema } from "../../src/report/index.ts";
import { readOverlaid, readScenario } from "../../src/scenario/index.ts";
import { simulate } from "../../src/simulate.ts";

const root = resolve(import.meta.dirname, "../..");
const names = readdirSync(join(root, "scenarios")).sort();

describe("every shipped scenario is answered as reported, to the byte (npm run reports writes them anew)", () => {
  it.each(names)("%s", async (name) => {
    const result = simulate(readScenario(join(root, "scenarios", name)), "1");
    expect(result.violations).toEqual([]);
    expect(runResultSchema.parse(result)).toEqual(result);
    expect(renderMarkdown(result)).toBe(readFileSync(join(root, "reports", `${name}.md`), "utf8"));
    expect(`${JSON.stringify(result, undefined, 1)}\n`).toBe(
      readFileSync(join(root, "reports", `${name}.json`), "utf8"),
    );
    expect(renderHtml(result, echartsSource()) === readFileSync(join(root, "reports", `${name}.html`), "utf8")).toBe(
      true,
    );
  });
});

it.each([
  ["flapping", "calm"],
  ["ice", "plenty"],
])(
  "%s is compared with %s as reported (npm run reports; that of open-policies takes too long here)",
  async (name, overlay) => {
    const folder = join(root, "scenarios", name);
    const variants = [
      { name, scenario: readScenario(folder) },
      { name: overlay, scenario: readOverlaid(folder, join(folder, "overlays", `${overlay}.yaml`)) },
    ];
    const comparison = await compare(variants, ["1", "2", "3", "4", "5"], inProcess());
    const command = `npx . compare scenarios/${name} --overlay scenarios/${name}/overlays/${overlay}.yaml --seed 1 --seeds 5`;
    expect(comparisonMarkdown(comparison, variants, command)).toBe(
      readFileSync(join(root, "reports", `${name}-compare.md`), "utf8"),
    );
  },
);

it("the shipped market open holds, and its sibling with all defaults fails and says why", () => {
  const verdict = (name: string): unknown =>
    JSON.parse(readFileSync(join(root, "reports", `${name}.json`), "utf8")).verdict;
  expect([verdict("market-open"), verdict("market-open-defaults")]).toEqual(["held", "failed"]);
});

it("a result is bounded in size, however long the run", () => {
  const day = readFileSync(join(root, "reports", "quiet-day.json"), "utf8");
  expect(day.length).toBeLessThan(500_000);
});

it("a service's books balance in every report", () => {
  for (const name of names) {
    const { services } = JSON.parse(readFileSync(join(root, "reports", `${name}.json`), "utf8"));
    for (const { arrived, served, refused, timedOut, failedCalls, waiting } of services) {
      expect(arrived).toBe(served + refused + timedOut + failedCalls + waiting);
    }
  }
});
