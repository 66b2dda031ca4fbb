import {
  type Amount,
  addAmounts,
  approximateFloat,
  asInt64,
  canonicalQuantity,
  compareAmounts,
  formatAmount,
  milliValue,
  multiplyAmount,
  parseAmount,
  type QuantityFormat,
  quantityProblem,
  roundUp,
  scaledValue,
  subtractAmounts,
  value,
} from "../../src/model/index.ts";
import { type CaseResult, firstDifference, type Recordings } from "./area.ts";
import { type RecordedLine, replayLines } from "./machinery-replay.ts";

interface QuantityLine extends RecordedLine {
  readonly in: string;
  readonly a: string;
  readonly b: string;
  readonly by: string;
  readonly value: string;
  readonly format: QuantityFormat;
  readonly scale: keyof typeof scales;
  readonly approxFloat?: number;
  readonly error?: string;
}

const scales = { nano: -9, micro: -6, milli: -3, unit: 0, kilo: 3, mega: 6, giga: 9, tera: 12, peta: 15, exa: 18 };

export function quantity(recordings: Recordings): Iterable<CaseResult> {
  return replayLines<QuantityLine>(recordings, "quantity", (line) => {
    const { id, op, ...expected } = line;
    return firstDifference(expected, answer(line));
  });
}

function answer(line: QuantityLine): unknown {
  switch (line.op) {
    case "parse":
      return parsed(line);
    case "binary": {
      const { a, b } = line;
      const [left, right] = [parseAmount(a), parseAmount(b)];
      const [sum, difference] = [addAmounts(left, right), subtractAmounts(left, right)];
      const cmp = compareAmounts(left, right);
      return {
        ...{ a, b, cmp, equal: cmp === 0 },
        ...{ add: formatAmount(sum), addFormat: sum.format, sub: formatAmount(difference), subFormat: difference.format },
      };
    }
    case "mul": {
      const { amount, fits } = multiplyAmount(parseAmount(line.a), BigInt(line.by));
      return { a: line.a, by: line.by, fits, result: formatAmount(amount) };
    }
    case "scale": {
      const amount = parseAmount(line.a);
      const scale = scales[line.scale];
      const rounded = roundUp(amount, scale);
      const scaled = `${scaledValue(amount, scale)}`;
      return { a: line.a, scale: line.scale, exact: rounded.exact, roundUp: formatAmount(rounded.amount), scaledValue: scaled };
    }
    default: {
      const made = (exponent: number): Amount => ({
        ...{ mantissa: BigInt(line.value), exponent, format: line.format, wide: false },
      });
      const { format, value } = line;
      return { asQuantity: formatAmount(made(0)), asMilliQuantity: formatAmount(made(-3)), format, value };
    }
  }
}

function parsed(line: QuantityLine): unknown {
  const problem = quantityProblem(line.in);
  if (problem !== undefined) return { in: line.in, error: problem };
  const amount = parseAmount(line.in);
  const approx = approximateFloat(amount);
  const near = Math.abs(approx - (line.approxFloat ?? Number.NaN)) <= 1e-9 * Math.abs(approx);
  const [exact, exactMilli] = [scaledValue(amount, 0), scaledValue(amount, -3)];
  return {
    in: line.in,
    canonical: canonicalQuantity(line.in),
    format: amount.format,
    value: value(line.in) === Number(exact) ? `${exact}` : "the quick way differs",
    milliValue: milliValue(line.in) === Number(exactMilli) ? `${exactMilli}` : "the quick way differs",
    asInt64: asInt64(amount)?.toString() ?? null,
    sign: amount.mantissa === 0n ? 0 : amount.mantissa < 0n ? -1 : 1,
    isZero: amount.mantissa === 0n,
    approxFloat: near ? line.approxFloat : approx,
  };
}
