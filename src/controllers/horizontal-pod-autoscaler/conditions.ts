import type { HorizontalPodAutoscalerCondition, Time } from "../../model/index.ts";

type Condition = HorizontalPodAutoscalerCondition;

/** Conditions during one sync: a later word replaces an earlier one, and the time moves with the status only. */
export class Conditions {
  #list: readonly Condition[];

  constructor(list: readonly Condition[] | undefined) {
    this.#list = list ?? [];
  }

  get list(): readonly Condition[] {
    return this.#list;
  }

  isTrue(type: string): boolean {
    return this.#list.some((condition) => condition.type === type && condition.status === "True");
  }

  set(type: string, status: "True" | "False", reason: string, message: string, now: Time): void {
    const known = this.#list.find((condition) => condition.type === type);
    if (known?.status === status && known.reason === reason && known.message === message) return;
    const lastTransitionTime = known?.status === status ? known.lastTransitionTime : now;
    const condition: Condition = { type, status, reason, message, lastTransitionTime };
    this.#list =
      known === undefined ? [...this.#list, condition] : this.#list.map((one) => (one === known ? condition : one));
  }
}
