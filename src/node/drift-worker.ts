// The thread that `openDriftThread` starts: one share of a drift, asked for again and again.
import { parentPort, workerData } from "node:worker_threads";
import {
  Predictions,
  SingleDraws,
  type SingleDrawsQuestion,
  type SingleDrawsSetup,
  type SingleDrawsSums,
} from "../theory/index.ts";

/** A question at given logits. */
export interface DriftQuestion {
  readonly logits: Float64Array;
  readonly question: SingleDrawsQuestion;
}

/** Its answer, or what went wrong. */
export type DriftAnswer =
  | { readonly result: SingleDrawsSums; readonly error: null }
  | { readonly result: null; readonly error: string };

const setup = workerData as SingleDrawsSetup;
const predictions = new Predictions(setup.inputs);
const singles = new SingleDraws(setup);

function answer({ logits, question }: DriftQuestion): DriftAnswer {
  try {
    predictions.setLogits(logits);
    return { result: singles.sums(predictions, question), error: null };
  } catch (error) {
    return { result: null, error: error instanceof Error ? error.message : String(error) };
  }
}

parentPort!.on("message", (asked: DriftQuestion) => {
  parentPort!.postMessage(answer(asked), []);
});
