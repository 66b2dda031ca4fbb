import type { Area } from "./area.ts";
import { machinery } from "./machinery.ts";

/** Every area that can be replayed. */
export const areas: readonly Area[] = [machinery];
