import type { RunResult } from "./run-result.ts";

/** JUnit XML: one test case an expectation, for CI systems. */
export function renderJunit(result: RunResult): string {
  const escaped = (text: string): string =>
    text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
  const cases = result.expectations.map(({ text, held, measured }) => {
    const failure = held ? "" : `<failure message="${escaped(`measured ${measured}`)}"/>`;
    return `  <testcase classname="${escaped(result.scenario)}" name="${escaped(text)}">${failure}</testcase>`;
  });
  const failures = result.expectations.filter(({ held }) => !held).length;
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="${escaped(result.scenario)}" tests="${cases.length}" failures="${failures}">
${cases.join("\n")}
</testsuite>
`;
}
