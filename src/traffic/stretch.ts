import { LatencyAmounts } from "./latency-amounts.ts";
import { LatencyHistogram } from "./latency-histogram.ts";

/** Why requests got no good answer. */
export interface Failures {
  /** Sent to nobody, to a pod that is gone or not accepting, or to one that was killed in the middle. */
  readonly refused: number;
  /** No answer within the caller's time-out. */
  readonly timedOut: number;
  /** Answered with an error, because a call to another service failed. */
  readonly calls: number;
}

/**
 * What became of a service's requests (every attempt counts as one) while nothing about it changed, or for a second of
 * small changes. Handed to observers when it ends, and valid only during that call. Counts are whole numbers; over all
 * stretches of a service arrived = served + failed + waiting, exactly.
 */
export interface Stretch {
  /** `namespace/name` of the Service, or the name of an external. */
  readonly service: string;
  readonly external: boolean;
  readonly fromUs: number;
  readonly toUs: number;
  readonly arrived: number;
  readonly served: number;
  readonly failed: Failures;
  /** In line or in progress at `toUs`. */
  readonly waiting: number;
  /** Of those served. */
  readonly latency: LatencyHistogram;
  /** Mean share of what the answering pods could serve, 0 to 1. */
  readonly utilization: number;
  /** The requests of users (entry flows) behind these attempts; retries are not counted again. All 0 without any. */
  readonly users: UserRequests;
}

export interface UserRequests {
  readonly arrived: number;
  readonly served: number;
  /** Of which no attempt was served. */
  readonly failed: number;
  readonly waiting: number;
}

type Count = { -readonly [Key in keyof UserRequests]: number };

/**
 * Turns amounts (rates times durations) into whole requests. Remainders are carried, so that nothing is lost: what
 * arrived and failed is the whole part of all there ever was, and served is what is neither waiting nor failed.
 */
export class Ledger {
  /** Amounts since the beginning. */
  arrived = 0;
  refused = 0;
  timedOut = 0;
  calls = 0;
  usersArrived = 0;
  usersFailed = 0;
  /** Amounts by latency, of this stretch only; their sum needs not be `served`, only their shape counts. */
  readonly latency = new LatencyAmounts();
  /** Utilization times microseconds, of this stretch. */
  busyUs = 0;
  readonly #stretch: {
    readonly service: string;
    readonly external: boolean;
    readonly latency: LatencyHistogram;
    readonly failed: { -readonly [Key in keyof Failures]: number };
    readonly users: Count;
    fromUs: number;
    toUs: number;
    arrived: number;
    served: number;
    waiting: number;
    utilization: number;
  };
  readonly #sum = { arrived: 0, served: 0, refused: 0, timedOut: 0, calls: 0 };
  readonly #users: Count = { arrived: 0, served: 0, failed: 0, waiting: 0 };
  #stretches = 0;

  constructor(service: string, external: boolean, fromUs: number) {
    this.#stretch = {
      service,
      external,
      latency: new LatencyHistogram(),
      failed: { refused: 0, timedOut: 0, calls: 0 },
      users: { arrived: 0, served: 0, failed: 0, waiting: 0 },
      fromUs,
      toUs: fromUs,
      arrived: 0,
      served: 0,
      waiting: 0,
      utilization: 0,
    };
  }

  /** The end of the last stretch. */
  get sinceUs(): number {
    return this.#stretch.toUs;
  }

  /** Ends a stretch. `inFlight` and `usersInFlight` are the amounts waiting or in progress now. */
  close(nowUs: number, inFlight: number, usersInFlight: number): Stretch {
    const stretch = this.#stretch;
    const sum = this.#sum;
    stretch.fromUs = stretch.toUs;
    stretch.toUs = nowUs;
    stretch.arrived = this.#whole(this.arrived) - sum.arrived;
    sum.arrived += stretch.arrived;
    let room = sum.arrived - sum.served - sum.refused - sum.timedOut - sum.calls;
    const take = (amount: number, counted: number): number => {
      const count = Math.max(0, Math.min(room, this.#whole(amount) - counted));
      room -= count;
      return count;
    };
    stretch.failed.refused = take(this.refused, sum.refused);
    stretch.failed.timedOut = take(this.timedOut, sum.timedOut);
    stretch.failed.calls = take(this.calls, sum.calls);
    sum.refused += stretch.failed.refused;
    sum.timedOut += stretch.failed.timedOut;
    sum.calls += stretch.failed.calls;
    stretch.waiting = Math.min(room, Math.round(inFlight));
    stretch.served = room - stretch.waiting;
    sum.served += stretch.served;
    stretch.utilization =
      nowUs > stretch.fromUs ? Math.min(1, this.busyUs / (nowUs - stretch.fromUs)) : stretch.utilization;
    this.busyUs = 0;
    this.#closeUsers(usersInFlight);
    this.#closeLatency(stretch.served);
    return stretch;
  }

  #closeUsers(inFlight: number): void {
    const { users } = this.#stretch;
    const sum = this.#users;
    users.arrived = this.#whole(this.usersArrived) - sum.arrived;
    sum.arrived += users.arrived;
    let room = sum.arrived - sum.served - sum.failed;
    users.failed = Math.max(0, Math.min(room, this.#whole(this.usersFailed) - sum.failed));
    sum.failed += users.failed;
    room -= users.failed;
    users.waiting = Math.min(room, Math.round(inFlight));
    users.served = room - users.waiting;
    sum.served += users.served;
  }

  /** Systematic rounding: the offset moves by the golden ratio, so rare latencies are counted as often as they occur. */
  #closeLatency(served: number): void {
    const { latency } = this.#stretch;
    const { cells, sum, low, high } = this.latency;
    latency.clear();
    if (sum <= 0) {
      if (served > 0) latency.add(this.#lastBucket, served);
      return;
    }
    const turns = this.#stretches * 0.6180339887498949;
    const offset = turns - Math.floor(turns) + 1e-9;
    const scale = served / sum;
    let counted = 0;
    let below = 0;
    let next = (1 - offset) / scale; // The amount at which one more request is counted.
    for (let bucket = low; bucket <= high; bucket += 1) {
      below += cells[bucket]!;
      if (below < next) continue;
      const until = Math.min(served, Math.floor(below * scale + offset));
      next = (until + 1 - offset) / scale;
      if (until === counted) continue;
      latency.add(bucket, until - counted);
      counted = until;
    }
    this.#lastBucket = high;
    if (counted < served) latency.add(high, served - counted);
    this.latency.clear();
    this.#stretches += 1;
  }

  #lastBucket = 0;

  /** The tiny allowance keeps ten tenths a whole one. */
  #whole(amount: number): number {
    return Math.floor(amount + 1e-6);
  }
}
