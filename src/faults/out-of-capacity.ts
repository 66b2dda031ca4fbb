import type { Fault } from "./fault.ts";
import type { Strike } from "./strike.ts";

/** The provider has no such machines to sell in some zones. */
export const outOfCapacity: Strike<Extract<Fault, { kind: "out-of-capacity" }>> = ({ sales, what }, { world }) => {
  const fresh = sales.filter((sale) => !world.soldOut.has(sale));
  for (const sale of fresh) world.soldOut.add(sale);
  return {
    subject: what,
    heal: () => {
      for (const sale of fresh) world.soldOut.delete(sale);
    },
  };
};
