// The playground: training in the page itself, from controls to charts.
import { type JSX, render } from "preact";
import { useMemo, useState } from "preact/hooks";
import { HelpButton, ShortcutHelp } from "../kit/shortcuts.tsx";
import { Status } from "../kit/status.tsx";
import { ThemeButton } from "../kit/theme.tsx";
import { urlState } from "../kit/url-state.ts";
import { Charts } from "./charts.tsx";
import { Buttons, Controls, RunList, Share } from "./controls.tsx";
import { Lab } from "./lab.ts";
import { Nav } from "../nav.tsx";
import { noticeOf } from "./notice.ts";
import { PLAYGROUND } from "./properties.ts";
import { Stories } from "./stories.tsx";
import "./playground.css";

function Page(): JSX.Element {
  const lab = useMemo(() => new Lab(urlState(PLAYGROUND)), []);
  const [dragging, setDragging] = useState(false);
  return (
    <div
      class={dragging ? "page dragging" : "page"}
      onDragOver={(event) => {
        event.preventDefault();
        setDragging(true);
      }}
      onDragLeave={() => setDragging(false)}
      onDrop={(event) => {
        event.preventDefault();
        setDragging(false);
        void lab.drop([...(event.dataTransfer?.files ?? [])]);
      }}
    >
      <header class="page-head">
        <h1>Brink</h1>
        <Nav page="playground" />
        <span class="spacer" />
        <HelpButton />
        <ThemeButton />
      </header>
      <main class="playground">
        <Stories lab={lab} />
        <section class="bench" aria-label="Training and settings">
          <Buttons lab={lab} />
          <Share lab={lab} />
          <label class="drop">
            <input
              type="file"
              multiple
              onChange={(event) => void lab.drop([...(event.currentTarget.files ?? [])])}
            />
            <span>
              {lab.dropped.value?.description ??
                "Own data: drop or choose files. Nothing leaves this machine."}
            </span>
          </label>
          <Controls lab={lab} />
          <Machine lab={lab} />
        </section>
        <section class="results" aria-label="Curves">
          <Problems lab={lab} />
          <StatusLine lab={lab} />
          <RunList lab={lab} />
          <Charts lab={lab} />
        </section>
      </main>
      <ShortcutHelp />
    </div>
  );
}

/** Alone in following the run, so that the form is not rendered anew with every message of the worker. */
function StatusLine({ lab }: { readonly lab: Lab }): JSX.Element {
  void lab.version.value;
  const { kind, text, progress } = noticeOf(lab);
  return (
    <Status kind={kind} {...(progress === undefined ? {} : { progress })}>
      {text}
    </Status>
  );
}

/** What in the address could not be used. */
function Problems({ lab }: { readonly lab: Lab }): JSX.Element | null {
  const problems = lab.state.problems.value;
  if (problems.length === 0) return null;
  return (
    <>
      {problems.map((problem) => (
        <Status key={problem} kind="warning">
          {problem}
        </Status>
      ))}
    </>
  );
}

/** What computes, and what is known about the run. */
function Machine({ lab }: { readonly lab: Lab }): JSX.Element {
  const engine = lab.engine.value;
  void lab.version.value;
  const opened = lab.current?.opened;
  return (
    <dl class="machine muted">
      {engine === null ? null : (
        <div>
          <dt>Engine</dt>
          <dd>
            {engine.name}, {engine.device}, {engine.threads} {engine.threads === 1 ? "thread" : "threads"}
          </dd>
          {engine.notes.map((note) => (
            <dd key={note}>{note}</dd>
          ))}
        </div>
      )}
      {opened == null ? null : (
        <div>
          <dt>Run</dt>
          <dd>
            {opened.parameters.toLocaleString("en")} parameters, {opened.examples.toLocaleString("en")}{" "}
            examples of {opened.inputShape.join("×")}
          </dd>
          {opened.notes.map((note) => (
            <dd key={note}>{note}</dd>
          ))}
        </div>
      )}
    </dl>
  );
}

render(<Page />, document.querySelector("#app")!);
