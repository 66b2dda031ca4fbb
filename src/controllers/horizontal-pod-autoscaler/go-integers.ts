const twoTo31 = 2_147_483_648;
const twoTo63 = twoTo31 * twoTo31 * 2;

/** Go's `int32(float)` on amd64: cut towards zero; what does not fit becomes the least number. */
export function int32OfFloat(value: number): number {
  const whole = Math.trunc(value);
  return whole >= -twoTo31 && whole < twoTo31 ? whole + 0 : -twoTo31;
}

/** Go's `int64(float)` on amd64; exact up to 2^53, then the nearest double. */
export function int64OfFloat(value: number): number {
  const whole = Math.trunc(value);
  return whole >= -twoTo63 && whole < twoTo63 ? whole + 0 : -twoTo63;
}

/** The largest int64, as the nearest double. */
export const maxInt64 = twoTo63;
export const maxInt32 = twoTo31 - 1;

/** An int64 that may have come as the nearest double of its limit. */
export function bigInt64(value: number): bigint {
  const exact = BigInt(value);
  const limit = 1n << 63n;
  return exact >= limit ? limit - 1n : exact < -limit ? -limit : exact;
}

/** `value · percent / 100` in int64, cut towards zero. */
export function int64Percent(value: number, percent: number): number {
  const product = value * percent;
  if (Number.isSafeInteger(product)) return Math.trunc(product / 100) + 0;
  return Number((BigInt(value) * BigInt(percent)) / 100n);
}

/** An exact sum of integers that may pass 2^53: milli-bytes of many pods do. Wraps like int64. */
export class Int64Sum {
  #small = 0;
  #large = 0n;

  add(value: number): void {
    const sum = this.#small + value;
    if (Number.isSafeInteger(sum)) {
      this.#small = sum;
      return;
    }
    this.#large += BigInt(this.#small) + BigInt(value);
    this.#small = 0;
  }

  get isZero(): boolean {
    return this.#small === 0 && this.#large === 0n;
  }

  /** The mean, cut towards zero. */
  mean(count: number): number {
    if (this.#large === 0n) return Math.trunc(this.#small / count) + 0;
    return Number(this.#exact / BigInt(count));
  }

  /** 100 times this over another sum, cut towards zero, as int32: Go drops the upper bits. */
  percentOf(whole: Int64Sum): number {
    const hundredfold = this.#small * 100;
    if (this.#large === 0n && whole.#large === 0n && Number.isSafeInteger(hundredfold)) {
      return Math.trunc(hundredfold / whole.#small) | 0;
    }
    return Number(BigInt.asIntN(32, BigInt.asIntN(64, this.#exact * 100n) / whole.#exact));
  }

  get #exact(): bigint {
    return BigInt.asIntN(64, this.#large + BigInt(this.#small));
  }
}
