import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { echartsSource } from "../../src/cli/echarts-source.ts";
import { renderHtml, renderMarkdown, runResultSchema } from "../../src/report/index.ts";
import { readScenario } from "../../src/scenario/index.ts";
import { simulate } from "../../src/simulate.ts";
import { built } from "../build.ts";

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

it.each(names.filter((name) => existsSync(join(root, "scenarios", name, "overlays"))))(
  "%s is compared with its overlays as reported, by the command that the report names",
  (name) => {
    const file = `${name}-compare.md`;
    const reported = readFileSync(join(root, "reports", file), "utf8");
    const [, words] = /npx \. (compare [^`\n]*)/.exec(reported)!;
    const out = mkdtempSync(join(tmpdir(), "seatrial-"));
    const main = join(built, "src/cli/main.js");
    execFileSync(process.execPath, [main, ...words!.split(" "), "--out", out, "--quiet"], { cwd: root });
    expect(readFileSync(join(out, file), "utf8")).toBe(reported);
  },
  120_000,
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
