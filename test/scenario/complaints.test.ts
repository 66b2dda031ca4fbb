import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  admitManifests,
  complaintText,
  parseScenario,
  readManifestText,
  readScenario,
  ScenarioError,
} from "../../src/scenario/index.ts";

const valid = `apiVersion: seatrial.io/v1alpha1
kind: Scenario
metadata: { name: small }
spec:
  question: Does it run?
  duration: 10m
  start: 2026-03-02T09:00:00Z
  cluster:
    nodePools:
      - { name: general, instanceType: m6i.large, zones: [us-east-1a], min: 1 }
`;

function complaints(text: string, folder = "."): string[] {
  try {
    parseScenario(text, folder);
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    return error.complaints.map(complaintText);
  }
  return [];
}

describe("a scenario is refused with place, code, expected and found", () => {
  it.each([
    [
      "an unknown field",
      `${valid}  colour: red\n`,
      'scenario.yaml:11:3: spec.colour: expected a field that exists here, got "colour" [UNKNOWN_FIELD]',
    ],
    [
      "a missing field",
      valid.replace("  question: Does it run?\n", ""),
      "scenario.yaml:5:3: spec.question: expected a string, got nothing [MISSING_FIELD]",
    ],
    [
      "a wrong type",
      valid.replace("min: 1", "min: one"),
      'scenario.yaml:10:77: spec.cluster.nodePools[0].min: expected a number, got "one" [WRONG_TYPE]',
    ],
    [
      "a bad duration",
      valid.replace("10m", "soon"),
      'scenario.yaml:6:13: spec.duration: expected a duration such as "90s" or "1h30m", got "soon" [BAD_DURATION]',
    ],
    [
      "layers larger than their image",
      `${valid}  behavior:\n    - { for: deployment/web, image: { size: 10Mi, layers: [{ name: jdk, size: 20Mi }] } }\n`,
      'scenario.yaml:12:59: spec.behavior[0].image.layers: expected layers that are together no larger than the image, got [{"name":"jdk","size":"20Mi"}] [BAD_VALUE]',
    ],
    [
      "a layer twice",
      `${valid}  behavior:\n    - { for: deployment/web, image: { size: 9Mi, layers: [{ name: a, size: 1Mi }, { name: a, size: 1Mi }] } }\n`,
      'scenario.yaml:12:58: spec.behavior[0].image.layers: expected each layer once, got [{"name":"a","size":"1Mi"},{"name":"a","size":"1Mi"}] [DUPLICATE]',
    ],
    [
      "a bad instant",
      `${valid}  faults:\n    - { kind: machine-crash, at: soon, where: {} }\n`,
      'scenario.yaml:12:34: spec.faults[0].at: expected a clock time or a duration such as "90s", got "soon" [BAD_INSTANT]',
    ],
    [
      "an instant outside the run",
      `${valid}  faults:\n    - { kind: machine-crash, at: "09:20", where: {} }\n`,
      "[OUTSIDE_THE_RUN]",
    ],
    [
      "a machine nobody sells",
      valid.replace("m6i.large", "m6i.gigantic"),
      "spec.cluster.nodePools[0].instanceType: expected one of m6i.large,",
    ],
    [
      "a reference to nothing",
      `${valid}  behavior: [{ for: deployment/web }]\n`,
      'spec.behavior[0].for: expected a deployment that the manifests contain, got "deployment/web" [UNKNOWN_REFERENCE]',
    ],
    [
      "a wrong kind",
      valid.replace("kind: Scenario", "kind: Deployment"),
      'scenario.yaml:2:7: kind: expected "Scenario", got "Deployment" [WRONG_KIND]',
    ],
    [
      "a missing folder",
      `${valid}  manifests: [nowhere/]\n`,
      'nowhere/:1:1: expected a file or folder that exists, got "nowhere/" [MISSING_FILE]',
    ],
    [
      "a missing curve",
      `${valid}  traffic: [{ to: service/web, rate: { csv: no.csv, column: x } }]\n`,
      "[MISSING_FILE]",
    ],
    ["an empty file", "", "scenario.yaml:1:1: expected a scenario, got an empty file [EMPTY_FILE]"],
    ["text that is no YAML", "spec: [1, 2\nfoo: }", "[YAML_SYNTAX]"],
    ["a file of more than 1 MiB", `${valid}# ${"x".repeat(1_100_000)}`, "expected a scenario of at most 1 MiB"],
    ["binary data", "\0\0\0", "expected YAML text, got binary data [NOT_TEXT]"],
  ])("%s", (_what, text, complaint) => {
    expect(complaints(text).join("\n")).toContain(complaint);
  });

  it("an alias bomb", () => {
    const levels = Array.from(
      { length: 12 },
      (_, level) => `a${level + 1}: &a${level + 1} [${Array(9).fill(`*a${level}`).join(",")}]`,
    );
    expect(complaints(`a0: &a0 [x]\n${levels.join("\n")}\n`).join("\n")).toContain("[ALIAS_BOMB]");
  });

  it("all of it at once, from the top", () => {
    const codes = complaints(valid.replace("min: 1", "min: one").replace("10m", "soon").concat("  colour: red\n"));
    expect(codes.map((text) => /\[(\w+)\]$/.exec(text)![1])).toEqual(
      expect.arrayContaining(["BAD_DURATION", "WRONG_TYPE", "UNKNOWN_FIELD"]),
    );
    expect(codes).toHaveLength(3);
  });

  it("an empty folder, an empty manifest and what the API server would refuse, each in its own file", () => {
    const folder = mkdtempSync(join(tmpdir(), "seatrial-"));
    mkdirSync(join(folder, "empty"));
    writeFileSync(join(folder, "nothing.yaml"), "# nothing\n");
    writeFileSync(
      join(folder, "bad.yaml"),
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec:\n  replicas: -1\n  selector: { matchLabels: { app: web } }\n  template:\n    metadata: { labels: { app: web } }\n    spec: { containers: [{ name: c, image: nginx }] }\n",
    );
    writeFileSync(join(folder, "scenario.yaml"), `${valid}  manifests: [empty, nothing.yaml, bad.yaml]\n`);
    const found = (() => {
      try {
        readScenario(folder);
        return [];
      } catch (error) {
        return (error as ScenarioError).complaints.map(complaintText);
      }
    })();
    expect(found).toEqual([
      'bad.yaml:1:1: Deployment web: expected an object that the API server accepts, got Deployment.apps "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0 [REFUSED_BY_API_SERVER]',
      "empty:1:1: expected a folder with .yaml, .yml or .json files, got none [EMPTY_FOLDER]",
      "nothing.yaml:1:1: expected at least one object, got an empty file [EMPTY_FILE]",
    ]);
  });
});

