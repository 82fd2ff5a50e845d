// One run as the page knows it: its settings, where it stands, and its curves, which grow and can be cut back.
import type { MarkEvent, MeasurementEvent, RunRecord, RunSummary } from "../../record/events.ts";
import type { EventBatch, OpenedRun, RunStatus } from "../../web/protocol.ts";
import { Curve } from "./columns.ts";
import type { PlaygroundValues } from "./properties.ts";

/** A quantity of a measurement, as a number; NaN where it came out undefined, undefined where it was not measured. */
const QUANTITIES: Readonly<Record<string, (event: MeasurementEvent) => number | null | undefined>> = {
  loss: (event) => event.loss,
  accuracy: (event) => event.accuracy,
  sharpness: (event) => event.sharpness,
  x: (event) => event.newtonOffset,
  alpha: (event) => event.alpha,
  beta: (event) => event.beta,
  delta: (event) => event.delta,
  batchSharpness: (event) => Object.values(event.batchSharpness ?? {})[0]?.mean,
  batchSharpnessError: (event) => Object.values(event.batchSharpness ?? {})[0]?.stderr,
};

export class RunData {
  readonly id: number;
  /** The controls it was made with. */
  readonly values: PlaygroundValues;
  /** Position among the runs shown, for its colour. */
  readonly index: number;
  opened: OpenedRun | null = null;
  status: RunStatus | "opening" | "failed" = "opening";
  step = 0;
  summary: RunSummary | null = null;
  /** Why it failed, when it did. */
  failure: string | null = null;
  readonly stepLoss: Curve = new Curve();
  readonly curves: Map<string, Curve> = new Map();
  measurements: MeasurementEvent[] = [];
  marks: MarkEvent[] = [];

  constructor(id: number, index: number, values: PlaygroundValues) {
    this.id = id;
    this.index = index;
    this.values = values;
  }

  /** `1`, or `2 (fork of 1 at 500)`: what the legend says besides η and b. */
  get label(): string {
    const { lr, batch, rule } = this.values;
    const from = this.opened?.forkedFrom;
    const origin = from ? `, from step ${from.step} of run ${from.run}` : "";
    return `run ${this.id}: η = ${lr}${rule === "sgd" ? `, b = ${batch}` : ""}${origin}`;
  }

  /** 2/η, once known. */
  get threshold(): number | null {
    return this.opened?.threshold ?? null;
  }

  curve(name: string): Curve | undefined {
    return this.curves.get(name);
  }

  add({ firstStep, losses, measurements, marks }: EventBatch): void {
    losses.forEach((loss, i) => this.stepLoss.add(firstStep + i, loss));
    for (const event of measurements) this.#measure(event);
    this.measurements.push(...measurements);
    this.marks.push(...marks);
  }

  /** Forgets what lies after `step`. */
  rewind(step: number): void {
    for (const curve of [this.stepLoss, ...this.curves.values()]) curve.rewind(step);
    this.measurements = this.measurements.filter((event) => event.step <= step);
    this.marks = this.marks.filter((event) => event.step <= step);
  }

  /** The run as the figures of the command line read it. */
  record(): RunRecord {
    const { steps, values } = this.stepLoss;
    return {
      id: `run ${this.id}`,
      config: this.opened?.config ?? {},
      summary: this.summary,
      steps: Array.from(steps.view, (step, i) => {
        const loss = values.view[i]!;
        return { type: "step", step, loss: Number.isFinite(loss) ? loss : null };
      }),
      measurements: this.measurements,
      marks: this.marks,
    };
  }

  #measure(event: MeasurementEvent): void {
    for (const [name, read] of Object.entries(QUANTITIES)) this.#note(name, event.step, read(event));
    event.eigenvalues?.forEach((value, i) => this.#note(`eigenvalue ${i + 1}`, event.step, value));
    const { sampling, batch } = this.values;
    const noise = event.noiseVariance?.[sampling] ?? {};
    this.#note("noise", event.step, noise[String(batch)] ?? noise["1"]);
  }

  #note(name: string, step: number, value: number | null | undefined): void {
    if (value === undefined) return;
    let curve = this.curves.get(name);
    if (curve === undefined) this.curves.set(name, (curve = new Curve()));
    curve.add(step, value ?? Number.NaN);
  }
}
