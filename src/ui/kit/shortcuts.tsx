// The keyboard map: pages register keys with what they do; `?` shows them all.
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** A key (as `KeyboardEvent.key` has it) and what it does. */
export interface Shortcut {
  readonly key: string;
  readonly does: string;
  readonly run: () => void;
}

const registered = signal<readonly Shortcut[]>([]);
const helpOpen = signal(false);

/** Whether a key pressed at `target` is meant for what is focused rather than for the page. */
export function takesKeys(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches("input, textarea, select")) {
    return (
      !target.matches("input[type=checkbox], input[type=radio], input[type=range], input[type=button]") ||
      key === " "
    );
  }
  // Space and Enter press what is focused.
  return (key === " " || key === "Enter") && target.closest("button, a, summary, [role=button]") !== null;
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (takesKeys(event.target, event.key)) return;
  if (event.key === "?") {
    helpOpen.value = !helpOpen.value;
    event.preventDefault();
    return;
  }
  // The one registered last wins: a part of the page may take a key over.
  const shortcut = registered.value.findLast(({ key }) => key === event.key);
  if (shortcut === undefined) return;
  event.preventDefault();
  shortcut.run();
}

/** Adds shortcuts; returns how to take them away again. */
export function addShortcuts(shortcuts: readonly Shortcut[]): () => void {
  if (registered.value.length === 0) document.addEventListener("keydown", onKey);
  registered.value = [...registered.value, ...shortcuts];
  return () => {
    registered.value = registered.value.filter((shortcut) => !shortcuts.includes(shortcut));
    if (registered.value.length === 0) document.removeEventListener("keydown", onKey);
  };
}

/** Shortcuts for as long as the component lives. They may read what changes, since the latest are called. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(
    () =>
      addShortcuts(shortcuts.map((shortcut, i) => ({ ...shortcut, run: () => latest.current[i]?.run() }))),
    [],
  );
}

/** A button that shows the map. */
export function HelpButton(): JSX.Element {
  return (
    <button
      type="button"
      class="quiet"
      title="Keyboard (?)"
      aria-label="Keyboard shortcuts"
      onClick={() => (helpOpen.value = true)}
    >
      ?
    </button>
  );
}

/** The map itself, as a dialog; once per page. */
export function ShortcutHelp(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = helpOpen.value;
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  const rows = new Map(registered.value.map(({ key, does }) => [key, does]));
  return (
    <dialog
      ref={dialog}
      class="shortcuts"
      aria-label="Keyboard shortcuts"
      onClose={() => (helpOpen.value = false)}
    >
      <h2>Keyboard</h2>
      <dl>
        {[...rows, ["?", "this list"] as const].map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key === " " ? "space" : key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <button type="button" onClick={() => (helpOpen.value = false)}>
        Close
      </button>
    </dialog>
  );
}
