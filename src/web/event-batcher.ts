// Events of a run collected into few messages: a page cannot take one a step at thousands of steps a second.
import type { MarkEvent, MeasurementEvent, RunEvent } from "../record/index.ts";
import type { EventBatch } from "./protocol.ts";

/** Collects the events of one run between two flushes. Steps must come in order. */
export class EventBatcher {
  readonly #run: number;
  #firstStep = 0;
  #losses: number[] = [];
  #measurements: MeasurementEvent[] = [];
  #marks: MarkEvent[] = [];

  constructor(run: number) {
    this.#run = run;
  }

  add(event: RunEvent): void {
    if (event.type === "step") {
      if (this.#losses.length === 0) this.#firstStep = event.step;
      this.#losses.push(event.loss ?? NaN);
    } else if (event.type === "measurement") this.#measurements.push(event);
    else if (event.type === "mark") this.#marks.push(event);
  }

  /** What was collected since the last call; null when nothing was. */
  take(): EventBatch | null {
    if (this.#losses.length + this.#measurements.length + this.#marks.length === 0) return null;
    const batch = {
      run: this.#run,
      firstStep: this.#firstStep,
      losses: Float64Array.from(this.#losses),
      measurements: this.#measurements,
      marks: this.#marks,
    };
    [this.#losses, this.#measurements, this.#marks] = [[], [], []];
    return batch;
  }
}
