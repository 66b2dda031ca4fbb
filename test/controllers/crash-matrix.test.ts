import { describe, expect, it } from "vitest";
import type { Effect } from "../../src/client/index.ts";
import { atRest } from "./at-rest.ts";
import { ControlPlane, type Strike } from "./control-plane.ts";
import { type Life, lives } from "./lives.ts";

/** Longer than an expectation that is never met; between two beats of a CronJob. */
const settleUs = 430_000_000;

function end(live: Life["live"], strike?: (effect: Effect) => Strike | undefined): unknown {
  const plane = new ControlPlane(strike);
  live(plane);
  plane.settle(settleUs);
  return atRest(plane);
}

describe.each(lives)("$client, struck at any of its requests while it $what", ({ client, live }) => {
  let requests = 0;
  const wanted = end(live, (effect) => {
    if (effect.do === "api" && effect.client === client) requests += 1;
    return undefined;
  });

  it.each([
    { when: "before", what: "it dies before the request is carried out" },
    { when: "after", what: "it dies before it has the reply" },
    { when: "refused", what: "the server is away" },
  ] as const)("comes to the same end when $what", ({ when }) => {
    expect(requests).toBeGreaterThan(0);
    for (let at = 1; at <= requests; at += 1) {
      let seen = 0;
      const strike = (effect: Effect): Strike | undefined => {
        if (effect.do !== "api" || effect.client !== client) return undefined;
        seen += 1;
        return seen === at ? when : undefined;
      };
      expect(end(live, strike), `${when} at request ${at} of ${requests}`).toEqual(wanted);
    }
  });
});
