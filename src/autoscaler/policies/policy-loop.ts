import { callProvider, LoopRunner, type Process, type Task, type View } from "../../client/index.ts";
import type { CloudCall, CloudReply, GroupListing } from "../../cloud/index.ts";
import type { MetricsApi } from "../../model/index.ts";
import { carryOut } from "./carry-out.ts";
import type { Order } from "./order.ts";
import type { Policy } from "./policy.ts";

export interface PolicyLoopOptions {
  readonly process: Process;
  readonly policy: Policy<unknown>;
  /** As the scenario has them. */
  readonly options: unknown;
  readonly metrics: MetricsApi;
  /** Of the beat of a policy that is not on the clock, below `everyUs`. */
  readonly phaseUs: number;
  /** Told of every order that was carried out, or refused. */
  readonly onOrder: (policy: string, order: Order, refusal: string | undefined) => void;
}

/** Runs a policy in a process: it looks on its beat, and what it orders is carried out one after the other. */
export function startPolicy({ process, policy, options, metrics, phaseUs, onOrder }: PolicyLoopOptions): void {
  const { everyUs, name, onTheClock = false } = policy;
  const ticker = { phaseUs: onTheClock ? clockPhaseUs(process, everyUs) : phaseUs, periodUs: everyUs };

  interface Remembered {
    readonly own: unknown;
    refused: Order[];
  }
  function* tick(view: View, memory: Remembered): Task<number | "asleep"> {
    const pools = policy.asksProvider === true ? yield* listPools() : [];
    const { nowUs } = view;
    const epochSeconds = Math.floor(view.clock.epochUs(nowUs) / 1_000_000);
    const { refused } = memory;
    const seen = { nowUs, epochSeconds, view, metrics, pools, refused };
    const { orders, lookAgainUs } = policy.decide(seen, memory.own, options);
    memory.refused = [];
    for (const order of orders) {
      const refusal = yield* carryOut(name, order);
      onOrder(name, order, refusal);
      if (refusal !== undefined) memory.refused.push(order);
    }
    if (memory.refused.length > 0 || lookAgainUs === undefined) return view.nowUs;
    return lookAgainUs === "never" ? "asleep" : lookAgainUs;
  }

  const memory = (): Remembered => ({ own: policy.memory(), refused: [] });
  new LoopRunner(process, { name: `policy/${name}`, ticker, watches: [], memory, tick });
}

function* listPools(): Task<readonly GroupListing[]> {
  const reply = yield* callProvider<CloudReply>({ operation: "refresh" } satisfies CloudCall);
  return (reply.ok && reply.groups) || [];
}

/** The first instant from 0 on that is a multiple of the period by the wall clock. */
function clockPhaseUs({ clock }: Process, periodUs: number): number {
  const epochUs = clock.epochUs(0);
  return (periodUs - (epochUs - Math.floor(epochUs / periodUs) * periodUs)) % periodUs;
}
