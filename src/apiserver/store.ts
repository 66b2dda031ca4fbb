import {
  type Kind,
  type KubeObject,
  keyOf,
  type ObjectKey,
  type ObjectOf,
  sameContent,
  type WallClock,
} from "../model/index.ts";
import { type EventLoop, hashText } from "../sim/index.ts";
import { deepFreeze } from "./deep-freeze.ts";
import { type LogEntry, WatchLog } from "./watch-log.ts";

/** What of an object a write is about: the object itself, or one of its subresources. */
export type ObjectPart = "main" | "status" | "resize";

/**
 * etcd with its one revision counter: frozen objects by kind and key, and a log of writes per kind. It knows no rules;
 * `ApiServer` does. A write whose content equals what is stored is no write and wakes nobody.
 */
export class Store {
  readonly #loop: EventLoop;
  readonly clock: WallClock;
  readonly #objects = new Map<string, Map<ObjectKey, KubeObject>>();
  readonly #logs = new Map<string, WatchLog>();
  readonly #kindHashes = new Map<string, number>();
  readonly #observers: ((entry: LogEntry) => void)[] = [];
  #revision = 0;

  constructor(loop: EventLoop, clock: WallClock) {
    this.#loop = loop;
    this.clock = clock;
  }

  get revision(): number {
    return this.#revision;
  }

  get nowUs(): number {
    return this.#loop.nowUs;
  }

  get<K extends Kind>(kind: K, key: ObjectKey): ObjectOf<K> | undefined {
    return this.#objects.get(kind)?.get(key) as ObjectOf<K> | undefined;
  }

  /** All objects of a kind in order of birth. */
  list<K extends Kind>(kind: K): Iterable<ObjectOf<K>> {
    return (this.#objects.get(kind)?.values() ?? []) as Iterable<ObjectOf<K>>;
  }

  count(kind: Kind): number {
    return this.#objects.get(kind)?.size ?? 0;
  }

  /** Kinds that have, or had, objects; sorted. */
  kinds(): string[] {
    return [...this.#objects.keys()].sort();
  }

  log<K extends Kind>(kind: K): WatchLog<ObjectOf<K>> {
    let log = this.#logs.get(kind);
    if (log === undefined) {
      log = new WatchLog();
      this.#logs.set(kind, log);
    }
    return log as unknown as WatchLog<ObjectOf<K>>;
  }

  /** `observer` sees every write of every kind, as it is committed. */
  onCommit(observer: (entry: LogEntry) => void): void {
    this.#observers.push(observer);
  }

  /** Adds an object that is not there yet. */
  create<T extends KubeObject>(object: T): T {
    return this.#commit(undefined, object) as T;
  }

  /** Puts `next` in the place of `stored`, which must be what is stored. Equal content is no write. */
  replace<T extends KubeObject>(stored: T, next: T): T {
    if (sameContent(stored, next)) return stored;
    return this.#commit(stored, next) as T;
  }

  /** Takes an object away; answers its last state. */
  remove(stored: KubeObject): KubeObject {
    return this.#commit(stored, undefined);
  }

  #commit(before: KubeObject | undefined, after: KubeObject | undefined): KubeObject {
    this.#revision += 1;
    const revision = this.#revision;
    const resourceVersion = String(revision);
    const subject = (after ?? before)!;
    const key = keyOf(subject);
    let objects = this.#objects.get(subject.kind);
    if (objects === undefined) {
      objects = new Map();
      this.#objects.set(subject.kind, objects);
    }
    // A removal's last state carries the revision of the removal, as in upstream's DELETED events.
    const version = after ?? before!;
    const committed = deepFreeze({ ...version, metadata: { ...version.metadata, resourceVersion } });
    if (after === undefined) objects.delete(key);
    else objects.set(key, committed);
    const { digest } = this.#loop;
    digest.mix(this.#kindHash(subject.kind));
    digest.mixText(key);
    digest.mix(revision);
    const entry: LogEntry = {
      revision,
      key,
      atUs: this.#loop.nowUs,
      before: after === undefined ? committed : before,
      after: after === undefined ? undefined : committed,
      cause: this.#loop.cause,
    };
    this.log(subject.kind).append(entry);
    for (const observer of this.#observers) observer(entry);
    return committed;
  }

  #kindHash(kind: string): number {
    let hash = this.#kindHashes.get(kind);
    if (hash === undefined) {
      hash = hashText(kind);
      this.#kindHashes.set(kind, hash);
    }
    return hash;
  }
}
