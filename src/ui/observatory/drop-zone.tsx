// Dropping runs anywhere on the page, or choosing them by a button.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { filesOf } from "./drop.ts";
import type { DroppingClient, FoundFile } from "./drop.ts";
import type { Store } from "./store.ts";

interface DropProps {
  readonly store: Store;
  readonly dropping: DroppingClient;
}

async function take({ store, dropping }: DropProps, files: readonly FoundFile[]): Promise<void> {
  const { runs, problems } = await dropping.read(files);
  store.addDropped(runs);
  for (const text of problems) store.notice({ level: "warning", text });
  if (runs.length > 0) {
    store.notice({ level: "note", text: `Read here, sent nowhere: ${runs.map(({ id }) => id).join(", ")}.` });
  }
}

/** Shown while something is dragged over the page. */
export function DropZone(props: DropProps): JSX.Element | null {
  const over = useSignal(false);
  useEffect(() => {
    const drag = (event: DragEvent): void => {
      if (event.dataTransfer?.types.includes("Files") !== true) return;
      event.preventDefault();
      over.value = true;
    };
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) over.value = false;
    };
    const drop = (event: DragEvent): void => {
      if (event.dataTransfer === null) return;
      event.preventDefault();
      over.value = false;
      void filesOf(event.dataTransfer)
        .then((files) => take(props, files))
        .catch((error: Error) => props.store.notice({ level: "error", text: error.message }));
    };
    addEventListener("dragover", drag);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", drag);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, []);
  if (!over.value) return null;
  return (
    <div class="drop-zone" role="status">
      Drop a run’s folder, or its events.jsonl with config.yaml: it is read in this page, nothing leaves the
      machine.
    </div>
  );
}

/** A button for those who do not drag. */
export function OpenButton(props: DropProps): JSX.Element {
  return (
    <label
      class="open-files"
      title="Read a run's events.jsonl (and config.yaml, summary.json) in this page; nothing is sent"
    >
      open files
      <input
        type="file"
        multiple
        class="hidden-text"
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])].map((file) => ({ path: file.name, file }));
          event.currentTarget.value = "";
          void take(props, files);
        }}
      />
    </label>
  );
}
