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

/** `--event-ttl` of kube-apiserver. */
const livesUs = 3_600_000_000;
/** So often, in new events, those are looked for that have died. */
const between = 16_384;
/** Beyond this the first go whatever their age. */
const mostRows = 400_000;

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
  create(event: NewEvent, atUs: number, count = 1): number {
    const row = this.#firstRow + this.#rows.length;
    if (row % between === 0) this.#expire(atUs - livesUs);
    this.#rows.push(event);
    this.#counts.push(count);
    this.#firstUs.push(atUs);
    this.#lastUs.push(atUs);
    for (const listener of this.#listeners) listener(event, row, atUs);
    return row;
  }

  /** The same again: count and last time go up, the message may be a newer one. One that is gone is written anew, as client-go does. */
  repeat(row: number, event: NewEvent, count: number, atUs: number): number {
    const index = row - this.#firstRow;
    if (index < 0) return this.create(event, atUs, count);
    this.#rows[index] = event;
    this.#counts[index] = count;
    this.#lastUs[index] = atUs;
    for (const listener of this.#listeners) listener(event, row, atUs);
    return row;
  }

  /** Events not older than `sinceUs`, oldest first. */
  *all(sinceUs = Number.NEGATIVE_INFINITY): Iterable<RecordedEvent> {
    for (let index = 0; index < this.#rows.length; index += 1) {
      const lastUs = this.#lastUs[index]!;
      if (lastUs < sinceUs) continue;
      yield { ...this.#rows[index]!, count: this.#counts[index]!, firstUs: this.#firstUs[index]!, lastUs };
    }
  }

  /** Lets those go that came first and were not seen since. One that is seen again and again holds up those behind it, to a limit. */
  #expire(sinceUs: number): void {
    let dead = 0;
    while (dead < this.#lastUs.length && this.#lastUs[dead]! < sinceUs) dead += 1;
    if (this.#rows.length - dead > mostRows) dead = this.#rows.length - mostRows;
    for (const column of [this.#rows, this.#counts, this.#firstUs, this.#lastUs]) column.splice(0, dead);
    this.#firstRow += dead;
  }
}
