// Asking the theory's worker: the latest question wins, one that is under way is given up.
import type { OrbitRequest, OrbitResult } from "./orbit-study.ts";
import type { SimulationRequest, SimulationResult } from "./simulation.ts";

interface Questions {
  readonly simulation: SimulationRequest;
  readonly orbits: OrbitRequest;
}

interface Answers {
  readonly simulation: SimulationResult;
  readonly orbits: OrbitResult;
}

export type TheoryRequest = {
  [K in keyof Questions]: { readonly kind: K; readonly request: Questions[K] };
}[keyof Questions];

export type TheoryReply =
  | { readonly result: Answers[keyof Answers]; readonly error: null }
  | { readonly result: null; readonly error: string };

/** A page's questions. */
export class TheoryClient {
  #worker: Worker | null = null;
  #busy = false;

  /** Asks; `onReply` hears the answer, or why there is none, unless another question is asked before it comes. */
  ask<K extends keyof Questions>(
    kind: K,
    request: Questions[K],
    onReply: (result: Answers[K] | null, error: string | null) => void,
  ): void {
    if (this.#busy) this.#end();
    this.#worker ??= new Worker(new URL("./theory-worker.ts", import.meta.url), { type: "module" });
    this.#busy = true;
    this.#worker.onmessage = ({ data }: MessageEvent<TheoryReply>) => {
      this.#busy = false;
      onReply(data.result as Answers[K] | null, data.error);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#end();
      onReply(null, `The worker stopped: ${event.message || "it could not be loaded"}.`);
    };
    this.#worker.postMessage({ kind, request }, []);
  }

  #end(): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.#busy = false;
  }
}
