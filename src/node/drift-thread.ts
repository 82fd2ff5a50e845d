// A thread of its own for one share of the exact drift of a linear model.
import { Worker } from "node:worker_threads";
import { RunError } from "../math/index.ts";
import type { DriftThread, SingleDrawsQuestion, SingleDrawsSetup, SingleDrawsSums } from "../theory/index.ts";
import type { DriftAnswer, DriftQuestion } from "./drift-worker.ts";

/** Who waits for the answer. */
interface Waiting {
  readonly resolve: (result: SingleDrawsSums) => void;
  readonly reject: (error: RunError) => void;
}

/** Starts a thread. It keeps the process alive only while it has a question to answer. */
export function openDriftThread(setup: SingleDrawsSetup): DriftThread {
  return new NodeDriftThread(setup);
}

class NodeDriftThread implements DriftThread {
  readonly #worker: Worker;
  #waiting: Waiting | null = null;
  #failure: RunError | null = null;

  constructor(setup: SingleDrawsSetup) {
    this.#worker = new Worker(new URL("drift-worker.js", import.meta.url), { workerData: setup });
    this.#worker.unref();
    this.#worker.on("message", ({ result, error }: DriftAnswer) => {
      const waiting = this.#settle();
      if (error === null) waiting?.resolve(result);
      else waiting?.reject(failure(error));
    });
    this.#worker.on("error", (error: Error) => this.#end(error.message));
    this.#worker.on("exit", (code) => this.#end(`it ended with code ${code}`));
  }

  sums(logits: Float64Array, question: SingleDrawsQuestion): Promise<SingleDrawsSums> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#worker.ref();
      const asked: DriftQuestion = { logits, question };
      this.#worker.postMessage(asked, []);
    });
  }

  async dispose(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(): Waiting | null {
    const waiting = this.#waiting;
    this.#waiting = null;
    this.#worker.unref();
    return waiting;
  }

  #end(reason: string): void {
    this.#failure ??= failure(reason);
    this.#settle()?.reject(this.#failure);
  }
}

function failure(received: string): RunError {
  return new RunError("a thread that computes part of the drift failed", {
    received,
    hint: "`threads: 1` computes all of it in one",
  });
}
