// The form and the buttons of the playground, and the keys that press them.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { styleOf } from "../../figures/palette.ts";
import { CopyButton } from "../kit/copy.tsx";
import { Field } from "../kit/fields.tsx";
import { useShortcuts } from "../kit/shortcuts.tsx";
import { onBackground, dark } from "../kit/theme.tsx";
import { commandFor } from "./experiment.ts";
import type { Lab } from "./lab.ts";
import { shownControls } from "./properties.ts";

/** Run, pause, step, rewind, fork. */
export function Buttons({ lab }: { readonly lab: Lab }): JSX.Element {
  const running = lab.running.value;
  void lab.version.value;
  const { current } = lab;
  const difference = lab.difference.value;
  const target = useSignal("");
  const ended =
    current?.status === "finished" || current?.status === "diverged" || current?.status === "failed";
  const rewindTo = (): void => {
    const step = Number(target.value.trim() === "" ? "0" : target.value);
    if (Number.isInteger(step) && step >= 0) lab.rewind(step);
    else lab.problem.value = `Rewind to step: "${target.value}" is not a whole number from 0.`;
  };
  useShortcuts([
    { key: " ", does: "run or pause", run: () => (ended && !running ? undefined : lab.toggle()) },
    { key: ".", does: "one step", run: () => lab.step() },
    { key: "r", does: "rewind to the start", run: () => lab.rewind() },
    { key: "f", does: "fork with the settings of the form", run: () => lab.fork() },
    { key: "n", does: "new run", run: () => lab.open() },
    {
      key: "/",
      does: "go to the settings",
      run: () => document.querySelector<HTMLElement>(".controls select, .controls input")?.focus(),
    },
  ]);
  return (
    <div class="buttons" role="group" aria-label="Training">
      <button
        type="button"
        class="primary"
        disabled={ended && !running}
        onClick={() => lab.toggle()}
        title="space"
      >
        {running ? "Pause" : "Run"}
      </button>
      <button type="button" disabled={running || ended} onClick={() => lab.step()} title="One step (.)">
        Step
      </button>
      <button
        type="button"
        disabled={current === null || difference !== "fork" || current.status === "failed"}
        onClick={() => lab.fork()}
        title="Go on from here with the new η, b or measurements; both curves stay (f)"
      >
        Fork
      </button>
      <button
        type="button"
        disabled={current === null}
        onClick={() => lab.open()}
        title="From the start, with the settings of the form (n)"
      >
        New run
      </button>
      <span class="rewind">
        <button
          type="button"
          disabled={current === null || current.status === "failed"}
          onClick={rewindTo}
          title="The same weights and the same batches again (r: to the start)"
        >
          Rewind to
        </button>
        <input
          type="text"
          inputMode="numeric"
          aria-label="Step to rewind to"
          placeholder="0"
          value={target.value}
          onInput={(event) => (target.value = event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter") rewindTo();
          }}
        />
      </span>
    </div>
  );
}

/** The settings, group by group. */
export function Controls({ lab }: { readonly lab: Lab }): JSX.Element {
  const values = lab.state.values();
  return (
    <form class="controls" aria-label="Settings" onSubmit={(event) => event.preventDefault()}>
      {shownControls(values).map(({ title, names }) => (
        <fieldset key={title}>
          <legend>{title}</legend>
          {names.map((name) => (
            <Field key={name} state={lab.state} name={name} />
          ))}
        </fieldset>
      ))}
    </form>
  );
}

/** What to take away: a link, a command, a file. */
export function Share({ lab }: { readonly lab: Lab }): JSX.Element {
  const yaml = lab.yaml.value;
  return (
    <div class="share">
      <CopyButton label="Copy link" text={() => lab.state.link()} title="Every setting, seed included" />
      {yaml === null ? (
        <span class="muted">No command: the settings are not valid yet.</span>
      ) : (
        <>
          <CopyButton
            label="Copy CLI command"
            text={() => commandFor(yaml)}
            title="The same run on the command line"
          />
          <a
            class="button"
            download="playground.yaml"
            href={`data:text/yaml;charset=utf-8,${encodeURIComponent(yaml)}`}
          >
            experiment.yaml
          </a>
        </>
      )}
    </div>
  );
}

/** The runs whose curves are on the page. */
export function RunList({ lab }: { readonly lab: Lab }): JSX.Element | null {
  void lab.version.value;
  const runs = lab.runs.value;
  if (runs.length === 0) return null;
  return (
    <ul class="runs" aria-label="Runs">
      {runs.map((run) => (
        <li key={run.id}>
          <button
            type="button"
            class="run"
            aria-pressed={run.id === lab.currentId.value}
            title="Go on with this run: its settings come back into the form"
            onClick={() => lab.choose(run.id)}
          >
            <span
              class="run-colour"
              style={{ background: onBackground(styleOf(run.index).colour, dark.value) }}
            />
            {run.label}{" "}
            <span class="muted">
              ({run.status}, step {run.step})
            </span>
          </button>
          <button
            type="button"
            class="quiet"
            aria-label={`Forget ${run.label}`}
            onClick={() => lab.remove(run.id)}
          >
            ×
          </button>
        </li>
      ))}
    </ul>
  );
}
