import { DelayLine } from "./delay-line.ts";
import type { EntryFlow, Patience } from "./plan.ts";
import type { Service } from "./service.ts";

/** How a service looks from one place: which share of connections meets whom. */
export interface View {
  /** One character that names it within its service. */
  readonly mark: string;
  /** Believed endpoints; each gets an equal share of connections. */
  readonly endpoints: number;
  /** Share of connections refused at once: all of them when there is no endpoint. */
  readonly refusedShare: number;
  /** Share that nobody answers. */
  readonly silentShare: number;
  /** Requests per second that come through this view, set when loads are computed. */
  perSecond: number;
}

/** The part of a link's requests that is sent from places with one view. */
export interface LinkPart {
  readonly view: View;
  readonly share: number;
}

/** Requests from one source (users, or a service's pods) to one service, with time-outs and retries. */
export class Link {
  readonly source: Service | undefined;
  readonly flow: EntryFlow | undefined;
  readonly target: Service;
  readonly patience: Patience;
  /** Closes a circle of calls: carries nothing. `planProblems` reports circles. */
  closesCircle = false;
  parts: readonly LinkPart[] = [];
  refusedShare = 1;
  silentShare = 0;
  /** First attempts. */
  freshPerSecond = 0;
  /** All attempts. */
  perSecond = 0;
  /** Of attempts that fail, those after which nobody tries again. */
  lastShare = 1;
  /** As its caller sees a call, retries included: time of good answers, time until an answer or none, chance of none. */
  answerUs = 0;
  answerVariance = 0;
  holdUs = 0;
  failedShare = 0;
  failedAfterUs = 0;
  /** Per attempt: requests met by silence. */
  readonly #silence: DelayLine[] = [];
  /** Per attempt: failures that wait for their next attempt. */
  readonly #backoff: DelayLine[] = [];
  /** First attempts whose connection was cut. */
  readonly #cut = new DelayLine();
  /** The next instant at which its lines change, while one is on the agenda. */
  agendaUs = Number.POSITIVE_INFINITY;

  constructor(source: Service | EntryFlow, target: Service, patience: Patience) {
    this.flow = "curve" in source ? source : undefined;
    this.source = "curve" in source ? undefined : source;
    this.target = target;
    this.patience = patience;
    for (let attempt = 0; attempt <= patience.retries; attempt += 1) {
      this.#silence.push(new DelayLine());
      this.#backoff.push(new DelayLine());
    }
  }

  get answeredShare(): number {
    return Math.max(0, 1 - this.refusedShare - this.silentShare);
  }

  look(parts: readonly LinkPart[]): void {
    this.parts = parts;
    let refused = 0;
    let silent = 0;
    for (const { view, share } of parts) {
      refused += share * view.refusedShare;
      silent += share * view.silentShare;
    }
    this.refusedShare = refused;
    this.silentShare = silent;
  }

