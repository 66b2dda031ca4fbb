/** 97.5 % quantiles of Student's t for 1 to 30 degrees of freedom (any table of statistics); beyond, the normal's 1.96 is close. */
const quantiles = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

export interface Estimate {
  readonly mean: number;
  /** Half the width of the 95 % confidence interval; Infinity with one sample. */
  readonly halfWidth: number;
}

/** Mean and 95 % confidence interval of independent samples. */
export function estimate(samples: readonly number[]): Estimate {
  const count = samples.length;
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / count;
  if (count < 2) return { mean, halfWidth: Number.POSITIVE_INFINITY };
  const variance = samples.reduce((sum, sample) => sum + (sample - mean) * (sample - mean), 0) / (count - 1);
  if (variance === 0) return { mean, halfWidth: 0 };
  return { mean, halfWidth: (quantiles[count - 2] ?? 1.96) * Math.sqrt(variance / count) };
}
