import type { ApiServer } from "../apiserver/index.ts";
import type { Component } from "../client/index.ts";
import type { RandomStream } from "../sim/index.ts";
import type { World } from "../world/index.ts";
import type { Fault } from "./fault.ts";

/** What a fault may touch: the world, the server as a machine, and processes as such. Never a component's mind. */
export interface Struck {
  readonly world: World;
  readonly api: ApiServer;
  /** What the control plane is made of, by name. */
  readonly components: ReadonlyMap<string, Component>;
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
