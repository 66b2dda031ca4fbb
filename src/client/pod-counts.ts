import {
  controllerOf,
  isPodActive,
  isPodReady,
  isPodTerminal,
  type Labels,
  type Pod,
  type Uid,
} from "../model/index.ts";

/** Pods of one controller that carry the same labels, so that a selector is asked once for all of them. */
export interface PodCount {
  readonly labels: Labels;
  pods: number;
  /** Neither ended nor being deleted. */
  active: number;
  /** Of the active ones. */
  ready: number;
  /** Being deleted, and not ended yet. */
  terminating: number;
}

const active = 1;
const ready = 2;
const terminating = 4;

/** How many pods each controller has, in which state: kept by changes, so that nobody walks over pods to count them. */
export class PodCounts {
  readonly #byOwner = new Map<Uid, Map<Labels, PodCount>>();

  /** Label by label, in the order in which they came up. */
  of(owner: Uid): Iterable<PodCount> {
    return this.#byOwner.get(owner)?.values() ?? none;
  }

  /** A pod came, changed or went. */
  note(before: Pod | undefined, after: Pod | undefined): void {
    const oldOwner = before && controllerOf(before)?.uid;
    const newOwner = after && controllerOf(after)?.uid;
    const was = before === undefined ? 0 : stateOf(before);
    const is = after === undefined ? 0 : stateOf(after);
    const sameLabels = before?.metadata.labels === after?.metadata.labels;
    if (before !== undefined && after !== undefined && oldOwner === newOwner && was === is && sameLabels) return;
    if (oldOwner !== undefined) this.#count(oldOwner, before!.metadata.labels, was, -1);
    if (newOwner !== undefined) this.#count(newOwner, after!.metadata.labels, is, 1);
  }

  clear(): void {
    this.#byOwner.clear();
  }

  #count(owner: Uid, labels: Labels, state: number, sign: 1 | -1): void {
    let counts = this.#byOwner.get(owner);
    if (counts === undefined) {
      counts = new Map();
      this.#byOwner.set(owner, counts);
    }
    let count = counts.get(labels);
    if (count === undefined) {
      count = { labels, pods: 0, active: 0, ready: 0, terminating: 0 };
      counts.set(labels, count);
    }
    count.pods += sign;
    if ((state & active) !== 0) count.active += sign;
    if ((state & ready) !== 0) count.ready += sign;
    if ((state & terminating) !== 0) count.terminating += sign;
    if (count.pods > 0) return;
    counts.delete(labels);
    if (counts.size === 0) this.#byOwner.delete(owner);
  }
}

const none: readonly PodCount[] = [];

function stateOf(pod: Pod): number {
  if (isPodActive(pod)) return isPodReady(pod) ? active | ready : active;
  return pod.metadata.deletionTimestamp !== undefined && !isPodTerminal(pod) ? terminating : 0;
}
