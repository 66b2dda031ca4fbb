import type { Strike } from "./strike.ts";

/** The provider refuses every call: the account has made too many. */
export const cloudThrottling: Strike = (_fault, { world }) => {
  world.callsThrottled = true;
  return {
    subject: "the provider",
    heal: () => {
      world.callsThrottled = false;
    },
  };
};
