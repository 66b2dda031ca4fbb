import type { Area } from "./area.ts";

/** Every area that can be replayed. */
export const areas: readonly Area[] = [];
