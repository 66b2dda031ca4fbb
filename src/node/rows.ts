/** Rows of numbers one behind the other in one column. Where a row was taken out, the next of its length comes to stand. */
export class Rows {
  #column = new Float64Array(0);
  #end = 0;
  /** Where rows were taken out, by length. */
  readonly #free: number[][] = [];

  /** Answers where it stands: what `take` wants. */
  put(row: readonly number[]): number {
    const length = row.length;
    const at = this.#free[length]?.pop() ?? this.#append(length);
    this.#column[at] = length;
    this.#column.set(row, at + 1);
    return at;
  }

  take(at: number): Row {
    const length = this.#column[at]!;
    this.#free[length] ??= [];
    this.#free[length].push(at);
    return new Row([...this.#column.subarray(at + 1, at + 1 + length)]);
  }

  #append(length: number): number {
    const at = this.#end;
    this.#end += length + 1;
    if (this.#end > this.#column.length) {
      const longer = new Float64Array(this.#end + (this.#end >> 2));
      longer.set(this.#column);
      this.#column = longer;
    }
    return at;
  }
}

/** One row, read from its beginning. */
export class Row {
  readonly #numbers: readonly number[];
  #read = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  next(): number {
    this.#read += 1;
    return this.#numbers[this.#read - 1]!;
  }
}
