// Talking to `brink serve`, or reading a snapshot of its answers: the same addresses, told apart by what info.json says.
import { RunError } from "../../math/errors.ts";
import { decodeSeries } from "../../record/series.ts";
import type { SeriesBlock } from "../../record/series.ts";
import { API, API_VERSION } from "../../record/serve-api.ts";
import type {
  ApiError,
  ExperimentRequest,
  ExperimentStarted,
  GapPage,
  RunAction,
  RunDetail,
  RunList,
  RunNotes,
  ServerInfo,
  StreamEvent,
} from "../../record/serve-api.ts";

/** How the stream stands: `retrying` until it is back. */
export type Connection = "connecting" | "open" | "retrying";

export interface Client {
  info(): Promise<ServerInfo>;
  runs(): Promise<RunList>;
  run(id: string): Promise<RunDetail>;
  /** Series of a run from a cursor on (null: all). A snapshot answers with all series there are. */
  series(id: string, only: readonly string[], from: string | null): Promise<SeriesBlock>;
  gap(): Promise<GapPage>;
  /** Follows the stream; returns how to stop. */
  follow(onEvent: (event: StreamEvent) => void, onConnection: (state: Connection) => void): () => void;
  saveNotes(id: string, notes: RunNotes): Promise<RunNotes>;
  act(id: string, action: RunAction): Promise<void>;
  start(request: ExperimentRequest): Promise<ExperimentStarted>;
  cancel(experiment: string): Promise<void>;
}

/** What a browser offers; tests give their own. */
export interface Network {
  readonly fetch: typeof fetch;
  readonly EventSource: typeof EventSource;
  /** Address of the page. */
  readonly base: string;
}

/** Milliseconds before a stream the browser gave up on is tried again. */
const RETRY_MS = 3000;

export function httpClient({ fetch, EventSource, base }: Network): Client {
  const address = (path: string): string => new URL(path, base).href;
  const request = async (path: string, init?: RequestInit): Promise<Response> => {
    let response: Response;
    try {
      response = await fetch(address(path), init);
    } catch (error) {
      throw new RunError("the server does not answer", {
        hint: `Is “brink serve” still running? (${error instanceof Error ? error.message : String(error)})`,
      });
    }
    if (!response.ok) throw await refusal(response, path);
    return response;
  };
  const get = async <T>(path: string): Promise<T> => (await (await request(path)).json()) as T;
  const send = async <T>(method: "POST" | "PUT", path: string, body: unknown): Promise<T> => {
    const headers = { "Content-Type": "application/json" };
    return (await (await request(path, { method, headers, body: JSON.stringify(body) })).json()) as T;
  };
  return {
    async info() {
      const info = await get<ServerInfo>(API.info);
      if (info.version === API_VERSION) return info;
      throw new RunError("the server speaks another version of the interface than this page", {
        received: String(info.version),
        allowed: String(API_VERSION),
        hint: "Reload the page.",
      });
    },
    runs: () => get(API.runs),
    run: (id) => get(API.run(id)),
    gap: () => get(API.gap),
    async series(id, only, from) {
      const query = new URLSearchParams({ only: only.join(","), ...(from === null ? {} : { from }) });
      const path = API.series(id);
      return decodeSeries(new Uint8Array(await (await request(`${path}?${query}`)).arrayBuffer()), path);
    },
    follow: (onEvent, onConnection) =>
      follow(() => new EventSource(address(API.stream)), onEvent, onConnection),
    saveNotes: (id, notes) => send("PUT", API.notes(id), notes),
    async act(id, action) {
      await send("POST", API.action(id), { action });
    },
    start: (experiment) => send("POST", API.experiments, experiment),
    async cancel(experiment) {
      await send("POST", API.cancel(experiment), {});
    },
  };
}

/** The server's sentence, or what can be said without one. */
async function refusal(response: Response, path: string): Promise<RunError> {
  try {
    const { error } = (await response.json()) as ApiError;
    // The sentence names all the parts already.
    return new RunError(error.message);
  } catch {
    return new RunError(`the server answered ${response.status} ${response.statusText}`.trim(), {
      file: path,
    });
  }
}

function follow(
  open: () => EventSource,
  onEvent: (event: StreamEvent) => void,
  onConnection: (state: Connection) => void,
): () => void {
  let source: EventSource;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const connect = (): void => {
    source = open();
    source.onopen = () => onConnection("open");
    source.onmessage = ({ data }) => onEvent(JSON.parse(data as string) as StreamEvent);
    source.onerror = () => {
      onConnection("retrying");
      // The browser itself tries again after a break, but not after an answer that is no stream.
      if (source.readyState === source.CLOSED) timer = setTimeout(connect, RETRY_MS);
    };
  };
  onConnection("connecting");
  connect();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
