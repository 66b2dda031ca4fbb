import { type Books, defineInvariant } from "./invariant.ts";

/** Of every service, to the last request: what waited and arrived was served, failed or waits. */
export const requestsConserved = defineInvariant({
  name: "requests are conserved",
  watch({ violate }) {
    const waiting = new Map<string, number>();
    return {
      onStretch({ service, arrived, served, failed, waiting: left }: Books) {
        const before = waiting.get(service) ?? 0;
        const after = served + failed.refused + failed.timedOut + failed.calls + left;
        if (before + arrived !== after)
          violate(`${service}: ${before} waiting and ${arrived} arrived, but ${after} accounted for`);
        waiting.set(service, left);
      },
    };
  },
});
