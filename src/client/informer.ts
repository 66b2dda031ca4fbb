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

/** An object's place in the copy: newer versions take it, so that indexes are touched only when their values change. */
interface Slot {
  readonly key: ObjectKey;
  object: KubeObject;
  /** Where indexes have it. */
  buckets: readonly Bucket[];
}

/** What is found under one value of an index. */
interface Bucket {
  readonly index: Index;
  readonly value: string;
  readonly slots: Set<Slot>;
  /** The informer's count of changes at its last one. */
  version: number;
}

interface Index {
  readonly keysOf: (object: never) => IndexKeys;
  readonly buckets: Map<string, Bucket>;
}

/** One process's copy of all objects of a kind, which trails the store by the watch's delay. */
export class Informer {
  readonly kind: Kind;
  readonly #slots = new Map<ObjectKey, Slot>();
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
    return this.#slots.get(key)?.object;
  }

  /** In the order in which this process came to know them. */
  all(): Iterable<KubeObject> {
    return new Objects(this.#slots.values());
  }

  get size(): number {
    return this.#slots.size;
  }

  /** Objects found under a value of an index. */
  by(index: string, value: string): Iterable<KubeObject> {
    const bucket = this.#indexes.get(index)?.buckets.get(value);
    return bucket === undefined ? none : new Objects(bucket.slots.values());
  }

  /** Another number whenever what `by` yields has changed since; 0 while it yields nothing. */
  versionOf(index: string, value: string): number {
    return this.#indexes.get(index)?.buckets.get(value)?.version ?? 0;
  }

  hasIndex(name: string): boolean {
    return this.#indexes.has(name);
  }

  /** Keeps an index from now on; a second one of the same name is the same. It may read names, labels, owners and the spec. */
  addIndex(name: string, keysOf: (object: never) => IndexKeys): void {
    if (this.#indexes.has(name)) return;
    const index: Index = { keysOf, buckets: new Map() };
    this.#indexes.set(name, index);
    for (const slot of this.#slots.values()) {
      const buckets = [...slot.buckets];
      insert(index, slot, buckets, this.#changes);
      slot.buckets = buckets.slice();
    }
  }

  /** Counts of the pods here, from now on kept by their changes. */
  get podCounts(): PodCounts {
    if (this.#podCounts === undefined) {
      this.#podCounts = new PodCounts();
      for (const { object } of this.#slots.values()) this.#podCounts.note(undefined, object as Pod);
    }
    return this.#podCounts;
  }

  /** Replaces everything by what the store holds now (a LIST), tells the differences, and watches from there. */
  list(store: Store): void {
    if (this.#cursor !== undefined) this.#log.closeCursor(this.#cursor);
    this.#cursor = this.#log.openCursor();
    this.#revision = store.revision;
    const gone = new Map(this.#slots);
    for (const object of store.list(this.kind)) {
      const key = keyOf(object);
      const known = gone.get(key);
      gone.delete(key);
      if (known?.object !== object) this.#apply(object, key);
    }
    for (const key of gone.keys()) this.#apply(undefined, key);
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
      this.#apply(after, key);
    }
  }

  /** The process is gone, its memory with it. */
  forget(): void {
    if (this.#cursor !== undefined) this.#log.closeCursor(this.#cursor);
    this.#cursor = undefined;
    this.#slots.clear();
    for (const index of this.#indexes.values()) index.buckets.clear();
    this.#podCounts?.clear();
  }

  #apply(after: KubeObject | undefined, key: ObjectKey): void {
    const slot = this.#slots.get(key);
    const before = slot?.object;
    if (before === undefined && after === undefined) return;
    this.#changes += 1;
    if (slot === undefined) {
      const fresh: Slot = { key, object: after!, buckets: nowhere };
      this.#slots.set(key, fresh);
      this.#place(fresh);
    } else if (after === undefined) {
      this.#slots.delete(key);
      this.#displace(slot);
    } else {
      slot.object = after;
      this.#renew(slot, before!, after);
    }
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

  /** Another version is found under the same values unless something changed that indexes read; then it keeps its place among the others. */
  #renew(slot: Slot, before: KubeObject, after: KubeObject): void {
    const { buckets } = slot;
    for (let at = 0; at < buckets.length; at += 1) buckets[at]!.version = this.#changes;
    if (readsAlike(before, after)) return;
    const kept: Bucket[] = [];
    for (const bucket of buckets) {
      const { keysOf } = bucket.index;
      if (keysOf(before as never) === keysOf(after as never)) kept.push(bucket);
      else dropFrom(bucket, slot);
    }
    for (const index of this.#indexes.values()) {
      if (index.keysOf(before as never) !== index.keysOf(after as never)) insert(index, slot, kept, this.#changes);
    }
    slot.buckets = kept.slice(); // Without the room that a list keeps for more.
  }

  #place(slot: Slot): void {
    const buckets: Bucket[] = [];
    for (const index of this.#indexes.values()) insert(index, slot, buckets, this.#changes);
    slot.buckets = buckets.slice();
  }

  #displace(slot: Slot): void {
    for (const bucket of slot.buckets) {
      bucket.version = this.#changes;
      dropFrom(bucket, slot);
    }
  }

  #tell(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }
}

const none: readonly KubeObject[] = [];
const nowhere: readonly Bucket[] = [];

/** What is in slots, once; no generator, since caches are read in every sync. */
class Objects implements IterableIterator<KubeObject> {
  readonly #slots: Iterator<Slot, unknown>;

  constructor(slots: Iterator<Slot, unknown>) {
    this.#slots = slots;
  }

  next(): IteratorResult<KubeObject, undefined> {
    const step = this.#slots.next();
    return step.done === true ? end : { done: false, value: step.value.object };
  }

  [Symbol.iterator](): this {
    return this;
  }
}

const end = { done: true, value: undefined } as const;

/** Two versions of one key in which everything is the same that an index may read. */
function readsAlike(before: KubeObject, after: KubeObject): boolean {
  return (
    before.metadata.labels === after.metadata.labels &&
    before.metadata.ownerReferences === after.metadata.ownerReferences &&
    (before as Partial<Pod>).spec === (after as Partial<Pod>).spec
  );
}

/** Adds to `buckets` where the slot is found from now on. */
function insert(index: Index, slot: Slot, buckets: Bucket[], version: number): void {
  const values = index.keysOf(slot.object as never);
  if (values === undefined) return;
  if (typeof values === "string") buckets.push(insertUnder(index, values, slot, version));
  else for (const value of values) buckets.push(insertUnder(index, value, slot, version));
}

function insertUnder(index: Index, value: string, slot: Slot, version: number): Bucket {
  let bucket = index.buckets.get(value);
  if (bucket === undefined) {
    bucket = { index, value, slots: new Set(), version };
    index.buckets.set(value, bucket);
  }
  bucket.slots.add(slot);
  bucket.version = version;
  return bucket;
}

function dropFrom(bucket: Bucket, slot: Slot): void {
  bucket.slots.delete(slot);
  if (bucket.slots.size === 0) bucket.index.buckets.delete(bucket.value);
}
