import { maxNodeScore } from "../framework/plugin.ts";

/** Scales to 0..100 by the highest score; all zero stays zero. */
export function normalize(scores: number[]): void {
  let highest = 0;
  for (const score of scores) if (score > highest) highest = score;
  if (highest === 0) return;
  for (let at = 0; at < scores.length; at++) scores[at] = Math.trunc((maxNodeScore * scores[at]!) / highest);
}

/** Scales to 0..100 by the highest score and turns it round; all zero becomes all 100. */
export function reverseNormalize(scores: number[]): void {
  let highest = 0;
  for (const score of scores) if (score > highest) highest = score;
  for (let at = 0; at < scores.length; at++) {
    scores[at] = highest === 0 ? maxNodeScore : maxNodeScore - Math.trunc((maxNodeScore * scores[at]!) / highest);
  }
}
