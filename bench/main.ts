// npm run bench -- AREA [NAME]: measures on built JavaScript in plain Node and prints what came out.
import { benchCluster } from "./cluster.ts";
import { benchClusterAutoscaler } from "./cluster-autoscaler.ts";
import { benchEventQueue } from "./event-queue.ts";
import { benchHpa } from "./hpa.ts";
import { benchKubelets } from "./kubelet.ts";
import { benchReplay } from "./replay.ts";
import { benchRollouts } from "./rollouts.ts";
import { benchScenarios } from "./scenarios.ts";
import { benchScheduler } from "./scheduler.ts";

const benches: Readonly<Record<string, () => void>> = {
  "event-queue": benchEventQueue,
  scenarios: benchScenarios,
  cluster: () => benchCluster(process.argv.slice(3).map(Number)),
  rollouts: () => benchRollouts(process.argv.slice(3).map(Number)),
  kubelet: benchKubelets,
  scheduler: benchScheduler,
  replay: benchReplay,
  "cluster-autoscaler": benchClusterAutoscaler,
  hpa: benchHpa,
};

const bench = benches[process.argv[2] ?? ""];
if (bench === undefined) {
  console.error(`usage: npm run bench -- AREA [NAME]; areas: ${Object.keys(benches).join(", ")}`);
  process.exit(2);
}
bench();
