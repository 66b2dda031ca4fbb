/** The declared step while a line, or retries, live: see `Traffic`. */
export const stepUs = 100_000;

/** Requests that entered at one steady rate, and come out so much later. */
interface Flow {
  perSecond: number;
  readonly delayUs: number;
  readonly enteredUs: number;
  readonly enteringPerSecond: number;
  dueFromUs: number;
  /** Infinity while the flow still enters. */
  dueToUs: number;
}

/** A change of rate below this share is none. */
const steadyShare = 1e-6;

/**
 * Silence: requests nobody answers, on their way to their time-outs. Flows are rates between instants, so a minute of
 * silence is one entry here and not six hundred steps. What comes out changes on the grid of steps only: otherwise every
 * change of a rate would make another one a time-out later, and those would multiply with every retry.
 */
export class DelayLine {
  #flows: Flow[] = [];
  #open: Flow | undefined;

  get empty(): boolean {
    return this.#flows.length === 0;
  }

  /** From now on requests enter at this rate and come out `delayUs` later, up to the next step. Account until now first. */
  setInflow(nowUs: number, perSecond: number, delayUs: number): void {
    const open = this.#open;
    if (open !== undefined) {
      const drift = Math.abs(open.enteringPerSecond - perSecond);
      if (open.delayUs === delayUs && drift <= steadyShare * perSecond) return;
      this.#close(open, nowUs);
      this.#open = undefined;
    }
    if (perSecond <= 0) return;
    const flow: Flow = {
      perSecond,
      delayUs,
      enteredUs: nowUs,
      enteringPerSecond: perSecond,
      dueFromUs: nextStepFrom(nowUs + delayUs),
      dueToUs: Number.POSITIVE_INFINITY,
    };
    this.#flows.push(flow);
    this.#open = flow;
  }

  /** All at once, to come out during the step after `delayUs`. */
  addBatch(nowUs: number, count: number, delayUs: number): void {
    if (count <= 0) return;
    const dueFromUs = nextStepFrom(nowUs + delayUs);
    const perSecond = (count * 1e6) / stepUs;
    const dueToUs = dueFromUs + stepUs;
    this.#flows.push({ perSecond, delayUs, enteredUs: nowUs, enteringPerSecond: 0, dueFromUs, dueToUs });
  }

  /** Requests per second that come out just after an instant. */
  rateAt(nowUs: number): number {
    let sum = 0;
    for (const flow of this.#flows) if (flow.dueFromUs <= nowUs && nowUs < flow.dueToUs) sum += flow.perSecond;
    return sum;
  }

  /** Requests that come out in [fromUs, toUs). */
  amount(fromUs: number, toUs: number): number {
    let sum = 0;
    for (const flow of this.#flows) sum += outOf(flow, fromUs, toUs);
    return sum;
  }

  /** Requests inside. */
  pending(nowUs: number): number {
    let sum = 0;
    for (const flow of this.#flows) {
      if (flow.dueToUs < Number.POSITIVE_INFINITY) {
        sum += outOf(flow, nowUs, flow.dueToUs);
        continue;
      }
      const entered = (flow.enteringPerSecond * (nowUs - flow.enteredUs)) / 1e6;
      sum += Math.max(0, entered - outOf(flow, flow.dueFromUs, nowUs));
    }
    return sum;
  }

  /** The next instant at which the rate coming out changes, or Infinity. */
  nextChangeAfter(nowUs: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { dueFromUs, dueToUs } of this.#flows) {
      if (dueFromUs > nowUs) next = Math.min(next, dueFromUs);
      else if (dueToUs > nowUs) next = Math.min(next, dueToUs);
    }
    return next;
  }

  /** Forgets what has come out. Call after accounting until now. */
  settle(nowUs: number): void {
    for (const { dueToUs } of this.#flows) {
      if (dueToUs > nowUs) continue;
      this.#flows = this.#flows.filter((flow) => flow.dueToUs > nowUs);
      return;
    }
  }

  /** Nothing enters this flow any more: what is still inside comes out evenly until the last is due. */
  #close(flow: Flow, nowUs: number): void {
    const entered = (flow.enteringPerSecond * (nowUs - flow.enteredUs)) / 1e6;
    const inside = Math.max(0, entered - outOf(flow, flow.dueFromUs, nowUs));
    const fromUs = Math.max(flow.dueFromUs, nowUs);
    flow.dueFromUs = fromUs;
    flow.dueToUs = Math.max(nextStepFrom(nowUs + flow.delayUs), nextStepFrom(fromUs + 1));
    flow.perSecond = (inside * 1e6) / (flow.dueToUs - fromUs);
    if (inside <= 0) this.#flows = this.#flows.filter((other) => other !== flow);
  }
}

function outOf({ perSecond, dueFromUs, dueToUs }: Flow, fromUs: number, toUs: number): number {
  const overlapUs = Math.min(toUs, dueToUs) - Math.max(fromUs, dueFromUs);
  return overlapUs > 0 ? (perSecond * overlapUs) / 1e6 : 0;
}

/** The first step at or after an instant. Steps of all services stand on one grid, so that they share instants. */
export function nextStepFrom(atUs: number): number {
  return Math.ceil(atUs / stepUs) * stepUs;
}
