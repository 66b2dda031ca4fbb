import type { ApiServer } from "../apiserver/index.ts";
import type { Process } from "../client/index.ts";
import type { RandomStream } from "../sim/index.ts";
import type { World } from "../world/index.ts";
import type { Fault } from "./fault.ts";

/** What a fault may touch: the world, the server as a machine, and processes as such. Never a component's mind. */
export interface Struck {
  readonly world: World;
  readonly api: ApiServer;
  /** Processes of the control plane by name. */
  readonly processes: ReadonlyMap<string, Process>;
}

/** What was struck, and how it heals; without `heal` there is nothing to undo. */
export interface Wound {
  readonly subject: string;
  /** Names of the machines among it, and keys of pods: whose story the report tells. */
  readonly machines?: readonly string[];
  readonly pods?: readonly string[];
  readonly heal?: () => void;
}

export type Strike<F extends Fault = Fault> = (fault: F, struck: Struck, random: RandomStream) => Wound;
