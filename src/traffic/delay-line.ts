/** Requests that entered at a steady rate and come out, at the same rate, a fixed time later. */
interface Flow {
  readonly perSecond: number;
  readonly delayUs: number;
  readonly dueFromUs: number;
  /** Infinity while the flow still enters. */
  dueToUs: number;
  /** Entered all at once; otherwise as long before it is due as `delayUs` says. */
  readonly batch: boolean;
}

const batchUs = 1000; // A batch comes out over a millisecond.

/**
 * Silence: requests nobody answers, on their way to their time-outs. Flows are rates between instants, so a minute of
 * silence is two entries here and not six hundred steps.
 */
export class DelayLine {
  #flows: Flow[] = [];
  #open: Flow | undefined;

  get empty(): boolean {
    return this.#flows.length === 0;
  }

  /** From now on requests enter at this rate and come out `delayUs` later. */
  setInflow(nowUs: number, perSecond: number, delayUs: number): void {
    const open = this.#open;
    if (open === undefined ? perSecond <= 0 : open.perSecond === perSecond && open.delayUs === delayUs) return;
    this.#drain(nowUs);
    if (open !== undefined) {
      open.dueToUs = nowUs + open.delayUs;
      if (open.dueToUs <= open.dueFromUs) this.#flows = this.#flows.filter((flow) => flow !== open);
      this.#open = undefined;
    }
    if (perSecond <= 0) return;
    const flow = {
      perSecond,
      delayUs,
      dueFromUs: nowUs + delayUs,
      dueToUs: Number.POSITIVE_INFINITY,
      batch: false,
    };
    this.#flows.push(flow);
    this.#open = flow;
  }

  addBatch(nowUs: number, count: number, delayUs: number): void {
    if (count <= 0) return;
    const dueFromUs = nowUs + delayUs;
    const perSecond = (count * 1e6) / batchUs;
    this.#flows.push({ perSecond, delayUs, dueFromUs, dueToUs: dueFromUs + batchUs, batch: true });
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
    for (const flow of this.#flows) {
      const overlapUs = Math.min(toUs, flow.dueToUs) - Math.max(fromUs, flow.dueFromUs);
      if (overlapUs > 0) sum += (flow.perSecond * overlapUs) / 1e6;
    }
    return sum;
  }

  /** Requests inside. */
  pending(nowUs: number): number {
    let sum = 0;
    for (const flow of this.#flows) {
      const enteredUs = flow.batch ? flow.dueToUs : Math.min(flow.dueToUs, nowUs + flow.delayUs);
      const insideUs = enteredUs - Math.max(flow.dueFromUs, nowUs);
      if (insideUs > 0) sum += (flow.perSecond * insideUs) / 1e6;
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

  /** Forgets what came out before an instant that has been accounted for. */
  #drain(nowUs: number): void {
    if (this.#flows.some((flow) => flow.dueToUs <= nowUs)) {
      this.#flows = this.#flows.filter((flow) => flow.dueToUs > nowUs);
    }
  }

  /** Call after accounting up to `nowUs`. */
  settle(nowUs: number): void {
    if (this.#flows.length > 0) this.#drain(nowUs);
  }
}
