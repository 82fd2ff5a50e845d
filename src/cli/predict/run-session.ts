// One run continued from its last checkpoint while its windows are measured.
import { readFile } from "node:fs/promises";
import { decodeCheckpoint, type GapRun, measureSegments, type SegmentRecord } from "../../lab/index.ts";
import { parseSafetensors } from "../../record/index.ts";
import { readProvenance } from "../../node/read-run.ts";
import { assemble, loadData } from "../assemble.ts";
import type { Output } from "../output.ts";
import { Progress } from "../progress.ts";
import { runPoint } from "../run-point.ts";
import { kinkWarning } from "../trajectory/smoothness.ts";
import type { SegmentStore } from "./segment-store.ts";

/** A run with its windows. */
export interface MeasuredRun {
  readonly run: GapRun;
  readonly segments: readonly SegmentRecord[];
  /** Examples n. */
  readonly n: number;
  readonly interrupted: boolean;
}

/** How much to measure. */
export interface MeasureOptions {
  readonly window: number;
  readonly segments: number;
  readonly threads?: number;
}

export class RunSession {
  readonly #output: Output;
  readonly #run: GapRun;
  readonly #dir: string;
  readonly #store: SegmentStore;
  #progress: Progress | null = null;

  constructor(output: Output, run: GapRun, dir: string, store: SegmentStore) {
    this.#output = output;
    this.#run = run;
    this.#dir = dir;
    this.#store = store;
  }

  /** Prints a line without tearing the progress line. */
  note(text: string): void {
    if (this.#progress === null) this.#output.note(text);
    else this.#progress.note(text);
  }

  /** What is there already, at most `most` windows. */
  measured(most: number, interrupted = false): MeasuredRun {
    const { segments, n } = this.#store;
    return { run: this.#run, segments: segments.slice(0, most), n, interrupted };
  }

  /** Measures the missing windows, appending each to the store. */
  async measure({ window, segments, threads }: MeasureOptions, signal: AbortSignal): Promise<MeasuredRun> {
    const { io, options } = this.#output;
    const point = runPoint(io, ".", this.#dir);
    const saved = this.#run.config;
    // The thread count decides the order of sums: the run's own gives its continuation to the bit.
    const provenance = await readProvenance(this.#dir);
    const config = { ...saved, threads: threads ?? provenance?.threads ?? saved.threads };
    const dataset = await loadData(config, io);
    const problem = await assemble(config, dataset);
    const steps = point.step + segments * window;
    this.#progress = new Progress(io.stderr, { now: io.now, label: this.#run.id, quiet: options.quiet });
    try {
      const kinks = kinkWarning(problem.network.config);
      if (kinks !== null) this.note(`warning: ${kinks}`);
      const file = parseSafetensors(await readFile(point.file), point.file);
      const from = decodeCheckpoint(file, problem.network.layout.entries, config, point.file);
      this.#store.begin(this.#run.id, point.step, problem.objective.n);
      const items = measureSegments({
        config,
        objective: problem.objective,
        from,
        window,
        segments,
        skip: this.#store.segments.length,
        signal,
        onStep: (step) => this.#progress?.update({ step, steps }),
        onPlace: (segment, place) =>
          this.note(`window ${segment + 1} of ${segments}: measuring at the ${place}`),
      });
      for await (const segment of items) {
        this.#store.append(segment);
        for (const { place, reason } of segment.failed) this.note(`warning: ${place}: ${reason}`);
      }
      const complete = this.#store.segments.length >= segments;
      return this.measured(segments, !complete);
    } finally {
      this.#progress.done();
      this.#progress = null;
      await problem.objective.dispose();
    }
  }
}
