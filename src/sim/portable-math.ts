/**
 * Exponential, logarithm, power, tanh and sine made of + − × ÷ and sqrt alone. The built-in ones differ in the last bit
 * between Node 20 and 24; these give the same bits everywhere. Relative error below 1e-15 (sine: absolute).
 */

const ln2High = 0.6931471803691238; // The upper 32 bits of ln 2, so that k · ln2High is exact.
const ln2Low = 1.9082149292705877e-10;
const log2e = Math.LOG2E;

/** 2 to the power of a whole number, exactly; 0 and Infinity outside the range of doubles. */
function powerOfTwo(exponent: number): number {
  let base = exponent < 0 ? 0.5 : 2;
  let left = exponent < 0 ? -exponent : exponent;
  let result = 1;
  while (left > 0) {
    if (left % 2 === 1) result *= base;
    base *= base;
    left = Math.floor(left / 2);
  }
  return result;
}

export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY;
  if (x < -745.1332191019411) return 0;
  const k = Math.round(x * log2e);
  const r = x - k * ln2High - k * ln2Low;
  // Taylor on |r| ≤ 0.35: the 16th term is below 1e-20.
  let sum = 1;
  for (let n = 16; n >= 1; n -= 1) sum = 1 + (r / n) * sum;
  if (k > 1000) return sum * powerOfTwo(1000) * powerOfTwo(k - 1000);
  if (k < -1000) return sum * powerOfTwo(-1000) * powerOfTwo(k + 1000);
  return sum * powerOfTwo(k);
}

/** Natural logarithm. */
export function log(x: number): number {
  if (Number.isNaN(x) || x < 0) return Number.NaN;
  if (x === 0) return Number.NEGATIVE_INFINITY;
  if (x === Number.POSITIVE_INFINITY) return x;
  let mantissa = x;
  let exponent = 0;
  while (mantissa >= 4_294_967_296) {
    mantissa /= 4_294_967_296;
    exponent += 32;
  }
  while (mantissa < 1 / 4_294_967_296) {
    mantissa *= 4_294_967_296;
    exponent -= 32;
  }
  while (mantissa >= Math.SQRT2) {
    mantissa /= 2;
    exponent += 1;
  }
  while (mantissa < Math.SQRT1_2) {
    mantissa *= 2;
    exponent -= 1;
  }
  // log m = 2 artanh((m − 1)/(m + 1)); |s| ≤ 0.172, so s^24 is below 1e-18.
  const s = (mantissa - 1) / (mantissa + 1);
  const square = s * s;
  let sum = 0;
  for (let n = 23; n >= 3; n -= 2) sum = square * (1 / n + sum);
  return exponent * ln2High + (2 * s + (2 * s * sum + exponent * ln2Low));
}

/** `base` to the power `exponent`; a whole exponent up to 64 is multiplied out. */
export function pow(base: number, exponent: number): number {
  if (Number.isInteger(exponent) && Math.abs(exponent) <= 64) {
    let result = 1;
    for (let n = 0; n < Math.abs(exponent); n += 1) result *= base;
    return exponent < 0 ? 1 / result : result;
  }
  return base === 0 ? (exponent > 0 ? 0 : Number.POSITIVE_INFINITY) : exp(exponent * log(base));
}

export function tanh(x: number): number {
  if (x > 20) return 1;
  if (x < -20) return -1;
  const e = exp(2 * x);
  return (e - 1) / (e + 1);
}

const halfPi = 1.5707963267948966;

/** Sine of an angle in radians, for |x| up to about 1e6. */
export function sin(x: number): number {
  const quarter = Math.round(x / halfPi);
  const r = x - quarter * 1.5707963267341256 - quarter * 6.077100506506192e-11;
  switch (((quarter % 4) + 4) % 4) {
    case 0:
      return sineSeries(r);
    case 1:
      return cosineSeries(r);
    case 2:
      return -sineSeries(r);
    default:
      return -cosineSeries(r);
  }
}

function sineSeries(r: number): number {
  let sum = 1;
  for (let n = 21; n >= 3; n -= 2) sum = 1 - ((r * r) / (n * (n - 1))) * sum;
  return r * sum;
}

function cosineSeries(r: number): number {
  let sum = 1;
  for (let n = 22; n >= 2; n -= 2) sum = 1 - ((r * r) / (n * (n - 1))) * sum;
  return sum;
}
