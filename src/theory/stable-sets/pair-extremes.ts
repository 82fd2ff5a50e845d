// The extremes of a step's residuals: which class it moves farthest from a given one, how far, and how far the others.

/** Two least and two largest of some numbers. Mutable: thousands of steps take turns. */
export class Extremes {
  /** Largest |a − r| for the number a of `relativeTo`, over all r, and over all but that one. */
  far = 0;
  others = 0;
  /** Which r that is. */
  farthest = 0;
  #low = 0;
  #secondLow = 0;
  #high = 0;
  #secondHigh = 0;
  #lowAt = 0;
  #highAt = 0;

  /** Takes `count` numbers from `from` on. */
  take(numbers: Float64Array, from: number, count: number): void {
    let low = Infinity;
    let secondLow = Infinity;
    let high = -Infinity;
    let secondHigh = -Infinity;
    for (let k = 0; k < count; k++) {
      const number = numbers[from + k]!;
      if (number < low) {
        secondLow = low;
        low = number;
        this.#lowAt = k;
      } else if (number < secondLow) secondLow = number;
      if (number > high) {
        secondHigh = high;
        high = number;
        this.#highAt = k;
      } else if (number > secondHigh) secondHigh = number;
    }
    this.#low = low;
    this.#secondLow = secondLow;
    this.#high = high;
    this.#secondHigh = secondHigh;
  }

  /** Largest difference of two of them. */
  get size(): number {
    return this.#high - this.#low;
  }

  /** Sets `far`, `others` and `farthest` for one of them. */
  relativeTo(own: number): void {
    const below = own - this.#low;
    const above = this.#high - own;
    if (below >= above) {
      this.far = below;
      this.farthest = this.#lowAt;
      this.others = Math.max(above, own - this.#secondLow);
    } else {
      this.far = above;
      this.farthest = this.#highAt;
      this.others = Math.max(below, this.#secondHigh - own);
    }
  }
}
