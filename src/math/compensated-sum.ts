// A running sum whose rounding error does not grow with the number of terms.

/** Neumaier's compensated sum: the error stays near one unit in the last place of the result, for any number of terms. */
export class CompensatedSum {
  #sum: number;
  #lost: number;

  /** @param state of a sum to go on with, from `state` */
  constructor(state: readonly [sum: number, lost: number] = [0, 0]) {
    [this.#sum, this.#lost] = state;
  }

  add(term: number): void {
    const next = this.#sum + term;
    this.#lost += Math.abs(this.#sum) >= Math.abs(term) ? this.#sum - next + term : term - next + this.#sum;
    this.#sum = next;
  }

  /** Restores to the bit, through JSON too. */
  get state(): readonly [sum: number, lost: number] {
    return [this.#sum, this.#lost];
  }

  get value(): number {
    return this.#sum + this.#lost;
  }
}
