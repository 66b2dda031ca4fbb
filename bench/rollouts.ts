import { objectKey } from "../src/model/index.ts";
import { Simulation } from "../src/simulate.ts";
import { deploymentOf, equalMachines } from "./cluster.ts";

const podsPerDeployment = 30;
const machinesPerDeployment = 5;

/**
 * All Deployments of a cluster rolled at once: what one pod's replacement costs at three sizes, the largest 1,000 Deployments
 * of 30 pods on 5,000 machines. `npm run bench -- rollouts [machines …]`
 */
export function benchRollouts(asked: readonly number[]): void {
  const sizes = asked.length > 0 ? asked : [500, 1500, 5000];
  console.log("| machines | Deployments | pods | virtual min | wall s | events/pod | writes/pod | µs/event | µs/pod |");
  console.log("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
  for (const machines of sizes) {
    globalThis.gc?.();
    const names = Array.from({ length: machines / machinesPerDeployment }, (_, index) => `app-${index}`);
    const base = equalMachines(`rollouts-${machines}`, machines, "2h");
    const actions = names.map((name) => ({
      do: "rollout-restart" as const,
      atUs: base.warmUpUs,
      text: `restart ${name}`,
      kind: "Deployment",
      key: objectKey("default", name),
    }));
    const objects = names.map((name) => deploymentOf(name, podsPerDeployment));
    const simulation = new Simulation({ ...base, objects, actions }, "1");
    simulation.runUntil(base.warmUpUs - 1);
    const { store } = simulation.api;
    const [events, writes] = [simulation.loop.firedEvents, store.revision];
    const began = process.hrtime.bigint();
    let doneUs = base.warmUpUs;
    while (simulation.nowUs < simulation.endUs) {
      const seen = store.revision;
      simulation.runUntil(simulation.nowUs + 60_000_000);
      if (store.revision > seen) doneUs = simulation.nowUs;
    }
    const seconds = Number(process.hrtime.bigint() - began) / 1e9;
    const pods = names.length * podsPerDeployment;
    const fired = simulation.loop.firedEvents - events;
    const cells = [fired / pods, (store.revision - writes) / pods, (seconds * 1e6) / fired, (seconds * 1e6) / pods];
    const minutes = Math.round((doneUs - base.warmUpUs) / 60_000_000);
    console.log(
      `| ${machines} | ${names.length} | ${pods} | ${minutes} | ${seconds.toFixed(1)} | ${cells.map((cell) => cell.toFixed(1)).join(" | ")} |`,
    );
  }
}
