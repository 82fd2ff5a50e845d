// Starting an experiment from the page, where the server allows it: its file as text, checked by the server.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Status } from "../kit/status.tsx";
import type { Store } from "./store.ts";

/** Something that runs in seconds and reaches the edge of stability. */
const EXAMPLE = `name: chebyshev
data: { name: chebyshev }
net: { name: mlp, widths: [30, 20], activation: tanh }
optimizer: { name: gd, lr: 0.2 }
steps: 5000
measure: { every: 20 }
`;

export function NewRunDialog({
  store,
  open,
  close,
}: {
  readonly store: Store;
  readonly open: boolean;
  readonly close: () => void;
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const yaml = useSignal(EXAMPLE);
  const set = useSignal("");
  const state = useSignal<{ readonly kind: "loading" | "done" | "error"; readonly text: string } | null>(
    null,
  );
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  const start = async (): Promise<void> => {
    state.value = { kind: "loading", text: "Starting …" };
    const settings = set.value.split(/\s+/).filter((word) => word !== "");
    try {
      const { runs } = await store.client.start({
        yaml: yaml.value,
        ...(settings.length === 0 ? {} : { set: settings }),
      });
      state.value = { kind: "done", text: `Started: ${runs.join(", ")}.` };
    } catch (error) {
      state.value = { kind: "error", text: error instanceof Error ? error.message : String(error) };
    }
  };
  return (
    <dialog ref={dialog} class="new-run" aria-label="New experiment" onClose={close}>
      <h2>New experiment</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void start();
        }}
      >
        <label>
          experiment file (YAML)
          <textarea
            class="mono"
            rows={14}
            spellcheck={false}
            value={yaml.value}
            onInput={(event) => (yaml.value = event.currentTarget.value)}
          />
        </label>
        <label>
          changes, as with --set
          <input
            type="text"
            placeholder="optimizer.lr=0.1 seed=1"
            value={set.value}
            onInput={(event) => (set.value = event.currentTarget.value)}
          />
        </label>
        {state.value === null ? null : <Status kind={state.value.kind}>{state.value.text}</Status>}
        <div class="row">
          <button type="submit" class="primary" disabled={state.value?.kind === "loading"}>
            Start
          </button>
          <button type="button" onClick={close}>
            Close
          </button>
        </div>
      </form>
    </dialog>
  );
}
