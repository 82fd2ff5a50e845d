// The exact drift at batch size 1 on several threads: each computes its share of the n possible steps.
import type { LinearModel } from "./linear-model.ts";
import {
  DRIFT_TOLERANCE,
  driftOfSingles,
  SingleDraws,
  type SingleDrawsQuestion,
  type SingleDrawsSetup,
  type SingleDrawsSums,
} from "./single-draws.ts";
import type { Drift, LabelSet } from "./types.ts";

/** Another thread that computes its share, as `SingleDraws` does here. */
export interface DriftThread {
  /** See `SingleDraws.sums`; `logits` are n×K. One question at a time. */
  sums(logits: Float64Array, question: SingleDrawsQuestion): Promise<SingleDrawsSums>;
  /** Ends the thread. */
  dispose(): Promise<void>;
}

/** Where threads come from. */
export interface DriftThreads {
  /** How many to open at most. */
  readonly count: number;
  readonly open: (setup: SingleDrawsSetup) => DriftThread;
}

/** More threads would each hold n² numbers again for less and less work. */
const MOST_THREADS = 4;
/** Examples a thread must find in its share to be worth waking. */
const LEAST_SHARE = 200;
/** Of so many examples the first share gets those, every other one these: it need not be woken first. */
const TURNS = [11, 10] as const;

/** As `SingleDraws` for all examples, on this thread and others. */
export class ThreadedSingleDraws {
  readonly #n: number;
  readonly #own: SingleDraws;
  readonly #others: readonly DriftThread[];

  private constructor(n: number, own: SingleDraws, others: readonly DriftThread[]) {
    this.#n = n;
    this.#own = own;
    this.#others = others;
  }

  /**
   * For the model's inputs; null where there is no Gram matrix. `tolerance` is the relative error allowed per change of a loss
   * (default `DRIFT_TOLERANCE`); from 1e-6 on most arithmetic is in single precision. Memory: 4n² or 8n² bytes beside the Gram matrix's,
   * and 8n² for every thread.
   */
  static create(
    model: LinearModel,
    tolerance: number = DRIFT_TOLERANCE,
    threads?: DriftThreads,
  ): ThreadedSingleDraws | null {
    const { gram, inputs } = model;
    if (gram === null) return null;
    const { n, classes, labels } = inputs;
    const of = Math.max(1, Math.min(MOST_THREADS, 1 + (threads?.count ?? 0), Math.floor(n / LEAST_SHARE)));
    const [own, ...others] = Array.from({ length: of }, (_, at): SingleDrawsSetup => {
      return { inputs: { n, classes, labels }, gram, tolerance, examples: shareOf(inputs, at, of) };
    });
    return new ThreadedSingleDraws(
      n,
      new SingleDraws(own!),
      others.map((setup) => threads!.open(setup)),
    );
  }

  /** E[L(W′) | W] − L(W) for b = 1 at the model's weights. O(n²K). */
  async drift(model: LinearModel, lr: number): Promise<Drift> {
    return this.#driftOf(model, await this.#ask(model, { lr, curvature: false }));
  }

  /**
   * mean ⟨∇ℓ_i, H∇ℓ_i⟩, the curvature along the step of one example, at the model's weights: what `curvatureMoments` calls
   * `single`. O(n²K).
   */
  async meanCurvature(model: LinearModel): Promise<number> {
    return this.#meanOf(await this.#ask(model, { lr: null, curvature: true }));
  }

  /** Both; other threads are woken once. */
  async driftAndCurvature(model: LinearModel, lr: number): Promise<{ drift: Drift; single: number }> {
    const sums = await this.#ask(model, { lr, curvature: true });
    return { drift: this.#driftOf(model, sums), single: this.#meanOf(sums) };
  }

  async #ask(model: LinearModel, question: SingleDrawsQuestion): Promise<SingleDrawsSums> {
    // The others are asked first: this thread is busy until its own share is done.
    const asked = this.#others.map((thread) => thread.sums(model.logits, question));
    const own = async (): Promise<SingleDrawsSums> => this.#own.sums(model, question);
    const all = await Promise.all([...asked, own()]);
    return all.reduce((a, b) => ({
      total: a.total + b.total,
      increases: a.increases + b.increases,
      curvature: a.curvature + b.curvature,
    }));
  }

  #driftOf(model: LinearModel, { total, increases }: SingleDrawsSums): Drift {
    return driftOfSingles(total, increases, this.#n, model.point.loss);
  }

  #meanOf({ curvature }: SingleDrawsSums): number {
    return curvature / this.#n / this.#n;
  }

  /** Ends the other threads. */
  async dispose(): Promise<void> {
    await Promise.all(this.#others.map((thread) => thread.dispose()));
  }
}

/** The examples of share `at`, ascending: those of each class in turn, so that shares are alike but for their sizes. */
export function shareOf({ labels, classes }: LabelSet, at: number, of: number): Int32Array {
  // Turns of every share at equal distances, so that an incomplete round is no advantage.
  const turns = Array.from({ length: of }, (_, share) => {
    const count = TURNS[share === 0 ? 0 : 1];
    return Array.from({ length: count }, (_turn, t) => ({ share, when: (t + 0.5) / count }));
  });
  const round = turns
    .flat()
    .toSorted((a, b) => a.when - b.when)
    .map(({ share }) => share);
  const seen = new Int32Array(classes);
  return Int32Array.from(labels.keys()).filter((i) => round[seen[labels[i]!]!++ % round.length] === at);
}
