import type { Cursor, Store, WatchLog } from "../apiserver/index.ts";
import { type Kind, type KubeObject, keyOf, type ObjectKey, type Pod } from "../model/index.ts";
import { PodCounts } from "./pod-counts.ts";

/** What a watcher is told of one object: `before` absent for a new one, `after` absent for one that is gone. */
export interface Change<T extends KubeObject = KubeObject> {
  readonly key: ObjectKey;
  readonly before: T | undefined;
  readonly after: T | undefined;
}

type IndexKeys = string | readonly string[] | undefined;

/** What is found under one value of an index. */
interface Bucket {
  readonly objects: Map<ObjectKey, KubeObject>;
  /** The informer's count of changes at its last one. */
  version: number;
}

interface Index {
  readonly keysOf: (object: never) => IndexKeys;
  readonly buckets: Map<string, Bucket>;
}

const none: ReadonlyMap<ObjectKey, KubeObject> = new Map();

/** One process's copy of all objects of a kind, which trails the store by the watch's delay. */
export class Informer {
  readonly kind: Kind;
  readonly #objects = new Map<ObjectKey, KubeObject>();
  readonly #indexes = new Map<string, Index>();
  readonly #listeners: ((change: Change) => void)[] = [];
  #podCounts: PodCounts | undefined;
  readonly #log: WatchLog;
  #cursor: Cursor | undefined;
  #revision = 0;
  #changes = 0;

  constructor(kind: Kind, store: Store) {
    this.kind = kind;
    this.#log = store.log(kind);
  }

  /** The store's revision up to which this copy is known to be complete. */
  get revision(): number {
    return this.#revision;
  }

  get synced(): boolean {
    return this.#cursor !== undefined;
  }

  onChange(listener: (change: Change) => void): void {
    this.#listeners.push(listener);
  }

  get(key: ObjectKey): KubeObject | undefined {
    return this.#objects.get(key);
  }

  /** In the order in which this process came to know them. */
  all(): Iterable<KubeObject> {
    return this.#objects.values();
  }

  get size(): number {
    return this.#objects.size;
  }

  /** Objects found under a value of an index. */
  by(index: string, value: string): Iterable<KubeObject> {
    return (this.#indexes.get(index)?.buckets.get(value)?.objects ?? none).values();
  }

  /** Another number whenever what `by` yields has changed since; 0 while it yields nothing. */
  versionOf(index: string, value: string): number {
    return this.#indexes.get(index)?.buckets.get(value)?.version ?? 0;
  }

  /** Keeps an index from now on; a second one of the same name is the same. */
  addIndex(name: string, keysOf: (object: never) => IndexKeys): void {
    if (this.#indexes.has(name)) return;
    const index: Index = { keysOf, buckets: new Map() };
    this.#indexes.set(name, index);
    for (const [key, object] of this.#objects) insert(index, keysOf(object as never), key, object, this.#changes);
  }

  /** Counts of the pods here, from now on kept by their changes. */
  get podCounts(): PodCounts {
    if (this.#podCounts === undefined) {
      this.#podCounts = new PodCounts();
      for (const pod of this.#objects.values()) this.#podCounts.note(undefined, pod as Pod);
    }
    return this.#podCounts;
  }

  /** Replaces everything by what the store holds now (a LIST), tells the differences, and watches from there. */
  list(store: Store): void {
    if (this.#cursor !== undefined) this.#log.closeCursor(this.#cursor);
    this.#cursor = this.#log.openCursor();
    this.#revision = store.revision;
    const gone = new Map(this.#objects);
    for (const object of store.list(this.kind)) {
      const key = keyOf(object);
      const before = gone.get(key);
      gone.delete(key);
      if (before !== object) this.#apply(before, object, key);
    }
    for (const [key, before] of gone) this.#apply(before, undefined, key);
  }

  /** Reads what was written until `writtenUntilUs`; returns when the next write was made, or `undefined`, or that it missed some. */
  deliver(writtenUntilUs: number): number | undefined | "expired" {
    const cursor = this.#cursor;
    if (cursor === undefined) return undefined;
    for (;;) {
      if (this.#log.expired(cursor)) return "expired";
      const entry = this.#log.peek(cursor);
      if (entry === undefined) return undefined;
      if (entry.atUs > writtenUntilUs) return entry.atUs;
      cursor.next += 1;
      this.#revision = entry.revision;
      const { key, after } = entry;
      // The copy's own last state, not the log's: after a LIST it may be newer than this entry's `before`.
      this.#apply(this.#objects.get(key), after, key);
    }
  }

  /** The process is gone, its memory with it. */
  forget(): void {
    if (this.#cursor !== undefined) this.#log.closeCursor(this.#cursor);
    this.#cursor = undefined;
    this.#objects.clear();
    for (const index of this.#indexes.values()) index.buckets.clear();
    this.#podCounts?.clear();
  }

  #apply(before: KubeObject | undefined, after: KubeObject | undefined, key: ObjectKey): void {
    if (before === undefined && after === undefined) return;
    if (after === undefined) this.#objects.delete(key);
    else this.#objects.set(key, after);
    this.#changes += 1;
    for (const index of this.#indexes.values()) reindex(index, key, before, after, this.#changes);
    this.#podCounts?.note(before as Pod | undefined, after as Pod | undefined);
    // A new object of an old name is a deletion and a creation to whoever listens, as in client-go.
    const replaced = before !== undefined && after !== undefined && before.metadata.uid !== after.metadata.uid;
    if (replaced) {
      this.#tell({ key, before, after: undefined });
      this.#tell({ key, before: undefined, after });
    } else {
      this.#tell({ key, before, after });
    }
  }

  #tell(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }
}

/** An object found under the same values as before keeps its place among the others. */
function reindex(
  index: Index,
  key: ObjectKey,
  before: KubeObject | undefined,
  after: KubeObject | undefined,
  version: number,
): void {
  const old = before && index.keysOf(before as never);
  const now = after && index.keysOf(after as never);
  if (old !== now) remove(index, old, key, version);
  if (after !== undefined) insert(index, now, key, after, version);
}

function insert(index: Index, values: IndexKeys, key: ObjectKey, object: KubeObject, version: number): void {
  if (values === undefined) return;
  if (typeof values === "string") insertUnder(index, values, key, object, version);
  else for (const value of values) insertUnder(index, value, key, object, version);
}

function insertUnder({ buckets }: Index, value: string, key: ObjectKey, object: KubeObject, version: number): void {
  const found = buckets.get(value);
  if (found === undefined) {
    buckets.set(value, { objects: new Map([[key, object]]), version });
    return;
  }
  found.objects.set(key, object);
  found.version = version;
}

function remove(index: Index, values: IndexKeys, key: ObjectKey, version: number): void {
  if (values === undefined) return;
  for (const value of typeof values === "string" ? [values] : values) {
    const found = index.buckets.get(value);
    if (found === undefined) continue;
    found.objects.delete(key);
    found.version = version;
    if (found.objects.size === 0) index.buckets.delete(value);
  }
}
