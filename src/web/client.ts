// The page's side of the worker: sends requests, hands replies on, and says when the worker has died.
import type { Reply, Request } from "./protocol.ts";

/** What the page hears. */
export interface LabListener {
  readonly onReply: (reply: Reply) => void;
  /** The worker is gone with all its runs; the next request starts a new one. */
  readonly onCrash: (message: string) => void;
}

/** A worker that is started at the first request and replaced after a crash. */
export class LabClient {
  readonly #listener: LabListener;
  readonly #start: () => Worker;
  #worker: Worker | null = null;

  /** @param start makes the worker; the bundler must see its address at the call of `new Worker` */
  constructor(listener: LabListener, start: () => Worker = startWorker) {
    this.#listener = listener;
    this.#start = start;
  }

  send(request: Request, transfer: Transferable[] = []): void {
    this.#worker ??= this.#begin();
    this.#worker.postMessage(request, transfer);
  }

  /** Ends the worker without a word; the next request starts a new one. */
  stop(): void {
    this.#worker?.terminate();
    this.#worker = null;
  }

  #begin(): Worker {
    const worker = this.#start();
    worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#listener.onReply(data);
    worker.onerror = (event) => {
      // Errors of a worker that was replaced already are of no interest.
      if (this.#worker !== worker) return;
      event.preventDefault();
      this.stop();
      this.#listener.onCrash(event.message || "the worker could not be loaded");
    };
    return worker;
  }
}

function startWorker(): Worker {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "brink" });
}
