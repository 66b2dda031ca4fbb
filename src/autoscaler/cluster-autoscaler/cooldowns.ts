import type { AutoscalingOptions } from "./options.ts";

interface LastOfGroup {
  addedUs?: number;
  deletedUs?: number;
}

const hourUs = 3_600_000_000;

/** When nodes were added and removed last: for a while after that nothing is removed. */
export class Cooldowns {
  readonly #options: AutoscalingOptions;
  readonly #groups = new Map<string, LastOfGroup>();
  lastScaleUpUs: number;
  lastScaleDownDeleteUs: number;
  lastScaleDownFailUs: number;

  /** Everything was an hour before the start, so that no process begins in cooldown. */
  constructor(options: AutoscalingOptions, startUs: number) {
    this.#options = options;
    this.lastScaleUpUs = startUs - hourUs;
    this.lastScaleDownDeleteUs = startUs - hourUs;
    this.lastScaleDownFailUs = startUs - hourUs;
  }

  added(group: string, nowUs: number): void {
    this.#of(group).addedUs = nowUs;
  }

  deleted(group: string, nowUs: number): void {
    this.#of(group).deletedUs = nowUs;
  }

  /** Instants at which the cooldowns of the whole cluster end. */
  get endsUs(): readonly number[] {
    const options = this.#options;
    return [
      this.lastScaleUpUs + options.scaleDownDelayAfterAddUs,
      this.lastScaleDownDeleteUs + options.scaleDownDelayAfterDeleteUs,
      this.lastScaleDownFailUs + options.scaleDownDelayAfterFailureUs,
    ];
  }

  /** Of the whole cluster; with `--scale-down-delay-type-local` there is none. */
  holds(nowUs: number): boolean {
    return !this.#options.scaleDownDelayTypeLocal && this.endsUs.some((endUs) => endUs > nowUs);
  }

  /** Of one group, with `--scale-down-delay-type-local` alone. */
  holdsGroup(group: string, nowUs: number): boolean {
    const { scaleDownDelayTypeLocal, scaleDownDelayAfterAddUs, scaleDownDelayAfterDeleteUs } = this.#options;
    if (!scaleDownDelayTypeLocal) return false;
    const { addedUs, deletedUs } = this.#of(group);
    const recent = (atUs: number | undefined, delayUs: number): boolean => atUs !== undefined && atUs + delayUs > nowUs;
    return recent(addedUs, scaleDownDelayAfterAddUs) || recent(deletedUs, scaleDownDelayAfterDeleteUs);
  }

  #of(group: string): LastOfGroup {
    const known = this.#groups.get(group) ?? {};
    this.#groups.set(group, known);
    return known;
  }
}
