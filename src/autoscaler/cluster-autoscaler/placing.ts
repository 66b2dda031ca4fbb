import type { Pod } from "../../model/index.ts";
import type { NodeInfo, PodInfo } from "../../scheduler/index.ts";
import { type ClusterSnapshot, infoOf, movedInfo } from "./cluster-snapshot.ts";
import { type PodOfKind, SimilarPods } from "./similar-pods.ts";

/** A pod that waits; or, with `moves`, one that still runs and is thought to come back elsewhere. */
export interface PodToPlace extends PodOfKind {
  readonly moves: boolean;
}

/** Places pods on a snapshot, remembering from run to run where a pod found room (`HintingSimulator`). */
export class HintingSimulator {
  #hints = new Map<string, string>();
  #old = new Map<string, string>();

  /** Places what fits, in order; answers which pods did. Pods like one that failed are not tried. */
  place(
    snapshot: ClusterSnapshot,
    pods: readonly PodToPlace[],
    acceptable: (node: NodeInfo) => boolean,
    stopAtFailure: boolean,
  ): Set<Pod> {
    const placed = new Set<Pod>();
    const hinted = this.#hints.size > 0 || this.#old.size > 0;
    const hopeless = new SimilarPods<true>();
    for (const { pod, kind, moves } of pods) {
      const hint = hinted ? this.#hintOf(pod) : undefined;
      // Most pods of a flood are like one that just failed: nothing is computed for them.
      if (hint === undefined && hopeless.of(kind) !== undefined) {
        if (stopAtFailure) break;
        continue;
      }
      const info = moves ? movedInfo(pod) : infoOf(pod);
      let name = hint === undefined ? undefined : this.#byHint(hint, snapshot, info, acceptable);
      if (name === undefined && hopeless.of(kind) === undefined) {
        name = snapshot.scheduleAnywhere(info, acceptable);
        if (name === undefined) hopeless.remember(kind, true);
      }
      if (name !== undefined) {
        this.#hints.set(pod.metadata.uid, name);
        placed.add(pod);
      } else if (stopAtFailure) {
        break;
      }
    }
    return placed;
  }

  /** Hints that were not used since the last time are gone. */
  dropOldHints(): void {
    this.#old = this.#hints;
    this.#hints = new Map();
  }

  #hintOf({ metadata }: Pod): string | undefined {
    return this.#hints.get(metadata.uid) ?? this.#old.get(metadata.uid);
  }

  #byHint(
    name: string,
    snapshot: ClusterSnapshot,
    info: PodInfo,
    acceptable: (node: NodeInfo) => boolean,
  ): string | undefined {
    const node = snapshot.node(name);
    if (node === undefined || !acceptable(node)) return undefined;
    return snapshot.schedule(info, node.name) === undefined ? node.name : undefined;
  }
}
