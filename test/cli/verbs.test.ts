import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { runResultSchema } from "../../src/report/index.ts";
import { built } from "../build.ts";

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "seatrial-cli-"));

/** Runs the command line from a folder that is not the checkout. */
function seatrial(...words: string[]): { readonly code: number | null; readonly out: string; readonly err: string } {
  const main = join(built, "src/cli/main.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], { cwd: folder, encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
}

beforeAll(() => {
  expect(seatrial("init", "mine").code).toBe(0);
});

describe("the command line", () => {
  it("runs what init wrote, prints the answer and writes three reports", () => {
    const { code, out } = seatrial("run", "mine", "--quiet");
    expect([code, out]).toEqual([0, ""]);
    for (const ending of ["html", "md", "json"])
      expect(existsSync(join(folder, "reports", `my-scenario.${ending}`))).toBe(true);
  });

  it("prints the result and nothing else with --json; progress and times go to stderr", () => {
    const { out, err } = seatrial("run", "mine", "--json");
    expect(runResultSchema.parse(JSON.parse(out)).scenario).toBe("my-scenario");
    expect(err).toMatch(/s of virtual time in \d+ ms/);
  });

  it("uses no colour where there is no terminal", () => {
    expect(seatrial("run", "mine").out).not.toContain("\u001b");
  });

  it("ends with 1 when an expectation fails, and says which", () => {
    const text = readFileSync(join(folder, "mine/scenario.yaml"), "utf8");
    writeFileSync(join(folder, "mine/strict.yaml"), text.replace('">= 95%"', '">= 100%"'));
    const { code, out } = seatrial("run", "mine/strict.yaml");
    expect(code).toBe(1);
    expect(out).toContain("No: 1 of 2 expectations failed: web availability >= 100%");
  });

  it.each([
    ["a scenario with mistakes", ["run", "bad.yaml"], "bad.yaml:1:1: expected a scenario that exists"],
    ["an unknown verb", ["sail"], "unknown command"],
    ["an unknown option", ["run", "mine", "--fast"], "unknown option"],
    ["an instant that is none", ["inspect", "mine", "--at", "soon"], "BAD_INSTANT"],
  ])("ends with 2 and no stack trace for %s", (_what, words, text) => {
    const { code, err } = seatrial(...words);
    expect(code).toBe(2);
    expect(err).toContain(text);
    expect(err).not.toMatch(/^\s+at /m);
  });

  it("inspects objects at an instant, with kubectl's columns", () => {
    const { out } = seatrial("inspect", "mine", "nodes", "--at", "09:18");
    expect(out.split("\n")[0]).toMatch(/^NAME\s+STATUS\s+ROLES\s+AGE\s+VERSION/);
    expect(out).toContain("NotReady");
  });

  it("describes an object: main fields, conditions, events", () => {
    const { code, out } = seatrial("describe", "mine", "deployment", "web", "--at", "09:02");
    expect(code).toBe(0);
    expect(out).toMatch(/^Name: +web\nNamespace: +default\n/);
    expect(out).toMatch(/Replicas: +\d+ desired \| \d+ updated \| \d+ total/);
    expect(out).toMatch(/Available +True +MinimumReplicasAvailable/);
    expect(out).toMatch(/Normal +ScalingReplicaSet +\S+ +deployment-controller +Scaled up replica set web-/);
    const { code: refused, err } = seatrial("describe", "mine", "deploy", "nobody");
    expect(refused).toBe(2);
    expect(err).toContain("NO_SUCH_OBJECT");
  });

  it("explains a bound pod by its scheduling cycle, and a waiting one by what it lacks", () => {
    const text = readFileSync(join(folder, "mine/manifests/web.yaml"), "utf8");
    const pod = (name: string, cpu: string): string =>
      `\n---\napiVersion: v1\nkind: Pod\nmetadata: { name: ${name} }\nspec: { containers: [{ name: c, image: x:1, resources: { requests: { cpu: ${cpu} } } }] }\n`;
    mkdirSync(join(folder, "pods/manifests"), { recursive: true });
    writeFileSync(join(folder, "pods/manifests/web.yaml"), text + pod("small", "100m") + pod("huge", '"64"'));
    writeFileSync(join(folder, "pods/scenario.yaml"), readFileSync(join(folder, "mine/scenario.yaml"), "utf8"));
    const bound = JSON.parse(seatrial("explain", "pods", "pod", "small", "--json").out);
    expect(bound.waiting).toBeUndefined();
    expect(bound.explanation.nodes.filter(({ chosen }: { chosen: boolean }) => chosen)).toHaveLength(1);
    const { code, out } = seatrial("explain", "pods", "pod", "huge", "--at", "09:05");
    expect(code).toBe(0);
    expect(out).toMatch(/waits at .*09:05:00Z \(unschedulable, \d+ attempts, rejected by NodeResourcesFit\)/);
    expect(out).toContain("cpu on a bigger node");
    expect(seatrial("explain", "pods", "pod", "nobody").err).toContain("NO_SUCH_POD");
  });

  it("imports an openb trace: six policies compared, and a scenario that replays it", () => {
    const nodes = ["n0,64000,262144,2,P100", "n1,96000,393216,8,G2", "n2,96000,393216,8,G2"];
    const pods = Array.from({ length: 40 }, (_, at) => {
      const gpu = at % 4 === 0 ? "0,0" : at % 4 === 1 ? "1,1000" : `1,${at % 2 === 0 ? 470 : 810}`;
      const created = 9_676_800 + 1_000 * at;
      return `p${at},4000,8192,${gpu},,LS,Running,${created},${created + 600},${created}`;
    });
    const head =
      "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time";
    writeFileSync(join(folder, "nodes.csv"), ["sn,cpu_milli,memory_mib,gpu,model", ...nodes, ""].join("\n"));
    writeFileSync(join(folder, "pods.csv"), [head, ...pods, ""].join("\n"));
    const { code, out } = seatrial(
      "import",
      "openb",
      "nodes.csv",
      "pods.csv",
      "-o",
      "openb",
      "--seeds",
      "2",
      "--quiet",
      "--json",
    );
    expect(code).toBe(0);
    const { policies, gpus } = JSON.parse(out);
    expect(gpus).toBe(18);
    expect(policies.map(({ policy }: { policy: string }) => policy).sort()).toEqual([
      "BestFit",
      "DotProd",
      "FGD",
      "GpuClustering",
      "GpuPacking",
      "Random",
    ]);
    for (const { allocated } of policies) expect(allocated.mean).toHaveLength(131);
    for (const file of ["fill.html", "fill.md", "fill.json", "policies/FGD.yaml"])
      expect(existsSync(join(folder, "openb", file))).toBe(true);
    expect(seatrial("run", "openb", "--quiet").code).toBe(0);
    const [first] = JSON.parse(seatrial("inspect", "openb", "pods", "--json", "--at", "+5m").out).items;
    expect(first.spec.nodeName).toBeDefined();
    expect(seatrial("import", "openb", "pods.csv", "pods.csv").err).toContain("pods.csv:1:1: expected a column sn");
  });

  it("compares an overlay with its scenario over seeds", () => {
    writeFileSync(
      join(folder, "bigger.yaml"),
      "spec: { cluster: { nodePools: [{ name: general, instanceType: m6i.xlarge, min: 3, max: 6 }] } }\n",
    );
    const { code, out } = seatrial("compare", "mine", "--overlay", "bigger.yaml", "--seeds", "3", "--json", "--quiet");
    expect(code).toBe(0);
    const { variants, rows } = JSON.parse(out);
    expect(variants).toEqual(["mine", "bigger"]);
    const cost = rows.find(({ measure }: { measure: string }) => measure === "cost");
    expect(cost.differences[0].mean).toBeGreaterThan(0);
  });

  it("plans the smallest pool and names the seed that one machine less fails under", () => {
    const text = readFileSync(join(folder, "mine/scenario.yaml"), "utf8");
    writeFileSync(
      join(folder, "mine/plan.yaml"),
      text.replace('{ cost: "< 1 USD" }', '{ workload: deployment/web, ready: ">= 2" }'),
    );
    const { code, out } = seatrial("plan", "mine/plan.yaml", "--least", "1", "--most", "6", "--seeds", "2", "--json");
    expect(code).toBe(0);
    const { machines, oneLess } = JSON.parse(out);
    expect(machines).toBeGreaterThan(1);
    expect(oneLess.broken.length).toBeGreaterThan(0);
  });

  it("prints the JSON Schemas of scenarios and results", () => {
    expect(JSON.parse(seatrial("schema").out).properties.spec.properties.faults.type).toBe("array");
    expect(JSON.parse(seatrial("schema", "--result").out).properties.digest.type).toBe("string");
  });

  it("validates every shipped scenario", () => {
    const { code, out } = seatrial("validate", join(root, "scenarios/market-open"), join(root, "scenarios/quiet-day"));
    expect([code, out.split("\n").length]).toEqual([0, 3]);
  });
});
