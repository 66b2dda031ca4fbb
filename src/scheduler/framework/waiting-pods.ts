import type { PodInfo } from "../snapshot/pod-info.ts";
import { byPlugin, type Status, unschedulable } from "./status.ts";

/** A pod that has a node and waits for Permit plugins before it is bound. */
export class WaitingPod {
  readonly pod: PodInfo;
  readonly #pending: Set<string>;
  readonly #settle: (status: Status | undefined) => void;

  constructor(pod: PodInfo, pending: Iterable<string>, settle: (status: Status | undefined) => void) {
    this.pod = pod;
    this.#pending = new Set(pending);
    this.#settle = settle;
  }

  /** Plugins for which it still waits. */
  get pendingPlugins(): readonly string[] {
    return [...this.#pending];
  }

  /** The plugin no longer holds it back; it is bound once none does. */
  allow(plugin: string): void {
    if (this.#pending.delete(plugin) && this.#pending.size === 0) this.#settle(undefined);
  }

  /** It gives its node back and waits in the scheduling queue again. */
  reject(plugin: string, message: string): void {
    this.#settle(byPlugin(unschedulable(message), plugin));
  }
}

/** Pods parked by Permit, by key, in the order in which they came. */
export class WaitingPods {
  readonly #pods: Map<string, WaitingPod> = new Map();

  get(key: string): WaitingPod | undefined {
    return this.#pods.get(key);
  }

  all(): Iterable<WaitingPod> {
    return this.#pods.values();
  }

  /** Parks a pod; `settled` hears once what became of it. */
  park(pod: PodInfo, plugins: Iterable<string>, settled: (status: Status | undefined) => void): WaitingPod {
    const waiting = new WaitingPod(pod, plugins, (status) => {
      if (this.#pods.get(pod.key) !== waiting) return;
      this.#pods.delete(pod.key);
      settled(status);
    });
    this.#pods.set(pod.key, waiting);
    return waiting;
  }
}
