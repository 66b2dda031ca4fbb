import type { Kind, KubeObject, ObjectKey } from "../model/index.ts";
import type { View } from "./view.ts";

/**
 * The consistency gate of v1.36 (StaleControllerConsistency…): a controller remembers the versions of its own last writes
 * per key, and does not sync the key before its cache has reached them.
 */
export class OwnWrites {
  readonly #written = new Map<ObjectKey, Map<Kind, number>>();

  /** Notes what the server answered to a write that was made for `key`. */
  note(key: ObjectKey, object: KubeObject): void {
    const revision = Number(object.metadata.resourceVersion);
    let kinds = this.#written.get(key);
    if (kinds === undefined) {
      kinds = new Map();
      this.#written.set(key, kinds);
    }
    if (revision > (kinds.get(object.kind) ?? 0)) kinds.set(object.kind, revision);
  }

  /** Whether the cache shows all that was written for the key. */
  seen(key: ObjectKey, view: View): boolean {
    const kinds = this.#written.get(key);
    if (kinds === undefined) return true;
    for (const [kind, revision] of kinds) if (view.revision(kind) < revision) return false;
    this.#written.delete(key);
    return true;
  }

  forget(key: ObjectKey): void {
    this.#written.delete(key);
  }
}
