import type { ContainerStatus, PodCondition } from "../model/index.ts";

type State = NonNullable<ContainerStatus["state"]>;

/** So many different conditions of one second are looked through. */
const mostConditions = 32;

/** Of a container that never ended. */
export const noState: State = Object.freeze({});

/** Parts of statuses that are the same in many pods, since many things happen within a second: kept once for all kubelets of a run. */
export class SharedParts {
  #time = "";
  #conditions: PodCondition[] = [];
  #running: State = noState;

  /** The condition, or one like it that somebody said in the same second. */
  condition(made: PodCondition): PodCondition {
    const { lastTransitionTime = "" } = made;
    if (lastTransitionTime < this.#time) return made;
    if (lastTransitionTime !== this.#time) {
      this.#time = lastTransitionTime;
      this.#conditions = [];
    }
    for (const one of this.#conditions) if (isLike(one, made)) return one;
    if (this.#conditions.length < mostConditions) this.#conditions.push(made);
    return made;
  }

  /** The state of a container that runs since then. */
  running(startedAt: string): State {
    if (this.#running.running?.startedAt !== startedAt) this.#running = { running: { startedAt } };
    return this.#running;
  }
}

function isLike(left: PodCondition, right: PodCondition): boolean {
  return (
    left.type === right.type &&
    left.status === right.status &&
    left.reason === right.reason &&
    left.message === right.message &&
    left.observedGeneration === right.observedGeneration
  );
}