it("a field that nobody knows is an assumption: the server drops it", () => {
  const text = `apiVersion: v1
kind: Pod
metadata: { name: web }
spec: { containers: [{ name: c, image: nginx, readynessProbe: { tcpSocket: { port: 80 } } }], nodeSelektor: { a: b } }
`;
  const { complaints, assumptions } = admitManifests(readManifestText("m.yaml", text).manifests);
  expect(complaints).toEqual([]);
  expect(assumptions).toEqual([
    'Pod web: unknown field "spec.containers[0].readynessProbe" is ignored (kubectl would refuse it)',
    'Pod web: unknown field "spec.nodeSelektor" is ignored (kubectl would refuse it)',
  ]);
});

describe("manifests are read as kubectl reads them", () => {
  const spec = (text: string): unknown =>
    (readManifestText("m.yaml", text).manifests[0]!.object as unknown as { data: unknown }).data;
  const configMap = (data: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\ndata:\n${data}`;

  it.each([
    ["YAML 1.1 booleans", "  on: yes\n", { true: true }],
    ["octals", "  mode: 0644\n", { mode: 420 }],
    ["no numbers to base 60", "  time: 12:30\n", { time: "12:30" }],
    ["no timestamps", "  day: 2026-03-02\n", { day: "2026-03-02" }],
    ["merge keys", "  base: &b { a: 1 }\n  more: { <<: *b, c: 2 }\n", { base: { a: 1 }, more: { a: 1, c: 2 } }],
  ])("%s", (_what, data, wanted) => {
    expect(spec(configMap(data))).toEqual(wanted);
  });

  it("takes lists apart and keeps several documents", () => {
    const item = "{ apiVersion: v1, kind: ConfigMap, metadata: { name: NAME } }";
    const text = `apiVersion: v1\nkind: List\nitems: [${item.replace("NAME", "a")}, ${item.replace("NAME", "b")}]\n---\n${item.replace("NAME", "c")}\n---\n`;
    expect(readManifestText("m.yaml", text).manifests.map(({ object }) => object.metadata.name)).toEqual([
      "a",
      "b",
      "c",
    ]);
  });
});
