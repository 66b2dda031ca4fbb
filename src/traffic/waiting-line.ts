/** What one step took from a line. Amounts of requests, fractions included. */
export interface LineStep {
  /** Answered in time. */
  served: number;
  /** Given up by their callers, in line or in progress. */
  timedOut: number;
  /** Time the served ones had waited, summed. */
  servedAgeUs: number;
}

/**
 * First come, first served before one pod that is asked for more than it can do: arrivals in batches, each with its
 * instant, so that waits and time-outs are those of a real line and not of an average.
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

  /** How long the first in line has waited; 0 when nobody waits. */
  headAgeUs(nowUs: number): number {
    return this.#head < this.#atUs.length ? nowUs - this.#atUs[this.#head]! : 0;
  }

  push(atUs: number, count: number): void {
    if (count <= 0) return;
    this.#atUs.push(atUs);
    this.#counts.push(count);
    this.#total += count;
  }

  /**
   * Serves up to `capacity` requests' worth of work, oldest first. A caller gives up after `patienceUs`, also in the
   * middle of its request, which then has cost only a part: `doneWithin` is the share of requests that need no longer
   * than a given time once they are taken.
   */
  serve(nowUs: number, capacity: number, patienceUs: number, doneWithin: (us: number) => number, into: LineStep): void {
    let left = capacity;
    into.served = 0;
    into.timedOut = 0;
    into.servedAgeUs = 0;
    while (this.#head < this.#counts.length) {
      const count = this.#counts[this.#head]!;
      const ageUs = nowUs - this.#atUs[this.#head]!;
      if (ageUs >= patienceUs) {
        into.timedOut += count;
        this.#drop(count);
        continue;
      }
      if (left <= 1e-9) break;
      // Work is exponential: whoever is cut off early has used as much of a slot as the chance to have finished says.
      const success = Math.max(0.02, doneWithin(patienceUs - ageUs));
      const taken = Math.min(count, left / success);
      into.served += taken * success;
      into.timedOut += taken * (1 - success);
      into.servedAgeUs += taken * success * ageUs;
      left -= taken * success;
      if (taken >= count - 1e-9) this.#drop(count);
      else {
        this.#counts[this.#head] = count - taken;
        this.#total -= taken;
      }
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
