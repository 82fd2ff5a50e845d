// The thread that `openDriftThread` starts: one share of a drift, asked for again and again.
import { parentPort, workerData } from "node:worker_threads";
import * as ort from "onnxruntime-node";
import { onnxRuntimeBackend } from "../runtime/index.ts";
import {
  Predictions,
  type ShareQuestion,
  type ShareSetup,
  type ShareSums,
  SingleDrawsShare,
} from "../theory/index.ts";

/** A question at given logits. */
export interface DriftQuestion {
  readonly logits: Float64Array;
  readonly question: ShareQuestion;
}

/** Its answer, or what went wrong. */
export type DriftAnswer =
  | { readonly result: ShareSums; readonly error: null }
  | { readonly result: null; readonly error: string };

const setup = workerData as ShareSetup;
const predictions = new Predictions(setup.inputs);
const share = new SingleDrawsShare(setup, onnxRuntimeBackend(ort, { device: "cpu", threads: 1 }));

async function answer({ logits, question }: DriftQuestion): Promise<DriftAnswer> {
  try {
    predictions.setLogits(logits);
    return { result: await share.sums(predictions, question), error: null };
  } catch (error) {
    return { result: null, error: error instanceof Error ? error.message : String(error) };
  }
}

parentPort!.on("message", (asked: DriftQuestion) => {
  void answer(asked).then((reply) => parentPort!.postMessage(reply, []));
});
