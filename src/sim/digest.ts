/** 32-bit hash of a text (FNV-1a over UTF-16 units). */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** 64 bits mixed from integers; equal sequences of integers give equal text, on every machine. */
export class Digest {
  #low = 0x9e3779b9 | 0;
  #high = 0x85ebca6b | 0;

  /** Mixes one integer of up to 53 bits. */
  mix(value: number): void {
    const low = value | 0;
    const high = (value / 4_294_967_296) | 0;
    this.#low = Math.imul(this.#low ^ low, 0xcc9e2d51) + ((this.#high << 13) | (this.#high >>> 19));
    this.#high = Math.imul(this.#high ^ high ^ (this.#low >>> 15), 0x1b873593) + 0xe6546b64;
  }

  mixText(text: string): void {
    this.mix(hashText(text));
  }

  /** 16 hexadecimal digits. */
  text(): string {
    const word = (value: number): string => (value >>> 0).toString(16).padStart(8, "0");
    return word(this.#high ^ (this.#low >>> 16)) + word(this.#low);
  }
}
