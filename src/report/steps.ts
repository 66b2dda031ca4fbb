/** The equal steps into which a run's series are cut: at most `mostSteps`, each a round number of seconds. */
export class Steps {
  readonly fromUs: number;
  readonly stepUs: number;
  readonly count: number;

  constructor(fromUs: number, durationUs: number) {
    this.fromUs = fromUs;
    const seconds =
      roundSteps.find((step) => durationUs / (step * 1_000_000) <= mostSteps) ??
      Math.ceil(durationUs / 1_000_000 / mostSteps);
    this.stepUs = seconds * 1_000_000;
    this.count = Math.max(1, Math.ceil(durationUs / this.stepUs));
  }

  /** The step that holds an instant; negative before the start. */
  indexAt(us: number): number {
    return Math.min(this.count - 1, Math.floor((us - this.fromUs) / this.stepUs));
  }
}

const mostSteps = 360;
const roundSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 86_400];

/** A value that holds until it is set again; each step shows the last one of it. */
export class HeldSeries {
  readonly #steps: Steps;
  readonly #values: number[] = [];
  #value = 0;
  #least = Number.POSITIVE_INFINITY;
  #most = Number.NEGATIVE_INFINITY;

  constructor(steps: Steps) {
    this.#steps = steps;
  }

  get value(): number {
    return this.#value;
  }

  /** Extremes since the start. */
  get least(): number {
    return Math.min(this.#least, this.#value);
  }

  get most(): number {
    return Math.max(this.#most, this.#value);
  }

  set(nowUs: number, value: number): void {
    this.#fill(this.#steps.indexAt(nowUs));
    if (nowUs > this.#steps.fromUs) {
      this.#least = Math.min(this.#least, this.#value, value);
      this.#most = Math.max(this.#most, this.#value, value);
    }
    this.#value = value;
  }

  /** One value a step, to the end of the run. */
  finish(): number[] {
    this.#fill(this.#steps.count);
    return this.#values;
  }

  #fill(before: number): void {
    while (this.#values.length < before) this.#values.push(this.#value);
  }
}
