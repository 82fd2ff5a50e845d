// One run in full: what it found, its tags and notes, what can be done with it, its configuration and origin.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { isAssumptionWarning } from "../../record/measured.ts";
import type { RunAction, RunDetail, RunEntry } from "../../record/serve-api.ts";
import { CopyButton } from "../kit/copy.tsx";
import { shellCommand } from "../kit/shell.ts";
import { Status } from "../kit/status.tsx";
import type { StatusKind } from "../kit/status.tsx";
import type { Store } from "./store.ts";

const KINDS: Readonly<Record<RunEntry["status"], StatusKind>> = {
  "not started": "empty",
  running: "running",
  paused: "warning",
  interrupted: "warning",
  killed: "warning",
  finished: "done",
  diverged: "diverged",
  failed: "error",
  broken: "error",
};

/** How a run stands, in a sentence. */
export function describeStatus({ status, step, steps, problem, summary }: RunEntry): string {
  const of = steps === null ? "" : ` of ${steps.toLocaleString("en")}`;
  const where = `step ${step.toLocaleString("en")}${of}`;
  const sentences: Readonly<Record<RunEntry["status"], string>> = {
    "not started": "Has not started.",
    running: `Running: ${where}.`,
    paused: `Paused at ${where}; it can go on from there.`,
    interrupted: `Interrupted at ${where}; “brink resume” goes on from there.`,
    killed: `Nobody writes it any more: it stopped without a word at ${where}. “brink resume” goes on from its last checkpoint.`,
    finished: `Finished at ${where}.`,
    diverged: `Diverged at ${where}.`,
    failed: `Failed at ${where}.`,
    broken: "Cannot be read.",
  };
  const why = problem ?? (status === "diverged" || status === "failed" ? summary?.message : undefined);
  return [sentences[status], why].filter((part) => part !== undefined && part !== "").join(" ");
}

export function DetailPanel({
  store,
  run,
  close,
}: {
  readonly store: Store;
  readonly run: RunEntry;
  readonly close: () => void;
}): JSX.Element {
  const detail = useSignal<RunDetail | null>(null);
  const failure = useSignal<string | null>(null);
  useEffect(() => {
    detail.value = null;
    failure.value = null;
    let current = true;
    store.client
      .run(run.id)
      .then((answer) => current && (detail.value = answer))
      .catch((error: Error) => current && (failure.value = error.message));
    return () => {
      current = false;
    };
    // The findings of a run change when it ends, not with every point.
  }, [run.id, run.status]);
  const found = detail.value;
  // The findings say what assumptions failed.
  const happened = run.marks.filter(({ message }) => !isAssumptionWarning(message));
  return (
    <aside class="detail panel" aria-label={`Run ${run.id}`}>
      <div class="row">
        <h2 class="mono">{run.id}</h2>
        <button type="button" class="quiet" aria-label="Close" title="Close" onClick={close}>
          ✕
        </button>
      </div>
      <Status
        kind={KINDS[run.status]}
        {...(run.steps === null || run.status !== "running" ? {} : { progress: run.step / run.steps })}
      >
        {describeStatus(run)}
      </Status>
      <RunActions store={store} run={run} />
      {failure.value === null ? null : <Status kind="error">{failure.value}</Status>}
      {found === null && failure.value === null ? <Status kind="loading">Loading …</Status> : null}
      {found === null ? null : (
        <>
          <dl class="findings">
            {found.findings.map(({ title, text }) => (
              <div key={title}>
                <dt>{title}</dt>
                <dd>{text}</dd>
              </div>
            ))}
          </dl>
          {happened.length === 0 ? null : (
            <ul class="marks">
              {happened.map(({ step, kind, message }) => (
                <li key={`${step} ${kind} ${message}`}>
                  <span class="muted">
                    step {step.toLocaleString("en")}, {kind}:
                  </span>{" "}
                  {message}
                </li>
              ))}
            </ul>
          )}
          <NotesForm store={store} run={run} />
          <details>
            <summary>Configuration</summary>
            <CopyButton label="Copy YAML" text={() => found.yaml} />
            <pre>{found.yaml}</pre>
          </details>
          {found.provenance === null ? null : (
            <details>
              <summary>Where it comes from</summary>
              <pre>{JSON.stringify(found.provenance, null, 2)}</pre>
            </details>
          )}
          <p class="row wrap">
            <CopyButton label="Copy “brink show”" text={() => shellCommand("brink", "show", run.id)} />
            {found.provenance === null ? null : (
              <CopyButton
                label="Copy the command that made it"
                text={() => shellCommand(...found.provenance!.command)}
              />
            )}
          </p>
        </>
      )}
    </aside>
  );
}

