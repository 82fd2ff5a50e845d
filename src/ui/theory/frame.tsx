// The frame of the theory pages: head, what the page is about, a form of sliders, results.
import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren, JSX } from "preact";
import { type PageId, Nav } from "../nav.tsx";
import { CopyButton } from "../kit/copy.tsx";
import { Field } from "../kit/fields.tsx";
import type { NumberProperty, Properties } from "../kit/properties.ts";
import { HelpButton, ShortcutHelp, useShortcuts } from "../kit/shortcuts.tsx";
import { Status } from "../kit/status.tsx";
import { ThemeButton } from "../kit/theme.tsx";
import type { UrlState } from "../kit/url-state.ts";
import "./theory.css";

interface FrameProps<P extends Properties> {
  readonly page: PageId;
  readonly title: string;
  readonly about: ComponentChildren;
  readonly state: UrlState<P>;
  /** Controls in order; a number with limits gets a slider besides. */
  readonly names: readonly (keyof P & string)[];
  readonly command: () => string;
  readonly children: ComponentChildren;
}

export function Frame<P extends Properties>(props: FrameProps<P>): JSX.Element {
  const { state, names } = props;
  useShortcuts([
    {
      key: "/",
      does: "go to the settings",
      run: () => document.querySelector<HTMLElement>(".controls input, .controls select")?.focus(),
    },
  ]);
  return (
    <div class="page">
      <header class="page-head">
        <h1>Brink</h1>
        <Nav page={props.page} />
        <span class="spacer" />
        <HelpButton />
        <ThemeButton />
      </header>
      <main class="theory">
        <section class="about panel">
          <h2>{props.title}</h2>
          {props.about}
        </section>
        <form class="controls" aria-label="Settings" onSubmit={(event) => event.preventDefault()}>
          {names.map((name) => (
            <Slider key={name} state={state} name={name} />
          ))}
          <div class="share">
            <CopyButton label="Copy link" text={() => state.link()} />
            <CopyButton label="Copy CLI command" text={props.command} />
          </div>
        </form>
        <section class="results" aria-label="Results">
          {state.problems.value.map((problem) => (
            <Status key={problem} kind="warning">
              {problem}
            </Status>
          ))}
          {props.children}
        </section>
      </main>
      <ShortcutHelp />
    </div>
  );
}

/** A field, with a slider under it where the property says from where to where. */
function Slider<P extends Properties>({
  state,
  name,
}: {
  readonly state: UrlState<P>;
  readonly name: keyof P & string;
}): JSX.Element {
  const property = state.properties[name]!;
  const slides = property.kind === "number" && property.step !== undefined && property.max !== undefined;
  return (
    <div class="slider">
      <Field state={state} name={name} />
      {slides ? (
        <input
          type="range"
          aria-label={`${property.label}, slider`}
          min={lowest(property)}
          max={property.max}
          step={property.step}
          value={state.signals[name].value as number}
          onInput={(event) => state.setText(name, event.currentTarget.value)}
        />
      ) : null}
    </div>
  );
}

function lowest({ min, above = 0, step = 0 }: NumberProperty): number {
  return min ?? above + step;
}

/** Asks a question of the theory whenever its settings change, a moment later. */
export function useAnswer<Q, R>(
  question: Q,
  ask: (question: Q, onReply: (result: R | null, error: string | null) => void) => void,
): { readonly result: R | null; readonly error: string | null; readonly busy: boolean } {
  const [state, setState] = useState<{
    readonly result: R | null;
    readonly error: string | null;
    readonly busy: boolean;
  }>({
    result: null,
    error: null,
    busy: true,
  });
  useEffect(() => {
    setState((before) => ({ ...before, busy: true }));
    const timer = setTimeout(
      () =>
        ask(question, (result, error) =>
          setState((before) => ({ result: result ?? before.result, error, busy: false })),
        ),
      120,
    );
    return () => clearTimeout(timer);
  }, [JSON.stringify(question)]);
  return state;
}
