import type { ClusterEvent, ClusterEventWithHint, EventAction } from "../framework/cluster-event.ts";
import type { Framework } from "../framework/framework.ts";
import type { Plugin } from "../framework/plugin.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";

type Hint = NonNullable<ClusterEventWithHint["hint"]>;

const always: Hint = () => true;

/** Which plugins of a profile want to hear of which events, and what they say about them. */
export class QueueingHints {
  readonly #hints: Map<string, Map<string, Hint[]>> = new Map();
  /** Plugins that registered for nothing: any event may help pods they rejected. */
  readonly #anyEvent: Set<string> = new Set();

  constructor(framework: Framework) {
    const plugins = new Map<string, Plugin>();
    for (const list of Object.values(framework.plugins)) for (const plugin of list) plugins.set(plugin.name, plugin);
    for (const plugin of plugins.values()) this.#register(plugin);
  }

  /** Whether the event may make a pod schedulable that these plugins rejected. */
  helps(pod: PodInfo, rejectors: ReadonlySet<string>, event: ClusterEvent): boolean {
    const interested = this.#hints.get(`${event.resource}/${event.action}`);
    for (const rejector of rejectors) {
      if (this.#anyEvent.has(rejector)) return true;
      for (const hint of interested?.get(rejector) ?? none) if (hint(pod, event)) return true;
    }
    return false;
  }

  /** Names of plugins that the event may concern. */
  interestedIn({ resource, action }: ClusterEvent): Iterable<string> {
    return [...(this.#hints.get(`${resource}/${action}`)?.keys() ?? []), ...this.#anyEvent];
  }

  #register({ name, events, filter, preFilter, permit, reserve }: Plugin): void {
    if (events === undefined || events.length === 0) {
      if ((filter ?? preFilter ?? permit ?? reserve) !== undefined) this.#anyEvent.add(name);
      return;
    }
    let nodeAdd = false;
    let nodeTaint = false;
    for (const { resource, actions, hint = always } of events) {
      for (const action of actions) {
        this.#add(name, resource, action, hint);
        if (resource === "Node" && action === "Add") nodeAdd = true;
        if (resource === "Node" && action === "UpdateNodeTaint") nodeTaint = true;
      }
    }
    // Upstream's mitigation of issue 109437: whoever waits for new nodes is also woken by any change of taints.
    if (nodeAdd && !nodeTaint) this.#add(name, "Node", "UpdateNodeTaint", always);
  }

  #add(plugin: string, resource: string, action: EventAction, hint: Hint): void {
    const key = `${resource}/${action}`;
    let byPlugin = this.#hints.get(key);
    if (byPlugin === undefined) {
      byPlugin = new Map();
      this.#hints.set(key, byPlugin);
    }
    const hints = byPlugin.get(plugin);
    if (hints === undefined) byPlugin.set(plugin, [hint]);
    else hints.push(hint);
  }
}

const none: readonly Hint[] = [];
