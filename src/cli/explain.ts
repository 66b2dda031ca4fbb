import { Command } from "commander";
import { loadExtensions } from "../experiment/index.ts";
import { readScenario, type Scenario, ScenarioError } from "../scenario/index.ts";
import { type ExplainedNode, type Explanation, missingText, type WaitingExplanation } from "../scheduler/index.ts";
import { Simulation } from "../simulate.ts";
import { instantOf } from "./instant.ts";
import { plainTable } from "./plain-table.ts";

interface ExplainOptions {
  readonly at?: string;
  readonly seed: string;
  readonly namespace: string;
  readonly json?: boolean;
}

/** A pod's last scheduling cycle up to the instant; or, while it waits, what would be decided at that instant. */
interface Answer {
  readonly pod: string;
  /** When the cycle was, RFC 3339; for a waiting pod the instant itself. */
  readonly at: string;
  readonly waiting?: Omit<WaitingExplanation, "explanation">;
  readonly explanation: Explanation;
}

/** Why a pod runs where it runs, or nowhere: the run is made again up to that scheduling cycle. */
export function explainCommand(): Command {
  return new Command("explain")
    .description("say why a pod was given its node, or what would give it one: every node by every plugin")
    .argument("<what...>", "[scenario] pod NAME (default: the scenario of the folder one stands in)")
    .option("--at <instant>", 'a clock time such as "09:41:30", or a duration after the start (default: the end)')
    .option("--seed <seed>", "luck of the run", "1")
    .option("-n, --namespace <namespace>", "the pod's namespace", "default")
    .option("--json", "the explanation as JSON on stdout and nothing else")
    .action(async (words: string[], options: ExplainOptions) => {
      const [name = "", kind = "", path = "."] = words.toReversed();
      if (!["pod", "pods", "po"].includes(kind) || words.length > 3)
        throw refused("BAD_ARGUMENTS", "[scenario] pod NAME", words.join(" "));
      const scenario = readScenario(path);
      const answer = await explainPod(scenario, `${options.namespace}/${name}`, options);
      process.stdout.write(options.json === true ? `${JSON.stringify(answer, undefined, 1)}\n` : answerText(answer));
    });
}

async function explainPod(scenario: Scenario, key: string, { at, seed }: ExplainOptions): Promise<Answer> {
  const atUs = instantOf(at, scenario);
  const extensions = await loadExtensions(scenario);
  const simulation = new Simulation(scenario, seed, { extensions });
  let cycles = 0;
  simulation.scheduler.onDecision(({ metadata }) => {
    if (`${metadata.namespace}/${metadata.name}` === key) cycles += 1;
  });
  simulation.runUntil(atUs);
  const waiting = simulation.scheduler.explainWaiting(key);
  if (waiting !== undefined) {
    const { explanation, ...how } = waiting;
    return { pod: key, at: simulation.clock.time(atUs), waiting: how, explanation };
  }
  if (cycles === 0) throw refused("NO_SUCH_POD", "a pod that the scheduler has met by then", key);
  return explainCycle(new Simulation(scenario, seed, { extensions }), key, cycles);
}

/** Runs up to the pod's cycle of that number; only this one is decided the slow way. */
function explainCycle(simulation: Simulation, key: string, number: number): Answer {
  let left = number;
  let answer: Answer | undefined;
  simulation.scheduler.onDecision(({ metadata }, _decision, why) => {
    if (`${metadata.namespace}/${metadata.name}` !== key) return;
    left -= 1;
    if (left === 0) answer = { pod: key, at: simulation.clock.time(simulation.nowUs), explanation: why() };
  });
  while (answer === undefined) simulation.step(1);
  return answer;
}

function refused(code: string, expected: string, found: string): ScenarioError {
  return new ScenarioError([{ code, at: { file: "explain", line: 1, column: 1 }, path: "", expected, found }]);
}

function answerText({ pod, at, waiting, explanation }: Answer): string {
  const { result, nodeName, message, nodes, feasibleNodes, evaluatedNodes, preemption, remedies } = explanation;
  const lines: string[] = [];
  if (waiting !== undefined) {
    const { place, attempts, rejectedBy } = waiting;
    const why = rejectedBy.length === 0 ? "" : `, rejected by ${rejectedBy.join(", ")}`;
    lines.push(`${pod} waits at ${at} (${place}, ${attempts} attempts${why}). If it were tried now:`);
  } else lines.push(`${pod} was decided about at ${at}:`);
  lines.push(result === "scheduled" ? `node ${nodeName}` : `no node: ${message}`);
  lines.push(
    `${nodes.length} nodes, ${evaluatedNodes} examined, ${feasibleNodes} feasible, by ${explanation.schedulerName}`,
  );
  const best = nodes.filter((node) => node.best).map(({ node }) => node);
  if (best.length > 1) lines.push(`tie set: ${best.join(", ")}; among equals the heap's order decides`);
  lines.push("", nodesTable(nodes));
  if (preemption !== undefined)
    lines.push(`preemption: ${preemption.victims.join(", ")} leave ${preemption.nominatedNodeName}`, "");
  if (remedies.length > 0) lines.push("It would fit with:");
  for (const { nodes: count, closest, missing } of remedies) {
    const where = count === 1 ? `on ${closest}` : `on ${closest}, the closest of ${count} nodes that lack the same`;
    lines.push(`  ${missing.join(", and ")} (${where})`);
  }
  return `${lines.join("\n").trimEnd()}\n`;
}

/** Nodes down, plugins across: `raw → normalized × weight = weighted`. */
function nodesTable(nodes: readonly ExplainedNode[]): string {
  const plugins = [...new Set(nodes.flatMap(({ scores }) => scores.map(({ plugin }) => plugin)))];
  const rows = nodes.map(({ node, sampled, rejections, scores, total, best, chosen }) => {
    const verdicts = rejections.map(
      ({ plugin, reasons, missing }) =>
        `${plugin}: ${reasons.join(", ")}${missing.length === 0 ? "" : ` [${missing.map(missingText).join(", ")}]`}`,
    );
    const cells = plugins.map((plugin) => {
      const score = scores.find((one) => one.plugin === plugin);
      return score === undefined ? "" : `${score.raw} → ${score.normalized} × ${score.weight} = ${score.weighted}`;
    });
    const mark = chosen ? "chosen" : best ? "tied" : "";
    const verdict = verdicts.length === 0 ? "fits" : verdicts.join("; ");
    return [node, sampled ? "yes" : "no", ...cells, String(total ?? ""), mark, verdict];
  });
  return plainTable(["NODE", "SAMPLED", ...plugins, "TOTAL", "", "VERDICT"], rows);
}
