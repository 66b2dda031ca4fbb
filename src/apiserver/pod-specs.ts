import type { PodSpec } from "../model/index.ts";
import type { Store } from "./store.ts";

/**
 * Specs of pods as admitted, by the template they came from: pods of one template share them, and are not defaulted one
 * by one. Valid while nothing changes that admission looks at.
 */
export class PodSpecs {
  #specs = new WeakMap<object, PodSpec>();
  #validFor = "";

  get(template: unknown, store: Store): PodSpec | undefined {
    if (typeof template !== "object" || template === null || !Object.isFrozen(template)) return undefined;
    this.#check(store);
    return this.#specs.get(template);
  }

  put(template: unknown, spec: PodSpec): void {
    if (typeof template === "object" && template !== null && Object.isFrozen(template)) this.#specs.set(template, spec);
  }

  #check(store: Store): void {
    const state = `${store.log("PriorityClass").end} ${store.log("LimitRange").end}`;
    if (state === this.#validFor) return;
    this.#validFor = state;
    this.#specs = new WeakMap();
  }
}
