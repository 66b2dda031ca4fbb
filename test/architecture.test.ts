import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, it } from "vitest";

/** The house, top to bottom: a folder imports only folders above it. */
const house = [
  "sim",
  "model",
  "world",
  "apiserver",
  "client",
  "metrics",
  "scheduler",
  "controllers",
  "cloud",
  "autoscaler",
  "node",
  "traffic",
  "faults",
  "checkers",
  "scenario",
  "people",
  "report",
  "experiment",
  "server",
  "cli",
];
/** These share the world and the API, and never import each other; the autoscaler's two exceptions are DESIGN's. */
const strangers = new Set([
  "metrics",
  "scheduler",
  "controllers",
  "cloud",
  "autoscaler",
  "node",
  "traffic",
  "faults",
  "checkers",
]);
const exceptions = new Set(["autoscaler → scheduler", "autoscaler → cloud"]);
/** Files on top of all folders: the composition root and the library's door. */
const roof = ["simulate.ts", "control-plane.ts", "index.ts", "extension.ts", "kube-controller-manager.ts"];

const source = resolve(import.meta.dirname, "../src");
const files = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .sort();
const text = (file: string): string => readFileSync(join(source, file), "utf8");
const folderOf = (file: string): string => (file.includes("/") ? file.slice(0, file.indexOf("/")) : "");

function importsOf(file: string): { readonly target: string; readonly specifier: string }[] {
  const imports: { target: string; specifier: string }[] = [];
  for (const [, specifier] of text(file).matchAll(/(?:from|import)\s+"(\.[^"]+)"/g)) {
    imports.push({ specifier: specifier!, target: relative(source, resolve(source, dirname(file), specifier!)) });
  }
  return imports;
}

it("imports only folders above, and components never each other", () => {
  const wrong: string[] = [];
  for (const file of files) {
    const from = folderOf(file);
    if (from === "") continue;
    for (const { target } of importsOf(file)) {
      const to = folderOf(target);
      if (to === from) continue;
      if (to === "") {
        const root = ["experiment", "server", "cli"].includes(from) && roof.includes(target);
        if (!root) wrong.push(`${file} → ${target}`);
        continue;
      }
      const edge = `${from} → ${to}`;
      if (house.indexOf(to) > house.indexOf(from)) wrong.push(`${file}: ${edge} points down`);
      else if (strangers.has(from) && strangers.has(to) && !exceptions.has(edge)) wrong.push(`${file}: ${edge}`);
    }
  }
  expect(wrong).toEqual([]);
});

it("enters other folders by their door", () => {
  const wrong: string[] = [];
  for (const file of files) {
    for (const { target } of importsOf(file)) {
      const to = folderOf(target);
      if (to !== "" && to !== folderOf(file) && target !== `${to}/index.ts`) wrong.push(`${file} → ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});

it.each([
  ["a clock", /\bDate\b|\bperformance\b|hrtime|setTimeout|setInterval|setImmediate/],
  ["unseeded chance", /Math\.random|crypto\.|randomUUID/],
  ["a locale or a time zone", /localeCompare|toLocale|\bIntl\b/],
  [
    "mathematics that differ between Node versions",
    /Math\.(pow|exp|expm1|log|log2|log10|log1p|sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|cbrt|hypot)\b|\*\*/,
  ],
])("asks the machine for nothing inside a run: %s", (_what, pattern) => {
  const edge = new Set(["cli", "experiment", "server"]);
  // Zones become data where the scenario is read; nothing inside a run asks for them.
  const allowed = new Set(["scenario/time-zones.ts"]);
  const wrong: string[] = [];
  for (const file of files) {
    if (edge.has(folderOf(file)) || allowed.has(file)) continue;
    const code = text(file)
      .replaceAll(/\/\*[\s\S]*?\*\//g, "")
      .replaceAll(/\/\/.*$/gm, "")
      .replaceAll(/"(?:[^"\\\n]|\\.)*"/g, '""')
      .replaceAll(/`[^`]*`/g, "``");
    for (const [index, line] of code.split("\n").entries())
      if (pattern.test(line)) wrong.push(`${file}:${index + 1}: ${line.trim()}`);
  }
  expect(wrong).toEqual([]);
});

it("has no module-level variable", () => {
  const wrong = files.filter((file) => /^(?:export )?let /m.test(text(file)));
  expect(wrong).toEqual([]);
});
