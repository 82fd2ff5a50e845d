// The page of the stochastic sharpness gap: gap against batch size with fit and band, predictions, the numbers.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Figure } from "../../figures/figure.ts";
import { formatNumber } from "../../figures/ticks.ts";
import type { GapFamily, GapGroupEntry, GapPage } from "../../record/serve-api.ts";
import { Status } from "../kit/status.tsx";
import {
  describeFit,
  GAP_LABELS,
  predictionSpec,
  scalingSpec,
  showStatistic,
  withPredictions,
} from "./gap-figures.ts";
import type { Store } from "./store.ts";

export function GapTab({ store }: { readonly store: Store }): JSX.Element {
  const page = useSignal<GapPage | null>(null);
  const failure = useSignal<string | null>(null);
  // Read anew when a run has come to its end, not with every point.
  const ended = (store.runs.value ?? [])
    .filter(({ status }) => status !== "running")
    .map(({ id }) => id)
    .join();
  useEffect(() => {
    let current = true;
    store.client
      .gap()
      .then((answer) => current && (page.value = answer))
      .catch((error: Error) => current && (failure.value = error.message));
    return () => {
      current = false;
    };
  }, [ended]);
  if (failure.value !== null) return <Status kind="error">{failure.value}</Status>;
  if (page.value === null) return <Status kind="loading">Reading every run for the gap …</Status>;
  const { families, left } = page.value;
  return (
    <section class="gap-page" aria-label="Sharpness gap">
      {families.length === 0 ? (
        <Status kind="empty">
          No runs to form a gap of: it takes SGD runs of one problem with sharpness measured until it settles,
          at best with gradient descent beside them.
        </Status>
      ) : null}
      {families.map((family) => (
        <Family key={family.title} family={family} />
      ))}
      {left.length === 0 ? null : (
        <details>
          <summary>{left.length} runs enter no gap</summary>
          <ul>
            {left.map(({ run, reason }) => (
              <li key={run}>
                <span class="mono">{run}</span>: {reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function Family({ family }: { readonly family: GapFamily }): JSX.Element {
  // The gap that most batch sizes (or rates) can be compared by comes first.
  const richest = Math.max(...family.fits.map(({ points }) => points.length));
  const chosen = useSignal(
    Math.max(
      0,
      family.fits.findIndex(({ points }) => points.length === richest),
    ),
  );
  const fit = family.fits[chosen.value] ?? family.fits[0];
  return (
    <section class="gap-family">
      <h2>{family.title}</h2>
      {family.fits.length === 0 ? null : (
        <div class="field">
          <label for={`fit-${family.title}`}>gap</label>
          <select
            id={`fit-${family.title}`}
            value={String(chosen.value)}
            onChange={(event) => (chosen.value = Number(event.currentTarget.value))}
          >
            {family.fits.map((each, i) => (
              <option key={`${each.kind} ${each.over} ${each.fixed}`} value={String(i)}>
                {GAP_LABELS[each.kind]} over {each.over === "batch" ? "b" : "η"}, {each.fixed}
              </option>
            ))}
          </select>
        </div>
      )}
      {fit === undefined ? null : <p>{describeFit(fit)}</p>}
      <div class="gap-figures">
        {fit === undefined ? null : (
          <Drawn
            about={[family, fit]}
            draw={async (options) => {
              const { scalingFigure } = await import("../../figures/gap/scaling.ts");
              return scalingFigure(scalingSpec(family, fit), options);
            }}
          />
        )}
        {withPredictions(family.groups) ? (
          <Drawn
            about={[family]}
            draw={async (options) => {
              const { pointsFigure } = await import("../../figures/gap/points.ts");
              return pointsFigure(predictionSpec(family), options);
            }}
          />
        ) : null}
      </div>
      <GroupTable groups={family.groups} />
    </section>
  );
}

/** A figure of the command line inside the page, with its files. Drawn again when what it is about changes. */
function Drawn({
  about,
  draw,
}: {
  readonly about: readonly unknown[];
  readonly draw: (options: {
    readonly document: Document;
    readonly width: number;
    readonly idPrefix: string;
  }) => Promise<Figure>;
}): JSX.Element {
  const figure = useSignal<Figure | null>(null);
  const failure = useSignal<string | null>(null);
  useEffect(() => {
    let current = true;
    draw({ document, width: 560, idPrefix: `gap${Math.floor(performance.now())}` })
      .then((drawn) => current && (figure.value = drawn))
      .catch((error: Error) => current && (failure.value = error.message));
    return () => {
      current = false;
    };
  }, [...about]);
  if (failure.value !== null) return <Status kind="error">{failure.value}</Status>;
  if (figure.value === null) return <Status kind="loading">Drawing …</Status>;
  const drawn = figure.value;
  return (
    <figure class="drawn">
      {/* Our own figure functions make this markup, and they escape what is text. */}
      <div dangerouslySetInnerHTML={{ __html: drawn.svg }} />
      <figcaption class="row">
        {(["svg", "png", "csv"] as const).map((format) => (
          <button
            key={format}
            type="button"
            onClick={() =>
              void import("../kit/chart/export.ts")
                .then(({ saveFigure }) => saveFigure(drawn, format))
                .catch((error: Error) => (failure.value = error.message))
            }
          >
            {format.toUpperCase()}
          </button>
        ))}
      </figcaption>
    </figure>
  );
}

function GroupTable({ groups }: { readonly groups: readonly GapGroupEntry[] }): JSX.Element {
  const formulas = [
    ...new Map(
      groups.flatMap(({ predicted }) =>
        predicted.map((each) => [`${each.formula} ${each.alpha} ${each.place}`, each] as const),
      ),
    ),
  ];
  return (
    <div class="compare-scroll">
      <table class="compare-table numbers">
        <caption class="muted">mean ± sd over seeds (number of seeds)</caption>
        <thead>
          <tr>
            {["η", "b", "2/η", "S_eq", "gap to GD, seed by seed", "gap to GD, means", "gap to 2/η"].map(
              (title) => (
                <th key={title} scope="col">
                  {title}
                </th>
              ),
            )}
            {formulas.map(([key, { formula, alpha, place }]) => (
              <th key={key} scope="col" title={`measured at ${place}s`}>
                predicted: {formula}, {alpha === "alpha" ? "α" : "α⊥"} ({place})
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <tr
              key={`${group.lr} ${group.batch}`}
              title={group.unsettled.map(({ run, reason }) => `${run}: ${reason}`).join("\n")}
            >
              <td>{group.lr}</td>
              <td>{group.batch === "full" ? "all (GD)" : group.batch}</td>
              <td>{formatNumber(group.threshold)}</td>
              {[group.sharpness, group.gapPaired, group.gapPooled, group.gapToEdge].map((statistic, i) => (
                <td key={i}>{showStatistic(statistic)}</td>
              ))}
              {formulas.map(([key]) => {
                const found = group.predicted.find(
                  (each) => `${each.formula} ${each.alpha} ${each.place}` === key,
                );
                return <td key={key}>{found?.gap == null ? "–" : formatNumber(found.gap)}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