const ACTION_TITLES: Readonly<Record<RunAction, string>> = {
  pause: "Finish the step, save, and wait",
  resume: "Go on from the last checkpoint",
  stop: "Finish the step, save, and end",
};

function RunActions({ store, run }: { readonly store: Store; readonly run: RunEntry }): JSX.Element | null {
  const failure = useSignal<string | null>(null);
  const asked = useSignal<RunAction | null>(null);
  useEffect(() => {
    asked.value = null;
  }, [run.status]);
  if (run.actions.length === 0) return null;
  const act = async (action: RunAction): Promise<void> => {
    failure.value = null;
    asked.value = action;
    try {
      await store.client.act(run.id, action);
    } catch (error) {
      asked.value = null;
      failure.value = error instanceof Error ? error.message : String(error);
    }
  };
  return (
    <div class="row wrap" role="group" aria-label="What to do with this run">
      {run.actions.map((action) => (
        <button
          key={action}
          type="button"
          disabled={asked.value !== null}
          title={ACTION_TITLES[action]}
          onClick={() => void act(action)}
        >
          {asked.value === action ? `${action} …` : action}
        </button>
      ))}
      {failure.value === null ? null : <Status kind="error">{failure.value}</Status>}
    </div>
  );
}

function NotesForm({ store, run }: { readonly store: Store; readonly run: RunEntry }): JSX.Element | null {
  const allowed =
    store.info.value?.allowRuns === true && store.info.value.mode === "live" && !store.isDropped(run.id);
  const state = useSignal<string>("");
  const { tags, text } = run.notes;
  if (!allowed && tags.length === 0 && text === "") return null;
  if (!allowed) {
    return (
      <div class="notes">
        <p>
          {tags.map((tag) => (
            <span key={tag} class="tag">
              {tag}
            </span>
          ))}
        </p>
        <p class="notes-text">{text}</p>
      </div>
    );
  }
  const save = async (form: HTMLFormElement): Promise<void> => {
    const data = new FormData(form);
    const typed = (name: string): string => {
      const value = data.get(name);
      return typeof value === "string" ? value : "";
    };
    const words = typed("tags")
      .split(",")
      .map((tag) => tag.trim());
    state.value = "saving …";
    try {
      const notes = await store.client.saveNotes(run.id, {
        tags: words.filter((tag) => tag !== ""),
        text: typed("text"),
      });
      store.setEntry({ ...run, notes });
      state.value = "saved";
    } catch (error) {
      state.value = `Not saved: ${error instanceof Error ? error.message : String(error)}`;
    }
  };
  return (
    <form
      class="notes"
      key={run.id}
      onSubmit={(event) => {
        event.preventDefault();
        void save(event.currentTarget);
      }}
    >
      <label>
        tags, separated by commas
        <input type="text" name="tags" defaultValue={tags.join(", ")} />
      </label>
      <label>
        notes
        <textarea name="text" rows={3} defaultValue={text} />
      </label>
      <div class="row">
        <button type="submit">Save notes</button>
        <span class="muted" aria-live="polite">
          {state.value}
        </span>
      </div>
    </form>
  );
}
