// The exact drift at batch size 1 on a backend: every thread computes its share of the n possible steps.
import type { Backend } from "../../runtime/index.ts";
import type { LinearModel } from "./linear-model.ts";
import { DRIFT_TOLERANCE, driftOfSingles } from "./single-draws.ts";
import {
  type ShareQuestion,
  type ShareSetup,
  type ShareSums,
  SingleDrawsShare,
} from "./single-draws-share.ts";
import type { Drift } from "./types.ts";

/** Another thread that computes its share, as `SingleDrawsShare` does here. */
export interface DriftThread {
  /** See `SingleDrawsShare.sums`; `logits` are n×K. One question at a time. */
  sums(logits: Float64Array, question: ShareQuestion): Promise<ShareSums>;
  /** Ends the thread. */
  dispose(): Promise<void>;
}

/** Where threads come from. */
export interface DriftThreads {
  /** How many to open at most. */
  readonly count: number;
  readonly open: (setup: ShareSetup) => DriftThread;
}

/** More threads would each hold n² numbers again for less and less work. */
const MOST_THREADS = 4;
/** Examples a thread must find in its share to be worth waking. */
const LEAST_SHARE = 200;

/** As `SingleDraws`, for data sets of hundreds to thousands of examples; see `SingleDrawsShare`. */
export class EngineSingleDraws {
  readonly #n: number;
  readonly #own: SingleDrawsShare;
  readonly #others: readonly DriftThread[];

  private constructor(n: number, own: SingleDrawsShare, others: readonly DriftThread[]) {
    this.#n = n;
    this.#own = own;
    this.#others = others;
  }

  /**
   * For the model's inputs; null where there is no Gram matrix. `tolerance` is the relative error allowed per change of a loss
   * (default `DRIFT_TOLERANCE`); from 1e-6 on products are in single precision. Memory: 4n² or 8n² bytes beside the Gram matrix's,
   * and 16n² for every thread.
   */
  static create(
    model: LinearModel,
    backend: Backend,
    tolerance: number = DRIFT_TOLERANCE,
    threads?: DriftThreads,
  ): EngineSingleDraws | null {
    const { gram, inputs } = model;
    if (gram === null) return null;
    const { n, classes, labels } = inputs;
    const of = Math.max(1, Math.min(MOST_THREADS, 1 + (threads?.count ?? 0), Math.floor(n / LEAST_SHARE)));
    const setup = (at: number): ShareSetup => ({ inputs: { n, classes, labels }, gram, tolerance, at, of });
    const others = Array.from({ length: of - 1 }, (_, at) => threads!.open(setup(at + 1)));
    return new EngineSingleDraws(n, new SingleDrawsShare(setup(0), backend), others);
  }

  /** E[L(W′) | W] − L(W) for b = 1 at the model's weights. O(n²KM) with polynomials of order M, O(n²K) exponentials at most. */
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

  async #ask(model: LinearModel, question: ShareQuestion): Promise<ShareSums> {
    // The others are asked first: this thread is busy until its own share is done.
    const asked = this.#others.map((thread) => thread.sums(model.logits, question));
    const all = await Promise.all([...asked, this.#own.sums(model, question)]);
    return all.reduce((a, b) => ({
      total: a.total + b.total,
      increases: a.increases + b.increases,
      curvature: a.curvature + b.curvature,
    }));
  }

  #driftOf(model: LinearModel, { total, increases }: ShareSums): Drift {
    return driftOfSingles(total, increases, this.#n, model.point.loss);
  }

  #meanOf({ curvature }: ShareSums): number {
    return curvature / this.#n / this.#n;
  }

  /** Frees native memory and ends the other threads. */
  async dispose(): Promise<void> {
    await Promise.all([...this.#others.map((thread) => thread.dispose()), this.#own.dispose()]);
  }
}
