import type { Area } from "./area.ts";
import { quantity } from "./machinery-quantity.ts";

/** Small rules of API machinery; /work/shared/conformance/machinery/README.md describes each group. */
export const machinery: Area = {
  name: "machinery",
  *replay(recordings) {
    yield* quantity(recordings);
  },
};
