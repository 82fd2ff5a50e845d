// Progress of a whole sweep: on a terminal a line a running job and a total, elsewhere a plain line now and then.
import { formatDuration, formatNumber } from "../format.ts";
import type { Sink } from "../output.ts";

/** What the display is told of one run. */
export interface RunProgress {
  readonly step: number;
  readonly loss?: number | null;
  readonly sharpness?: number | null;
}

export interface DisplayOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly quiet: boolean;
  /** Jobs at once. */
  readonly jobs: number;
  /** Runs altogether, and how many of them were over before. */
  readonly total: number;
  readonly over: number;
}

interface Running {
  readonly name: string;
  readonly steps: number;
  readonly threshold: number;
  readonly startedAt: number;
  readonly fromStep: number;
  state: RunProgress;
}

const REDRAW_MS = 200;
const PLAIN_MS = 30_000;
/** A run's first steps compile its programs; their speed says nothing about the rest. */
const ESTIMATE_AFTER_MS = 1000;
/** Lines of running jobs shown; a screen is not much taller. */
const MOST_LINES = 16;

/** Mutable: told what happens, draws on a sink. */
export class SweepDisplay {
  readonly #sink: Sink;
  readonly #options: DisplayOptions;
  readonly #running = new Map<string, Running>();
  #over: number;
  #failed = 0;
  /** Seconds a run takes, of those that ended here. */
  readonly #durations: number[] = [];
  #drawnAt: number;
  #linesOnScreen = 0;

  constructor(sink: Sink, options: DisplayOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#over = options.over;
    // Off a terminal every start and end has a line of its own; the first total can wait.
    this.#drawnAt = sink.isTTY === true ? -Infinity : options.now();
  }

  /** A run begins, or goes on, at `fromStep`. */
  start(
    key: string,
    run: {
      readonly name: string;
      readonly steps: number;
      readonly threshold: number;
      readonly fromStep: number;
    },
  ): void {
    this.#running.set(key, { ...run, startedAt: this.#options.now(), state: { step: run.fromStep } });
  }

  /** A run got further. */
  update(key: string, state: RunProgress): void {
    const running = this.#running.get(key);
    if (running !== undefined) running.state = state;
    this.#tick();
  }

  /** A run ended; `text` is a line about it. */
  end(key: string, text: string, failed: boolean): void {
    const running = this.#running.get(key);
    this.#running.delete(key);
    this.#over += 1;
    if (failed) this.#failed += 1;
    const seconds = failed || running === undefined ? null : this.#wholeSeconds(running);
    if (seconds !== null) this.#durations.push(seconds);
    this.note(text);
  }

  /** Prints a line of its own. */
  note(text: string): void {
    if (this.#options.quiet) return;
    this.#clear();
    this.#sink.write(`${text}\n`);
    if (this.#sink.isTTY === true) this.#draw();
  }

  /** Prints a line whatever `quiet` says. */
  warn(text: string): void {
    this.#clear();
    this.#sink.write(`${text}\n`);
  }

  /** Removes the display. */
  done(): void {
    this.#clear();
  }

  #tick(): void {
    const { now, quiet } = this.#options;
    const interval = this.#sink.isTTY === true ? REDRAW_MS : PLAIN_MS;
    if (quiet || now() - this.#drawnAt < interval) return;
    if (this.#sink.isTTY === true) {
      this.#clear();
      this.#draw();
    } else {
      this.#drawnAt = now();
      this.#sink.write(`${[this.#total(), ...this.#runningLines()].join("\n")}\n`);
    }
  }

  #draw(): void {
    const lines = [...this.#runningLines(), this.#total()];
    const width = (this.#sink.columns ?? 80) - 1;
    // A line that wraps would take two rows, and the next redraw would clear one too few.
    this.#sink.write(lines.map((line) => `${Array.from(line).slice(0, width).join("")}\n`).join(""));
    this.#linesOnScreen = lines.length;
    this.#drawnAt = this.#options.now();
  }

  #clear(): void {
    if (this.#linesOnScreen > 0) this.#sink.write(`\u001B[${this.#linesOnScreen}A\u001B[J`);
    this.#linesOnScreen = 0;
  }

  #runningLines(): string[] {
    const lines = Array.from(this.#running.values(), (running) => this.#line(running));
    if (lines.length <= MOST_LINES) return lines;
    return [...lines.slice(0, MOST_LINES - 1), `… ${lines.length - MOST_LINES + 1} more running`];
  }

  #line(running: Running): string {
    const { name, steps, threshold, state } = running;
    const parts = [`  ${name}`, `step ${state.step}/${steps}`];
    const left = this.#secondsLeft(running);
    if (left !== null) parts.push(`ETA ${formatDuration(left)}`);
    if (state.loss !== undefined && state.loss !== null) parts.push(`loss ${formatNumber(state.loss, 3)}`);
    if (state.sharpness !== undefined && state.sharpness !== null) {
      parts.push(
        `S ${formatNumber(state.sharpness)}`,
        `S·η/2 ${formatNumber(state.sharpness / threshold, 3)}`,
      );
    }
    return parts.join("  ");
  }

  #total(): string {
    const { total } = this.#options;
    const parts = [`${this.#over} of ${total} runs done`, `${this.#running.size} running`];
    if (this.#failed > 0) parts.push(`${this.#failed} failed or diverged`);
    const left = this.#totalSecondsLeft();
    if (left !== null) parts.push(`ETA ${formatDuration(left)}`);
    return parts.join("  ");
  }

  /** Seconds a run takes from step 0, at the speed it has had in this session. */
  #wholeSeconds({ steps, fromStep, startedAt, state }: Running): number | null {
    const elapsed = (this.#options.now() - startedAt) / 1000;
    return state.step > fromStep && elapsed > 0 ? (elapsed * steps) / (state.step - fromStep) : null;
  }

  /** The same, once there is something to go by. */
  #estimate(running: Running): number | null {
    const young = this.#options.now() - running.startedAt < ESTIMATE_AFTER_MS;
    return young ? null : this.#wholeSeconds(running);
  }

  #secondsLeft(running: Running): number | null {
    const whole = this.#estimate(running);
    return whole === null ? null : whole * Math.max(0, 1 - running.state.step / running.steps);
  }

  /** Waiting runs are taken to last as long as the average of those seen so far. */
  #totalSecondsLeft(): number | null {
    const { total, jobs } = this.#options;
    const running = [...this.#running.values()];
    const seen = [...this.#durations, ...running.map((run) => this.#estimate(run))].filter(
      (seconds) => seconds !== null,
    );
    if (seen.length === 0) return null;
    const average = seen.reduce((sum, seconds) => sum + seconds, 0) / seen.length;
    const left = running.map((run) => this.#secondsLeft(run) ?? average);
    const waiting = Math.max(0, total - this.#over - running.length) * average;
    const work = left.reduce((sum, seconds) => sum + seconds, waiting);
    return Math.max(work / jobs, ...left);
  }
}
