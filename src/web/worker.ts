// The worker's entry: a session whose surroundings are the worker's own.
import { engineOpener } from "./engine.ts";
import type { Reply, Request } from "./protocol.ts";
import { Session } from "./session.ts";

/** What of a worker's global scope is used; the page's types describe a window. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(reply: Reply, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;
const post = (reply: Reply, transfer: ArrayBuffer[] = []): void => scope.postMessage(reply, transfer);

/** A task of our own behind those waiting: unlike a timer it is not made to wait. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

let reportedAt = 0;
const session = new Session({
  post,
  openEngine: engineOpener((received, total) => {
    const now = performance.now();
    if (now - reportedAt < 50 && received !== total) return;
    reportedAt = now;
    post({ type: "loading", received, total });
  }),
  clock: () => performance.now(),
  turn,
});

scope.onmessage = ({ data }) => void session.handle(data);
