// Copying to the clipboard, with a word of confirmation; and a command line quoted for a shell.
import type { JSX } from "preact";
import { useState } from "preact/hooks";

/** Copies what `text` gives when pressed. Where the clipboard is refused, shows the text to copy by hand. */
export function CopyButton({
  label,
  text,
  title,
}: {
  readonly label: string;
  readonly text: () => string;
  readonly title?: string;
}): JSX.Element {
  const [done, setDone] = useState(false);
  const [manual, setManual] = useState<string | null>(null);
  const copy = async (): Promise<void> => {
    const content = text();
    try {
      await navigator.clipboard.writeText(content);
      setDone(true);
      setTimeout(() => setDone(false), 2000);
    } catch {
      // Not a secure context, or not permitted.
      setManual(content);
    }
  };
  return (
    <span class="copy">
      <button type="button" title={title} onClick={() => void copy()}>
        {done ? "Copied" : label}
      </button>
      <span class="hidden-text" aria-live="polite">
        {done ? `${label}: copied` : ""}
      </span>
      {manual === null ? null : (
        <input
          class="copy-manual"
          aria-label={`${label}: copy this text`}
          readOnly
          value={manual}
          ref={(input) => input?.select()}
          onBlur={() => setManual(null)}
        />
      )}
    </span>
  );
}
