import type { NodeDelays } from "./delays.ts";

/**
 * Images on one machine. Pulls go one at a time (`serializeImagePulls`), and an image that is there is not pulled again
 * unless the policy says Always, when only its digest is asked for.
 */
export class ImageStore {
  readonly #present = new Set<string>();
  /** When the pull in progress, or the last one in line, is over. */
  #freeAtUs = 0;

  has(image: string): boolean {
    return this.#present.has(image);
  }

  add(image: string): void {
    this.#present.add(image);
  }

  /** Puts a pull in line and says when it begins and ends, in virtual microseconds. */
  pull(nowUs: number, takesUs: number): { readonly beginsAtUs: number; readonly endsAtUs: number } {
    const beginsAtUs = Math.max(nowUs, this.#freeAtUs);
    const endsAtUs = beginsAtUs + takesUs;
    this.#freeAtUs = endsAtUs;
    return { beginsAtUs, endsAtUs };
  }

  /** The disk survives a power cut; what was being pulled does not. */
  abortPulls(): void {
    this.#freeAtUs = 0;
  }
}

/** How long a pull takes from the first byte on: the slower of network and unpacking. */
export function pullUs(
  imageBytes: number,
  networkBytesPerSecond: number,
  { unpackBytesPerSecond }: NodeDelays,
): number {
  return Math.ceil((imageBytes * 1_000_000) / Math.min(networkBytesPerSecond, unpackBytesPerSecond));
}

/** `Always` for `latest` or no tag, else `IfNotPresent`; the server's defaulting has written it out already. */
export function mustAsk(policy: string | undefined): boolean {
  return policy === "Always";
}
