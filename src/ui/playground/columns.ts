// Columns of numbers that grow while a run trains: views without copies, doubling when full.

/** A growing column. Views taken before stay valid, and stay as long as they were. */
export class Column {
  #values: Float64Array<ArrayBuffer> = new Float64Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What is there now. */
  get view(): Float64Array<ArrayBuffer> {
    return this.#values.subarray(0, this.#length);
  }

  push(value: number): void {
    this.#reserve(this.#length + 1);
    this.#values[this.#length++] = value;
  }

  pushAll(values: ArrayLike<number>): void {
    this.#reserve(this.#length + values.length);
    this.#values.set(values, this.#length);
    this.#length += values.length;
  }

  /** Forgets all but the first `length` values. Views of what follows must not be overwritten, so a fresh buffer is used. */
  truncate(length: number): void {
    if (length >= this.#length) return;
    this.#values = this.#values.slice(0, Math.max(256, length));
    this.#length = length;
  }

  #reserve(length: number): void {
    if (length <= this.#values.length) return;
    const larger = new Float64Array(Math.max(length, 2 * this.#values.length));
    larger.set(this.view);
    this.#values = larger;
  }
}

/** A quantity over steps. */
export class Curve {
  readonly steps: Column = new Column();
  readonly values: Column = new Column();

  add(step: number, value: number): void {
    this.steps.push(step);
    this.values.push(value);
  }

  /** Forgets what lies after `step`. */
  rewind(step: number): void {
    let length = this.steps.length;
    while (length > 0 && this.steps.view[length - 1]! > step) length--;
    this.steps.truncate(length);
    this.values.truncate(length);
  }
}
