import { Process, type Surroundings } from "./client/index.ts";
import { drain } from "./people/index.ts";
import { handler, nextTickAt, phase, type RandomStream } from "./sim/index.ts";
import { type Machine, spotNoticeUs } from "./world/index.ts";

/** aws-node-termination-handler asks the machine's metadata service this often. */
const pollUs = 2_000_000;

/**
 * aws-node-termination-handler as it is installed: on a notice it cordons and drains the machine's node, with the pods' own
 * grace periods, until the machine is gone. One process stands for the one on each machine; their polls have one phase.
 */
export function startTerminationHandler(
  surroundings: Surroundings,
  random: RandomStream,
  told: (text: string) => void,
): Process {
  const { loop, world } = surroundings;
  const name = "aws-node-termination-handler";
  const process = new Process(surroundings, { name, limits: () => ({ perSecond: 20, burst: 30 }) });
  const ticker = { phaseUs: Math.floor(random() * pollUs), periodUs: pollUs };
  const notice = handler<Machine>(`${name}/notice`, (machine) => {
    if (!process.running || !machine.alive) return;
    const node = machine.spec.name;
    const options = { ignoreDaemonSets: true, force: true, deleteEmptyDirData: true, disableEviction: false };
    told(`cordons and drains ${node}`);
    process.run(drain(process, node, { ...options, timeoutUs: spotNoticeUs }), (refusal) => {
      told(refusal === undefined ? `has drained ${node}` : `${node}: ${refusal}`);
    });
  });
  world.onChange((change) => {
    if (change.what !== "machine-notice") return;
    loop.schedule(nextTickAt(ticker, loop.nowUs), phase.decide, notice, change.machine);
  });
  return process;
}
