// npm run conformance -- AREA [DIR…]: replays recorded decisions of the real components and prints what differs.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CaseResult, Recordings } from "./area.ts";
import { areas } from "./areas.ts";

const [areaName, ...directories] = process.argv.slice(2);
const area = areas.find(({ name }) => name === areaName);
if (area === undefined) {
  console.error(`usage: npm run conformance -- AREA [DIR…]; areas: ${areas.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

const carried = join(dirname(fileURLToPath(import.meta.url)), "../../../test/conformance", area.carried ?? area.name);
const results: CaseResult[] = [];
for (const directory of directories.length > 0 ? directories : [carried]) {
  results.push(...area.replay(new Recordings(directory)));
}

const groups = new Map<string, CaseResult[]>();
for (const result of results) {
  const cases = groups.get(result.group);
  if (cases === undefined) groups.set(result.group, [result]);
  else cases.push(result);
}
let failed = 0;
for (const [group, cases] of groups) {
  const failures = cases.filter(({ difference }) => difference !== undefined);
  failed += failures.length;
  console.log(`${group}: ${cases.length - failures.length} of ${cases.length}`);
  for (const { id, figures } of cases) if (figures !== undefined) console.log(`  ${id}: ${figures}`);
  for (const { id, difference } of failures) console.log(`  ${id}: ${difference}`);
}
console.log(`${area.name}: ${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
