import type { ApiServer, LogEntry } from "../apiserver/index.ts";
import type { World, WorldChange } from "../world/index.ts";

/** What a checker may look at. It changes nothing. */
export interface Checked {
  readonly api: ApiServer;
  readonly world: World;
  readonly nowUs: () => number;
  /** Says that the invariant does not hold, and how. */
  readonly violate: (detail: string) => void;
}

/** Requests of one service over one stretch, as far as conservation is concerned. */
export interface Books {
  readonly service: string;
  readonly arrived: number;
  readonly served: number;
  readonly failed: { readonly refused: number; readonly timedOut: number; readonly calls: number };
  readonly waiting: number;
}

export interface Checker {
  onCommit?(entry: LogEntry): void;
  onWorld?(change: WorldChange): void;
  onStretch?(books: Books): void;
  /** At the end of the run. */
  finish?(): void;
}

/** A sentence that holds at every instant of every run, and the code that watches it. */
export interface Invariant {
  readonly name: string;
  watch(checked: Checked): Checker;
}

/** Declares an invariant of one's own. */
export function defineInvariant(invariant: Invariant): Invariant {
  return invariant;
}
