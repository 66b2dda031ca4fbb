import type { Uid } from "../model/index.ts";
import { hashText } from "../sim/index.ts";

const alphabet = "bcdfghjklmnpqrstvwxz2456789"; // k8s.io/apimachinery util/rand: no vowels, no 0 1 3.

function scramble(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/**
 * uids and generated names. Both are hashes of the seed and of whose they are, not counters: upstream breaks ties of
 * deletion by uid, and the n-th pod of a ReplicaSet is called the same under every policy compared.
 */
export class Identities {
  readonly #seedHash: number;
  readonly #incarnations = new Map<string, number>();
  readonly #generated = new Map<string, number>();

  constructor(seed: string) {
    this.#seedHash = hashText(seed);
  }

  /** UUID text for an object's `kind/namespace/name`; the next object of that name gets another. */
  uid(path: string, generated: boolean): Uid {
    let incarnation = 0;
    if (!generated) {
      incarnation = this.#incarnations.get(path) ?? 0;
      this.#incarnations.set(path, incarnation + 1);
    }
    // Two hashes of 32 bits: of 300,000 pods in a run ten pairs would share one.
    const hashes = [hashText(path), hashText(`uid/${path}`)] as const;
    const words = [1, 2, 3, 4].map((word) => {
      const base = word < 3 ? hashes[0] : hashes[1];
      const mixed = scramble(Math.imul(base ^ this.#seedHash, 2 * word + 1) + word * 0x9e3779b9 + incarnation);
      return scramble(mixed ^ Math.imul(base, word))
        .toString(16)
        .padStart(8, "0");
    });
    const [a, b, c, d] = words as [string, string, string, string];
    return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-8${c.slice(1, 4)}-${c.slice(4)}${d}` as Uid;
  }

  /** Five characters of upstream's alphabet: the next name after `base` (namespace and generateName). */
  suffix(base: string): string {
    const count = this.#generated.get(base) ?? 0;
    this.#generated.set(base, count + 1);
    let left = scramble(hashText(base) ^ this.#seedHash) ^ scramble(Math.imul(count + 1, 0x9e3779b9));
    let text = "";
    for (let character = 0; character < 5; character += 1) {
      left = scramble(left + character);
      text += alphabet[left % alphabet.length];
    }
    return text;
  }
}
