// The progress line of a run: redrawn in place on a terminal, a plain line now and then elsewhere.
import { formatDuration, formatNumber } from "./format.ts";
import type { Sink } from "./output.ts";

/** What the line shows. Absent or null values are left out. */
export interface ProgressState {
  readonly step: number;
  readonly steps: number;
  readonly loss?: number | null;
  readonly sharpness?: number | null;
  /** Stability threshold, 2/η for gradient descent: S ÷ threshold is S·η/2. */
  readonly threshold?: number;
}

export interface ProgressOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Shown before the numbers: the run's name. */
  readonly label?: string;
  readonly quiet?: boolean;
}

const redrawMs = 100;
const plainMs = 10_000;
/** Time constant of the smoothed speed; long enough that a measurement every few steps does not make it jump. */
const smoothingMs = 5_000;

/** Call `update` every step (cheap: it looks at the clock and mostly returns) and `done` at the end. */
export class Progress {
  readonly #sink: Sink;
  readonly #now: () => number;
  readonly #label: string;
  readonly #quiet: boolean;
  readonly #interval: number;
  #lastDrawn = -Infinity;
  #lastSample: { at: number; step: number } | null = null;
  #stepsPerMs: number | null = null;
  #onScreen = false;

  constructor(sink: Sink, options: ProgressOptions) {
    this.#sink = sink;
    this.#now = options.now;
    this.#label = options.label ?? "";
    this.#quiet = options.quiet === true;
    this.#interval = sink.isTTY === true ? redrawMs : plainMs;
  }

  update(state: ProgressState): void {
    if (this.#quiet) return;
    const now = this.#now();
    this.#lastSample ??= { at: now, step: state.step };
    if (now - this.#lastDrawn < this.#interval) return;
    this.#sample(now, state.step);
    this.#lastDrawn = now;
    this.#draw(this.#format(state));
  }

  /** Prints a line of its own without leaving half a progress line before it. */
  note(text: string): void {
    this.#clear();
    this.#sink.write(`${text}\n`);
  }

  /** Removes the line from the terminal. */
  done(): void {
    this.#clear();
  }

  /** Speed as an exponential average over wall time, so a long measurement weighs as long as it took. */
  #sample(now: number, step: number): void {
    const last = this.#lastSample!;
    const elapsed = now - last.at;
    if (elapsed <= 0 || step <= last.step) return;
    const speed = (step - last.step) / elapsed;
    const weight = this.#stepsPerMs === null ? 1 : 1 - Math.exp(-elapsed / smoothingMs);
    this.#stepsPerMs = (this.#stepsPerMs ?? 0) * (1 - weight) + speed * weight;
    this.#lastSample = { at: now, step };
  }

  #format(state: ProgressState): string {
    const parts = [`step ${state.step}/${state.steps}`];
    if (this.#label !== "") parts.unshift(this.#label);
    if (this.#stepsPerMs !== null) {
      parts.push(`${formatNumber(this.#stepsPerMs * 1000, 3)} it/s`);
      parts.push(`ETA ${formatDuration((state.steps - state.step) / this.#stepsPerMs / 1000)}`);
    }
    if (state.loss !== undefined) parts.push(`loss ${formatNumber(state.loss, 3)}`);
    if (state.sharpness !== undefined && state.sharpness !== null) {
      parts.push(`S ${formatNumber(state.sharpness)}`);
      if (state.threshold !== undefined) {
        parts.push(`S·η/2 ${formatNumber(state.sharpness / state.threshold, 3)}`);
      }
    }
    return parts.join("  ");
  }

  #draw(text: string): void {
    if (this.#sink.isTTY !== true) {
      this.#sink.write(`${text}\n`);
      return;
    }
    this.#sink.write(`\r\u001B[K${this.#fit(text)}`);
    this.#onScreen = true;
  }

  /**
   * A line wider than the terminal would wrap, and the carriage return would then leave its first part behind. The
   * name goes first, because the numbers that matter most are at the end.
   */
  #fit(text: string): string {
    const width = (this.#sink.columns ?? 80) - 1;
    const named = Array.from(text);
    if (named.length <= width) return text;
    const unnamed = this.#label === "" ? named : Array.from(text.slice(this.#label.length + 2));
    return unnamed.slice(0, width).join("");
  }

  #clear(): void {
    if (this.#onScreen) this.#sink.write("\r\u001B[K");
    this.#onScreen = false;
  }
}
