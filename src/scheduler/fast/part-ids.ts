/** Numbers for parts of pods: equal content gets the same number. Pods of a template share their parts, so most are known by identity. */
export class PartIds {
  readonly #byIdentity: WeakMap<object, number> = new WeakMap();
  readonly #byContent: Map<string, number> = new Map();

  /** 0 for an absent part. */
  of(part: object | undefined): number {
    if (part === undefined) return 0;
    const known = this.#byIdentity.get(part);
    if (known !== undefined) return known;
    const text = JSON.stringify(part);
    let id = this.#byContent.get(text);
    if (id === undefined) {
      id = this.#byContent.size + 1;
      this.#byContent.set(text, id);
    }
    // Only what cannot change may be recognized by identity.
    if (Object.isFrozen(part)) this.#byIdentity.set(part, id);
    return id;
  }
}
