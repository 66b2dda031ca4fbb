import { callProvider, type Process, type Task, waitUntil } from "../client/index.ts";
import type { CloudCall, CloudReply } from "../cloud/index.ts";
import { type Node, objectKey } from "../model/index.ts";
import type { Action } from "../scenario/index.ts";
import type { Machine } from "../world/index.ts";
import { cordon, drain } from "./drain.ts";
import type { Refusal } from "./kubectl.ts";

type Upgrade = Extract<Action, { do: "upgrade" }>;

/** Who upgrades looks so often whether a machine is ready. */
const readyRetryUs = 5_000_000;
/** A machine that is not ready after this ends the upgrade. */
const readyTimeoutUs = 1_200_000_000;

/** An upgrade of a cluster's machines: pool by pool, each old machine replaced by a new one or restarted in its place. */
export function* upgrade(process: Process, action: Upgrade): Task<Refusal> {
  for (const pool of action.pools) {
    const old = process.surroundings.world.machines.filter(
      ({ spec, releasedAtUs }) => spec.pool === pool && releasedAtUs === undefined,
    );
    const width = action.mode === "surge" ? action.maxSurge : 1;
    for (let first = 0; first < old.length; first += width) {
      const batch = old.slice(first, first + width).filter(({ releasedAtUs }) => releasedAtUs === undefined);
      const refusal =
        action.mode === "surge" ? yield* replace(process, pool, batch, action) : yield* restart(process, batch, action);
      if (refusal !== undefined) return refusal;
    }
  }
  return undefined;
}

/** Buys as many, waits until they are ready, drains the old ones and gives them back. */
function* replace(process: Process, pool: string, old: readonly Machine[], action: Upgrade): Task<Refusal> {
  const { world } = process.surroundings;
  const before = new Set(world.machines);
  const bought = yield* callProvider<CloudReply>({
    operation: "increaseSize",
    group: pool,
    delta: old.length,
  } as CloudCall);
  if (!bought.ok) return `pool ${pool}: ${bought.error}`;
  const young = (): string[] =>
    world.machines.filter((machine) => !before.has(machine) && machine.spec.pool === pool).map(({ spec }) => spec.name);
  const ready = yield* untilReady(process, () => young().filter((name) => isReady(process, name)).length >= old.length);
  if (!ready) return `pool ${pool}: the new machines are not ready`;
  for (const { spec } of old) {
    const refusal = yield* drain(process, spec.name, action);
    if (refusal !== undefined) return refusal;
  }
  const nodes = old.map(({ spec }) => spec.name);
  const released = yield* callProvider<CloudReply>({ operation: "deleteNodes", group: pool, nodes } as CloudCall);
  return released.ok ? undefined : `pool ${pool}: ${released.error}`;
}

/** Drains a machine, switches it off and on again, and lets pods come back. */
function* restart(process: Process, machines: readonly Machine[], action: Upgrade): Task<Refusal> {
  const { world } = process.surroundings;
  for (const machine of machines) {
    const { name } = machine.spec;
    const refusal = yield* drain(process, name, action);
    if (refusal !== undefined) return refusal;
    world.setPower(machine, false);
    const offUs = process.nowUs;
    yield* waitUntil(offUs + action.restartUs);
    world.setPower(machine, true);
    // The Node may still say what it said before the restart: a short one goes unnoticed.
    yield* waitUntil(process.nowUs + readyRetryUs);
    if (!(yield* untilReady(process, () => isReady(process, name)))) return `node ${name} is not ready`;
    const uncordoned = yield* cordon(name, false);
    if (uncordoned !== undefined) return uncordoned;
  }
  return undefined;
}

function* untilReady(process: Process, ready: () => boolean): Task<boolean> {
  const untilUs = process.nowUs + readyTimeoutUs;
  while (!ready()) {
    if (process.nowUs >= untilUs) return false;
    yield* waitUntil(process.nowUs + readyRetryUs);
  }
  return true;
}

function isReady({ surroundings }: Process, name: string): boolean {
  const node: Node | undefined = surroundings.api.store.get("Node", objectKey(undefined, name));
  return node?.status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
}