  /** Attempts per second from now on; each attempt's failures are the next one's arrivals. */
  computeLoad(nowUs: number): void {
    const { timeoutUs, retries, backoffUs = 0 } = this.patience;
    const stationFails = this.target.timedOutShare + this.target.callsShare * (1 - this.target.timedOutShare);
    const failsNow = this.refusedShare + this.answeredShare * (stationFails < 1e-9 ? 0 : stationFails);
    let attempt = this.freshPerSecond;
    let sum = 0;
    let failed = 0;
    let failedLast = 0;
    for (let k = 0; ; k += 1) {
      sum += attempt;
      const silence = this.#silence[k]!;
      silence.setInflow(nowUs, attempt * this.silentShare, timeoutUs);
      let failing = attempt * failsNow;
      if (!silence.empty) failing += silence.rateAt(nowUs);
      if (k === 0 && !this.#cut.empty) failing += this.#cut.rateAt(nowUs);
      failed += failing;
      if (k === retries) {
        failedLast = failing;
        break;
      }
      if (backoffUs > 0) {
        this.#backoff[k]!.setInflow(nowUs, failing, backoffUs);
        attempt = this.#backoff[k]!.rateAt(nowUs);
      } else attempt = failing;
      if (attempt === 0 && this.#nothingAfter(k)) break;
    }
    this.perSecond = sum;
    if (retries > 0) this.lastShare = failed > 0 ? failedLast / failed : 0;
  }

  /** What a call costs its caller, from how the target does now. */
  computeOutcome(): void {
    const { timeoutUs, retries, backoffUs = 0 } = this.patience;
    const { target } = this;
    const answered = this.answeredShare;
    const late = this.silentShare + answered * target.timedOutShare;
    const error = answered * (1 - target.timedOutShare) * target.callsShare;
    const good = Math.max(0, 1 - this.refusedShare - late - error);
    const bad = 1 - good;
    const meanUs = Math.min(target.meanUs, timeoutUs);
    const squareUs2 = Math.min(target.squareUs2, timeoutUs * timeoutUs);
    if (bad < 1e-9) {
      this.answerUs = meanUs;
      this.answerVariance = Math.max(0, squareUs2 - meanUs * meanUs);
      this.holdUs = meanUs;
      this.failedShare = 0;
      this.failedAfterUs = 0;
      return;
    }
    const lostUs = (late * timeoutUs + error * Math.min(timeoutUs, target.callsAfterUs)) / bad;
    let chance = 1;
    let sum = 0;
    let sumUs = 0;
    let squares = 0;
    for (let k = 0; k <= retries; k += 1) {
      const spentUs = k * (lostUs + backoffUs);
      sum += chance * good;
      sumUs += chance * good * (spentUs + meanUs);
      squares += chance * good * (spentUs * spentUs + 2 * spentUs * meanUs + squareUs2);
      chance *= bad;
    }
    this.failedShare = chance;
    this.failedAfterUs = (retries + 1) * lostUs + retries * backoffUs;
    this.holdUs = sumUs + chance * this.failedAfterUs;
    this.answerUs = sum > 0 ? sumUs / sum : this.failedAfterUs;
    this.answerVariance = sum > 0 ? Math.max(0, squares / sum - this.answerUs * this.answerUs) : 0;
  }

  /** Requests cut off by the end of the pod that had them, and requests that a dead machine will never answer. */
  loseInFlight(nowUs: number, cut: number, silent: number): void {
    this.#cut.addBatch(nowUs, cut, 0);
    this.#silence[0]!.addBatch(nowUs, silent, this.patience.timeoutUs);
  }

  /** Silent requests that time out in an interval. */
  silentTimedOut(fromUs: number, toUs: number): number {
    let sum = 0;
    for (const line of this.#silence) if (!line.empty) sum += line.amount(fromUs, toUs);
    return sum;
  }

  cutOff(fromUs: number, toUs: number): number {
    return this.#cut.empty ? 0 : this.#cut.amount(fromUs, toUs);
  }

  /** Requests not yet known to have failed, though nobody has them. */
  unanswered(nowUs: number): number {
    let sum = this.#cut.empty ? 0 : this.#cut.pending(nowUs);
    for (const line of this.#silence) if (!line.empty) sum += line.pending(nowUs);
    return sum;
  }

  /** Failures whose next attempt has not begun: users wait, the service knows nothing of them. */
  backingOff(nowUs: number): number {
    let sum = 0;
    for (const line of this.#backoff) if (!line.empty) sum += line.pending(nowUs);
    return sum;
  }

  settle(nowUs: number): void {
    this.#cut.settle(nowUs);
    for (const line of this.#silence) line.settle(nowUs);
    for (const line of this.#backoff) line.settle(nowUs);
  }

  nextChangeAfter(nowUs: number): number {
    let next = this.#cut.nextChangeAfter(nowUs);
    for (const line of this.#silence) if (!line.empty) next = Math.min(next, line.nextChangeAfter(nowUs));
    for (const line of this.#backoff) if (!line.empty) next = Math.min(next, line.nextChangeAfter(nowUs));
    return next;
  }

  #nothingAfter(k: number): boolean {
    for (let later = k + 1; later < this.#silence.length; later += 1) {
      if (!this.#silence[later]!.empty || !this.#backoff[later]!.empty) return false;
    }
    return this.#backoff[k]!.empty;
  }
}
