/** What one step took from a line. Amounts of requests, fractions included. */
export interface LineStep {
  /** Answered in time. */
  served: number;
  /** Given up by their callers, in line or in progress. */
  timedOut: number;
  /** From arrival to answer, summed over the served ones. */
  latencyUs: number;
}

/** What the pod before which the line stands can do. */
export interface LineTerms {
  readonly capacityPerSecond: number;
  readonly patienceUs: number;
  /** Requests per second answered in time once the wait has come near the callers' patience, and their latency. */
  readonly limitPerSecond: number;
  readonly limitLatencyUs: number;
  /** From being taken up to the answer, on average. */
  readonly serviceUs: number;
  /** Share of requests that are answered within `us` of being taken up. */
  readonly success: (us: number) => number;
  /** Share of its work that a request costs when its caller leaves `us` after it was taken up. */
  readonly cost: (us: number) => number;
  /** Less time than this left: the limit holds. */
  readonly nearUs: number;
}

/**
 * First come, first served before one pod that is asked for more than it can do: arrivals in batches, each with its
 * instant, so that waits and time-outs are those of a real line and not of an average. Ages are as fine as the steps.
 */
export class WaitingLine {
  #atUs: number[] = [];
  #counts: number[] = [];
  #head = 0;
  #total = 0;
  /** Share of the last step's departures that timed out; what callers expect of the next. */
  timedOutShare = 0;

  get total(): number {
    return this.#total;
  }

  push(atUs: number, count: number): void {
    if (count <= 0) return;
    this.#atUs.push(atUs);
    this.#counts.push(count);
    this.#total += count;
  }

  /** Serves for `seconds`, oldest first. Callers leave after their patience, also in the middle of their request. */
  serve(nowUs: number, seconds: number, terms: LineTerms, into: LineStep): void {
    const { patienceUs, capacityPerSecond } = terms;
    into.served = 0;
    into.timedOut = 0;
    into.latencyUs = 0;
    let left = seconds; // Of the pod's time.
    while (this.#head < this.#counts.length) {
      const count = this.#counts[this.#head]!;
      const ageUs = nowUs - this.#atUs[this.#head]!;
      const slackUs = patienceUs - ageUs;
      if (slackUs <= 0) {
        into.timedOut += count;
        this.#drop(count);
        continue;
      }
      if (left <= 0) break;
      if (slackUs < terms.nearUs && terms.limitPerSecond < capacityPerSecond) {
        const served = Math.min(count, left * terms.limitPerSecond);
        left = served < count ? 0 : left - served / terms.limitPerSecond;
        into.served += served;
        into.latencyUs += served * terms.limitLatencyUs;
        this.#take(served);
        continue;
      }
      const cost = Math.max(0.02, terms.cost(slackUs));
      const success = terms.success(slackUs);
      const taken = Math.min(count, (left * capacityPerSecond) / cost);
      left = taken < count ? 0 : left - (taken * cost) / capacityPerSecond;
      into.served += taken * success;
      into.timedOut += taken * (1 - success);
      into.latencyUs += taken * success * (ageUs + terms.serviceUs);
      this.#take(taken);
    }
    const gone = into.served + into.timedOut;
    this.timedOutShare = gone > 0 ? into.timedOut / gone : 0;
    this.#compact();
  }

  /** An equal line before another pod. */
  copy(): WaitingLine {
    const line = new WaitingLine();
    line.#atUs = this.#atUs.slice(this.#head);
    line.#counts = this.#counts.slice(this.#head);
    line.#total = this.#total;
    line.timedOutShare = this.timedOutShare;
    return line;
  }

  #take(amount: number): void {
    const count = this.#counts[this.#head]!;
    if (amount >= count - 1e-9) this.#drop(count);
    else {
      this.#counts[this.#head] = count - amount;
      this.#total -= amount;
    }
  }

  #drop(count: number): void {
    this.#head += 1;
    this.#total -= count;
  }

  #compact(): void {
    if (this.#head === this.#counts.length) {
      this.#total = 0;
      this.#head = 0;
      this.#atUs.length = 0;
      this.#counts.length = 0;
    } else if (this.#head > 64) {
      this.#atUs.splice(0, this.#head);
      this.#counts.splice(0, this.#head);
      this.#head = 0;
    }
  }
}
