import type { KubeObject, ObjectKey } from "../model/index.ts";
import type { Sequence } from "../sim/index.ts";

/** One committed write. `before` is absent for a creation, `after` for a removal. */
export interface LogEntry<T extends KubeObject = KubeObject> {
  readonly revision: number;
  readonly key: ObjectKey;
  readonly atUs: number;
  readonly before: T | undefined;
  readonly after: T | undefined;
  /** The event that wrote it. */
  readonly cause: Sequence;
}

/** A reader's place in the log of one kind. */
export interface Cursor {
  next: number;
}

/** A watcher this many writes behind has lost them: 410 Expired, and it lists again. */
const window = 20_000;

/** The writes of one kind, kept until every reader has seen them, `window` at most. */
export class WatchLog<T extends KubeObject = KubeObject> {
  readonly #entries: LogEntry<T>[] = [];
  readonly #cursors = new Set<Cursor>();
  readonly #listeners: (() => void)[] = [];
  #first = 0;

  get end(): number {
    return this.#first + this.#entries.length;
  }

  /** A place from which everything written from now on is read. */
  openCursor(): Cursor {
    const cursor = { next: this.end };
    this.#cursors.add(cursor);
    return cursor;
  }

  closeCursor(cursor: Cursor): void {
    this.#cursors.delete(cursor);
  }

  /** `listener` is called after each write, within it; it takes note only. */
  onAppend(listener: () => void): void {
    this.#listeners.push(listener);
  }

  append(entry: LogEntry<T>): void {
    this.#entries.push(entry);
    if (this.#entries.length % 1024 === 0) this.#trim();
    for (const listener of this.#listeners) listener();
  }

  /** Too far behind: entries that this cursor never read are gone. */
  expired(cursor: Cursor): boolean {
    return cursor.next < this.#first;
  }

  peek(cursor: Cursor): LogEntry<T> | undefined {
    return this.#entries[cursor.next - this.#first];
  }

  #trim(): void {
    let needed = this.end;
    for (const cursor of this.#cursors) if (cursor.next < needed) needed = cursor.next;
    const keepFrom = Math.max(needed, this.end - window);
    if (keepFrom > this.#first) {
      this.#entries.splice(0, keepFrom - this.#first);
      this.#first = keepFrom;
    }
  }
}
