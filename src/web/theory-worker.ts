// A worker for questions to the theory: one request, one answer.
import { studyOrbits } from "./orbit-study.ts";
import { sentence } from "./sentence.ts";
import { simulateForPage } from "./simulation.ts";
import type { TheoryReply, TheoryRequest } from "./theory-client.ts";

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<TheoryRequest>) => void) | null;
  postMessage(reply: TheoryReply, transfer: Transferable[]): void;
};

async function answer({ kind, request }: TheoryRequest): Promise<TheoryReply> {
  try {
    const result = kind === "simulation" ? simulateForPage(request) : await studyOrbits(request);
    return { result, error: null };
  } catch (error) {
    return { result: null, error: sentence(error) };
  }
}

scope.onmessage = ({ data }) => void answer(data).then((reply) => scope.postMessage(reply, []));
