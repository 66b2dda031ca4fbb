import type { Expectations, OwnWrites } from "../../client/index.ts";
import type { ObjectKey } from "../../model/index.ts";
import type { BackoffRecord } from "./backoff.ts";

/** What the Job controller knows beyond its cache; lost with the process. */
export interface JobMemory {
  readonly expectations: Expectations;
  readonly own: OwnWrites;
  readonly backoff: Map<ObjectKey, BackoffRecord>;
}
