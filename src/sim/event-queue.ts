import { assert } from "./assert.ts";

declare const brand: unique symbol;
/** The order of scheduling, which is also the event's handle. Grows with every event of a run. */
export type Sequence = number & { readonly [brand]: "Sequence" };

/** What happens at an event. One object per kind of event, made once: no closure per event. */
export interface Handler<A> {
  /** Names the kind of event in digests and profiles. */
  readonly label: string;
  readonly labelHash: number;
  fire(argument: A): void;
}

const slotBits = 2_097_152; // 2^21 events may be pending at once, 2^32 scheduled in all: together below 2^53.
const maxSequences = 4_294_967_296;

/**
 * A 4-ary heap over typed arrays. Time, then phase, then order of scheduling: a total order, so a run never depends on
 * the heap's internals. A cancelled event stays in its place, empty, until it is popped or half of the heap is such.
 */
export class EventQueue {
  #capacity = 1024;
  #size = 0;
  #cancelled = 0;
  #sequences = 0;
  #heapAt = new Float64Array(this.#capacity);
  /** phase · 2^53/8 would not fit beside a sequence, so phase is kept above 2^33 counts: rank = phase · 2^33 + count. */
  #heapRank = new Float64Array(this.#capacity);
  #heapSlot = new Int32Array(this.#capacity);
  readonly #handlers: (Handler<never> | undefined)[] = [];
  readonly #arguments: unknown[] = [];
  readonly #counts: number[] = [];
  readonly #free: number[] = [];

  /** Of the event popped last. */
  atUs = 0;
  phase = 0;
  sequence = 0 as Sequence;
  handler: Handler<unknown> | undefined;
  argument: unknown;

  /** Pending events, cancelled ones left out. */
  get size(): number {
    return this.#size - this.#cancelled;
  }

  push<A>(atUs: number, phase: number, handler: Handler<A>, argument: A): Sequence {
    const count = this.#sequences;
    assert(count < maxSequences, "more than 2^32 events in one run");
    this.#sequences = count + 1;
    const slot = this.#free.pop() ?? this.#handlers.length;
    assert(slot < slotBits, "more than 2^21 events pending");
    this.#handlers[slot] = handler;
    this.#arguments[slot] = argument;
    this.#counts[slot] = count;
    if (this.#size === this.#capacity) this.#grow();
    this.#siftUp(this.#size, atUs, phase * 8_589_934_592 + count, slot);
    this.#size += 1;
    return (count * slotBits + slot) as Sequence;
  }

  /** Takes an event back; one that has fired or was cancelled already is left alone. */
  cancel(sequence: Sequence): void {
    const slot = sequence % slotBits;
    const count = Math.floor(sequence / slotBits);
    if (this.#counts[slot] !== count || this.#handlers[slot] === undefined) return;
    this.#handlers[slot] = undefined;
    this.#arguments[slot] = undefined;
    this.#cancelled += 1;
    if (this.#cancelled > 64 && this.#cancelled * 2 > this.#size) this.#sweep();
  }

  /** The instant of the next event, or Infinity. */
  nextAtUs(): number {
    this.#dropCancelled();
    return this.#size === 0 ? Number.POSITIVE_INFINITY : this.#heapAt[0]!;
  }

  /** Moves the next event into `atUs`, `phase`, `handler`, … and says whether there was one. */
  pop(): boolean {
    this.#dropCancelled();
    if (this.#size === 0) return false;
    const slot = this.#heapSlot[0]!;
    const rank = this.#heapRank[0]!;
    this.atUs = this.#heapAt[0]!;
    this.phase = Math.floor(rank / 8_589_934_592);
    this.sequence = (this.#counts[slot]! * slotBits + slot) as Sequence;
    this.handler = this.#handlers[slot] as Handler<unknown>;
    this.argument = this.#arguments[slot];
    this.#release(slot);
    this.#removeTop();
    return true;
  }

  #dropCancelled(): void {
    while (this.#cancelled > 0 && this.#size > 0) {
      const slot = this.#heapSlot[0]!;
      if (this.#handlers[slot] !== undefined) return;
      this.#release(slot);
      this.#removeTop();
      this.#cancelled -= 1;
    }
  }

  #release(slot: number): void {
    this.#handlers[slot] = undefined;
    this.#arguments[slot] = undefined;
    this.#counts[slot] = -1;
    this.#free.push(slot);
  }

  #removeTop(): void {
    const last = this.#size - 1;
    this.#size = last;
    if (last > 0) this.#siftDown(0, this.#heapAt[last]!, this.#heapRank[last]!, this.#heapSlot[last]!);
  }

  #siftUp(from: number, at: number, rank: number, slot: number): void {
    const heapAt = this.#heapAt;
    const heapRank = this.#heapRank;
    const heapSlot = this.#heapSlot;
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 2;
      const parentAt = heapAt[parent]!;
      if (parentAt < at || (parentAt === at && heapRank[parent]! < rank)) break;
      heapAt[index] = parentAt;
      heapRank[index] = heapRank[parent]!;
      heapSlot[index] = heapSlot[parent]!;
      index = parent;
    }
    heapAt[index] = at;
    heapRank[index] = rank;
    heapSlot[index] = slot;
  }

  #siftDown(from: number, at: number, rank: number, slot: number): void {
    const heapAt = this.#heapAt;
    const heapRank = this.#heapRank;
    const heapSlot = this.#heapSlot;
    const size = this.#size;
    let index = from;
    for (;;) {
      const first = 4 * index + 1;
      if (first >= size) break;
      let child = first;
      let childAt = heapAt[first]!;
      let childRank = heapRank[first]!;
      const end = Math.min(first + 4, size);
      for (let other = first + 1; other < end; other += 1) {
        const otherAt = heapAt[other]!;
        if (otherAt < childAt || (otherAt === childAt && heapRank[other]! < childRank)) {
          child = other;
          childAt = otherAt;
          childRank = heapRank[other]!;
        }
      }
      if (at < childAt || (at === childAt && rank < childRank)) break;
      heapAt[index] = childAt;
      heapRank[index] = childRank;
      heapSlot[index] = heapSlot[child]!;
      index = child;
    }
    heapAt[index] = at;
    heapRank[index] = rank;
    heapSlot[index] = slot;
  }

  #sweep(): void {
    let kept = 0;
    for (let index = 0; index < this.#size; index += 1) {
      const slot = this.#heapSlot[index]!;
      if (this.#handlers[slot] === undefined) {
        this.#release(slot);
        continue;
      }
      this.#heapAt[kept] = this.#heapAt[index]!;
      this.#heapRank[kept] = this.#heapRank[index]!;
      this.#heapSlot[kept] = slot;
      kept += 1;
    }
    this.#size = kept;
    this.#cancelled = 0;
    for (let index = (kept - 2) >> 2; index >= 0; index -= 1) {
      this.#siftDown(index, this.#heapAt[index]!, this.#heapRank[index]!, this.#heapSlot[index]!);
    }
  }

  #grow(): void {
    this.#capacity *= 2;
    const at = new Float64Array(this.#capacity);
    const rank = new Float64Array(this.#capacity);
    const slot = new Int32Array(this.#capacity);
    at.set(this.#heapAt);
    rank.set(this.#heapRank);
    slot.set(this.#heapSlot);
    this.#heapAt = at;
    this.#heapRank = rank;
    this.#heapSlot = slot;
  }
}
