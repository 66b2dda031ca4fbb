import { callProvider, type Task } from "../../client/index.ts";
import type { CloudCall, CloudReply } from "../../cloud/index.ts";
import { tell } from "./announcements.ts";
import type { ClusterState } from "./cluster-state.ts";
import type { NodeGroup, NodeGroups } from "./node-groups.ts";
import type { AutoscalingOptions } from "./options.ts";

/** Puts right what went wrong with groups: nodes that never came, instances that could not be made, sizes nobody fills. */
export class GroupUpkeep {
  readonly #options: AutoscalingOptions;
  readonly #state: ClusterState;

  constructor(options: AutoscalingOptions, state: ClusterState) {
    this.#options = options;
    this.#state = state;
  }

  /** Takes back the wish for nodes that did not come in time. */
  *revertTimedOut(groups: NodeGroups): Task<void> {
    for (const { group, increase } of this.#state.timedOut.splice(0)) {
      const reply = yield* this.#decreaseTarget(groups.get(group)!, increase);
      if (reply !== undefined) {
        yield* tell("FailedToRevertScaleUp", `Failed to revert scale-up of group ${group}: ${reply}`, "Warning");
      }
    }
  }

  *#decreaseTarget(group: NodeGroup, delta: number): Task<string | undefined> {
    const { id } = group.spec;
    const call: CloudCall = { operation: "decreaseTargetSize", group: id, delta };
    const reply = yield* callProvider<CloudReply>(call);
    if (!reply.ok) return reply.error;
    group.target -= delta;
    this.#state.invalidate(id);
    return undefined;
  }

  /** Gives back instances that never became nodes, not below the minimum. */
  *removeLongUnregistered(groups: NodeGroups): Task<void> {
    for (const group of groups) {
      const names = [...this.#state.longUnregistered(group.spec.id)].sort();
      const most = this.#options.forceDeleteUnregisteredNodes ? names.length : group.target - group.min;
      if (names.length === 0 || most <= 0) continue;
      const doomed = group.spec.zeroOrMax === true ? group.instances.map(({ name }) => name) : names.slice(0, most);
      const error = yield* this.#deleteInstances(group, doomed);
      for (const name of doomed) {
        if (error === undefined) yield* tell("DeleteUnregistered", `Removed unregistered node ${name}`);
        else yield* tell("DeleteUnregisteredFailed", `Failed to remove node ${name}: ${error}`, "Warning");
      }
    }
  }

  *#deleteInstances(group: NodeGroup, nodes: readonly string[]): Task<string | undefined> {
    const { id } = group.spec;
    const call: CloudCall = { operation: "deleteNodes", group: id, nodes };
    const reply = yield* callProvider<CloudReply>(call);
    this.#state.invalidate(id);
    if (!reply.ok) return reply.error;
    group.target -= nodes.length;
    return undefined;
  }

  /** Gives back instances that the provider could not make. */
  *deleteFailedInstances(groups: NodeGroups): Task<void> {
    for (const group of groups) {
      const failed = this.#state.failedInstances(group.spec.id);
      if (failed.length === 0) continue;
      yield* this.#deleteInstances(
        group,
        group.spec.zeroOrMax === true ? group.instances.map(({ name }) => name) : failed,
      );
    }
  }

  /** Lowers targets that nobody has filled for long; answers whether the run ends with that. */
  *fixSizes(groups: NodeGroups, nowUs: number): Task<boolean> {
    let fixed = false;
    for (const group of groups) {
      const excess = this.#state.excessTarget(group.spec.id, nowUs);
      if (excess === 0) continue;
      fixed = true; // Refused or not: the run ends here.
      if ((yield* this.#decreaseTarget(group, excess)) !== undefined) break;
    }
    return fixed;
  }
}
