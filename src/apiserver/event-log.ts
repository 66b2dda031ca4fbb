import type { ObjectKey, Uid } from "../model/index.ts";

/** A Kubernetes `Event` as recorded by a component, before the server has it. */
export interface NewEvent {
  readonly kind: string;
  readonly key: ObjectKey;
  readonly uid: Uid;
  /** `metadata.resourceVersion` is left out of correlation. */
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  /** Component that saw it, `kubelet`; with the machine for kubelets. */
  readonly source: string;
  readonly host?: string;
}

export interface RecordedEvent extends NewEvent {
  readonly count: number;
  readonly firstUs: number;
  readonly lastUs: number;
}

/**
 * Events live for an hour and are read by people only, so they are columns and not objects: a row costs some 60 bytes
 * beside its shared texts.
 */
export class EventLog {
  readonly #rows: NewEvent[] = [];
  readonly #counts: number[] = [];
  readonly #firstUs: number[] = [];
  readonly #lastUs: number[] = [];
  readonly #listeners: ((event: NewEvent, row: number, atUs: number) => void)[] = [];
  #firstRow = 0;

  onRecord(listener: (event: NewEvent, row: number, atUs: number) => void): void {
    this.#listeners.push(listener);
  }

  /** A new event; the number names it for `repeat`. */
  create(event: NewEvent, atUs: number): number {
    if (this.#rows.length > 400_000) this.#expire(200_000);
    const row = this.#firstRow + this.#rows.length;
    this.#rows.push(event);
    this.#counts.push(1);
    this.#firstUs.push(atUs);
    this.#lastUs.push(atUs);
    for (const listener of this.#listeners) listener(event, row, atUs);
    return row;
  }

  /** The same again: count and last time go up, the message may be a newer one. */
  repeat(row: number, event: NewEvent, count: number, atUs: number): void {
    const index = row - this.#firstRow;
    if (this.#rows[index] === undefined) return;
    this.#rows[index] = event;
    this.#counts[index] = count;
    this.#lastUs[index] = atUs;
    for (const listener of this.#listeners) listener(event, row, atUs);
  }

  /** Events not older than `sinceUs`, oldest first. */
  *all(sinceUs = Number.NEGATIVE_INFINITY): Iterable<RecordedEvent> {
    for (let index = 0; index < this.#rows.length; index += 1) {
      const lastUs = this.#lastUs[index]!;
      if (lastUs < sinceUs) continue;
      yield { ...this.#rows[index]!, count: this.#counts[index]!, firstUs: this.#firstUs[index]!, lastUs };
    }
  }

  #expire(rows: number): void {
    for (const column of [this.#rows, this.#counts, this.#firstUs, this.#lastUs]) column.splice(0, rows);
    this.#firstRow += rows;
  }
}
