/** `--seed 1 --seeds 5`: five seeds, `1` to `5`; a seed that is no number gets endings. */
export function seedsFrom(seed: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    if (/^\d+$/.test(seed)) return String(Number(seed) + index);
    return index === 0 ? seed : `${seed}-${index + 1}`;
  });
}
