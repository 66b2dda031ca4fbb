import type { NodeInfo } from "../../snapshot/node-info.ts";
import { gpuPlugin } from "./gpu-policy.ts";

/** One uniformly drawn feasible machine, and a random fitting GPU of it. */
export const randomPolicy = gpuPlugin({
  name: "Random",
  looksAtOneNode: "filter",
  create: (_args, random) => {
    let drawn: NodeInfo | undefined;
    return {
      preScore: (_state, _pod, nodes) => {
        drawn = nodes[Math.floor(random() * nodes.length)];
        return undefined;
      },
      score: (_request, _pod, node) => (node === drawn ? 100 : 0),
      choose: (fitting) => fitting[Math.floor(random() * fitting.length)]!,
    };
  },
});
