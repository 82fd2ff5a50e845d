// The states a page or part of it can be in, each a sentence that says what to do, announced to screen readers.
import type { ComponentChildren, JSX } from "preact";

/** What kind of state: it decides the mark, the colour, and how urgently it is announced. */
export type StatusKind =
  | "empty"
  | "loading"
  | "running"
  | "done"
  | "warning"
  | "disconnected"
  | "diverged"
  | "error";

const MARKS: Readonly<Record<StatusKind, string>> = {
  empty: "○",
  loading: "…",
  running: "▶",
  done: "✓",
  warning: "!",
  disconnected: "⚡",
  diverged: "×",
  error: "×",
};

/** A sentence with its mark; `action` is a button or link that helps. */
export function Status({
  kind,
  children,
  action,
  progress,
}: {
  readonly kind: StatusKind;
  readonly children: ComponentChildren;
  readonly action?: ComponentChildren;
  /** Between 0 and 1; drawn as a bar. */
  readonly progress?: number;
}): JSX.Element {
  const urgent = kind === "error";
  return (
    <div
      class={`status status-${kind}`}
      role={urgent ? "alert" : "status"}
      aria-live={urgent ? "assertive" : "polite"}
    >
      <span class="status-mark" aria-hidden="true">
        {MARKS[kind]}
      </span>
      <span class="status-text">{children}</span>
      {progress === undefined ? null : <progress max={1} value={progress} />}
      {action}
    </div>
  );
}
