const longestLog = 1 << 16;

/** Slots in the order in which something about them changed. Readers keep a cursor, which counts those too that were dropped. */
export class ChangeLog {
  readonly slots: number[] = [];
  dropped = 0;

  get end(): number {
    return this.dropped + this.slots.length;
  }

  push(slot: number): void {
    this.slots.push(slot);
    if (this.slots.length <= longestLog) return;
    this.dropped += this.slots.length;
    this.slots.length = 0;
  }
}
