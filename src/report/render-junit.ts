import type { RunResult } from "./run-result.ts";

/** JUnit XML: one test case an expectation, for CI systems. */
export function renderJunit(result: RunResult): string {
  const escape = (text: string): string =>
    text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
  const cases = result.expectations.map(({ text, held, measured }) => {
    const failure = held ? "" : `<failure message="${escape(`measured ${measured}`)}"/>`;
    return `  <testcase classname="${escape(result.scenario)}" name="${escape(text)}">${failure}</testcase>`;
  });
  const failures = result.expectations.filter(({ held }) => !held).length;
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="${escape(result.scenario)}" tests="${cases.length}" failures="${failures}">
${cases.join("\n")}
</testsuite>
`;
}
