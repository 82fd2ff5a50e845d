// How the observatory stands, in sentences: connecting, empty, disconnected, and what the server had to say.
import type { JSX } from "preact";
import { Status } from "../kit/status.tsx";
import type { PageState } from "./settings.ts";
import type { Store } from "./store.ts";

export function States({ store, state }: { readonly store: Store; readonly state: PageState }): JSX.Element {
  const info = store.info.value;
  const runs = store.runs.value;
  const connection = store.connection.value;
  const problem = store.problem.value;
  const broken = (runs ?? []).filter(({ status }) => status === "broken");
  const queue = store.queue.value;
  return (
    <div class="states">
      {problem === null ? null : (
        <Status kind="disconnected">{problem} Trying again every few seconds.</Status>
      )}
      {problem === null && runs === null ? <Status kind="loading">Reading the runs …</Status> : null}
      {connection === "retrying" ? (
        <Status kind="disconnected">
          The connection to the server broke. What is shown may be old; it is updated as soon as the server
          answers again.
        </Status>
      ) : null}
      {runs !== null && runs.length === 0 ? (
        <Status kind="empty">
          No runs in {info?.runsDir ?? "this folder"} yet. Start one in a terminal, for instance{" "}
          <code>brink run experiments/chebyshev.yaml</code>; it appears here while it trains.
        </Status>
      ) : null}
      {state.problems.value.map((text) => (
        <Status
          key={text}
          kind="warning"
          action={
            <button
              type="button"
              class="quiet"
              aria-label="Dismiss"
              onClick={() => (state.problems.value = state.problems.value.filter((each) => each !== text))}
            >
              ✕
            </button>
          }
        >
          {text}
        </Status>
      ))}
      {broken.map(({ id, problem: why }) => (
        <Status key={id} kind="warning">
          {id} cannot be read: {why ?? "its files are damaged"}
        </Status>
      ))}
      {queue.map(({ experiment, name, state: stage }) => (
        <Status
          key={`${experiment} ${name}`}
          kind="loading"
          action={
            <button
              type="button"
              onClick={() =>
                void store.client
                  .cancel(experiment)
                  .catch((error: Error) => store.notice({ level: "error", text: error.message }))
              }
            >
              Cancel
            </button>
          }
        >
          {name} {stage === "queued" ? "waits for its turn." : "is starting."}
        </Status>
      ))}
      {store.notices.value.map(({ level, text }, i) => (
        <Status
          key={`${i} ${text}`}
          kind={level === "error" ? "error" : level === "warning" ? "warning" : "done"}
        >
          {text}
        </Status>
      ))}
    </div>
  );
}
