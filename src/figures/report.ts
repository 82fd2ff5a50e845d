// The report: one self-contained HTML page with the numbers, the figures and every run's full configuration.
import { stringify } from "yaml";
import { isAssumptionWarning, type RunRecord } from "../record/index.ts";
import { accuracyFigure, hasAccuracy } from "./accuracy.ts";
import { differingKeys, mixedProblems } from "./differing.ts";
import type { Figure, FigureOptions } from "./figure.ts";
import type { Finding } from "./finding.ts";
import { runFindings } from "./findings.ts";
import { html, trusted } from "./html.ts";
import type { Markup } from "./html.ts";
import { lossFigure } from "./loss.ts";
import { relativeSharpnessFigure } from "./relative-sharpness.ts";
import { measuredFigures } from "./report-measured.ts";
import { REPORT_STYLE } from "./report-style.ts";
import { summaryRows } from "./report-table.ts";
import type { SummaryRow } from "./report-table.ts";
import { toCsv } from "./rows.ts";
import { sharpnessFigure } from "./sharpness.ts";
import { formatNumber } from "./ticks.ts";

/** Options of {@link buildReport}. */
export interface ReportOptions extends FigureOptions {
  readonly title: string;
  /** When the report was made, as it should be printed; left out when absent. */
  readonly generatedAt?: string;
  /** provenance.json by run id, for records that do not carry it. */
  readonly provenance?: Readonly<Record<string, unknown>>;
  /** What else is known of a run, in words. */
  readonly findings?: (record: RunRecord) => readonly Finding[];
  /** Address of a run's folder, for links to the raw record. */
  readonly runHref?: (id: string) => string;
  /** Address of a figure's file beside the report; links are left out when absent. */
  readonly fileHref?: (name: string, kind: "svg" | "png" | "csv") => string;
}

/** A figure of the report as files. */
export interface ReportFigure {
  readonly name: string;
  readonly svg: string;
  readonly csv: string;
}

/** The page and the figures in it, for writing beside it. */
export interface Report {
  readonly html: string;
  readonly figures: readonly ReportFigure[];
}

/**
 * Builds the report of some runs. The page needs no network and no other file; every number in it links to
 * the run it came from. Text from configurations is escaped.
 */
export function buildReport(records: readonly RunRecord[], options: ReportOptions): Report {
  const drawn = reportFigures(records, options);
  const rows = summaryRows(records);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${options.title}</title>
        <style>
          ${trusted(REPORT_STYLE)}
        </style>
      </head>
      <body>
        <header>
          <h1>${options.title}</h1>
          <p class="soft">${headline(records, options.generatedAt)}</p>
        </header>
        <main>
          <h2 id="summary">Summary</h2>
          ${rows.length === 0 ? html`<p>No runs.</p>` : summaryTable(rows)} ${differences(records)}
          <h2 id="figures">Figures</h2>
          <div class="figures">${drawn.map((figure) => figureCard(figure, options))}</div>
          <h2 id="runs">Runs</h2>
          ${records.map((record, i) => runSection(record, rows[i]!, options))}
        </main>
      </body>
    </html> `;
  return {
    html: page.text,
    figures: drawn.map(({ name, svg, rows: data }) => ({ name, svg, csv: toCsv(data) })),
  };
}

/** The figures a report of these runs has: sharpness, sharpness ÷ threshold, loss, and what else was measured. */
export function reportFigures(records: readonly RunRecord[], options: FigureOptions): Figure[] {
  const figures = [
    sharpnessFigure(records, options),
    relativeSharpnessFigure(records, options),
    lossFigure(records, options),
  ];
  if (hasAccuracy(records)) figures.push(accuracyFigure(records, options));
  return [...figures, ...measuredFigures(records, options)];
}

/** Which settings the runs do not share. */
function differences(records: readonly RunRecord[]): Markup | undefined {
  const configs = records.map(({ config }) => config);
  const keys = differingKeys(configs, true);
  if (keys.length === 0) return undefined;
  const mixed = mixedProblems(configs);
  const doubt = mixed === null ? "" : ` Careful: ${mixed}.`;
  return html`<p class="soft">The runs differ in ${keys.join(", ")}.${doubt}</p>`;
}

function headline(records: readonly RunRecord[], generatedAt: string | undefined): string {
  const runs = `${records.length} run${records.length === 1 ? "" : "s"}`;
  return generatedAt === undefined ? runs : `${runs} · generated ${generatedAt}`;
}

/** Fragment name of a run's section; ids may hold characters that fragments and ids may not. */
function anchor(id: string): string {
  return `run-${encodeURIComponent(id).replaceAll("%", "_")}`;
}

interface Column {
  readonly title: string;
  /** Longer explanation, shown on hover. */
  readonly about: string;
  readonly cell: (row: SummaryRow) => string;
  /** Whether the column is worth showing for these rows. */
  readonly when?: (rows: readonly SummaryRow[]) => boolean;
}

const COLUMNS: readonly Column[] = [
  {
    title: "steps",
    about: "optimiser steps taken, of those asked for when it stopped early",
    cell: (row) =>
      row.steps === undefined || row.steps === row.step
        ? row.step.toLocaleString("en-US")
        : `${row.step.toLocaleString("en-US")} of ${row.steps.toLocaleString("en-US")}`,
  },
  { title: "loss", about: "training loss at the end", cell: (row) => formatNumber(row.loss, 4) },
  {
    title: "accuracy",
    about: "training accuracy at the end",
    cell: (row) => percent(row.accuracy),
    when: (rows) => rows.some((row) => row.accuracy !== undefined),
  },
  {
    title: "test accuracy",
    about: "test accuracy at the end",
    cell: (row) => percent(row.testAccuracy),
    when: (rows) => rows.some((row) => row.testAccuracy !== undefined),
  },
  {
    title: "S_eq ± sd",
    about: "equilibrium sharpness: mean over the last solves, with their sample standard deviation",
    cell: (row) => {
      if (row.equilibrium === undefined) return "–";
      const sd = row.equilibriumSd === undefined ? "" : ` ± ${formatNumber(row.equilibriumSd, 2)}`;
      return `${formatNumber(row.equilibrium, 4)}${sd}`;
    },
  },
  {
    title: "± s.e.",
    about: "standard error of S_eq, correlation between solves included",
    cell: (row) => (row.equilibriumStderr === undefined ? "–" : formatNumber(row.equilibriumStderr, 2)),
    when: (rows) => rows.some((row) => row.equilibriumStderr !== undefined),
  },
  {
    title: "τ",
    about: "autocorrelation time: about one solve in τ counts as an independent value",
    cell: (row) => (row.equilibriumTau === undefined ? "–" : formatNumber(row.equilibriumTau, 2)),
    when: (rows) => rows.some((row) => row.equilibriumTau !== undefined),
  },
  { title: "2/η", about: "stability threshold", cell: (row) => formatNumber(row.threshold, 4) },
  {
    title: "S_eq ÷ (2/η)",
    about: "equilibrium sharpness divided by the threshold",
    cell: (row) => formatNumber(row.relative, 3),
  },
  {
    title: "2/η − S_eq",
    about: "gap between the threshold and the equilibrium sharpness",
    cell: (row) => formatNumber(row.gap, 3),
  },
  {
    title: "gap to GD",
    about: "equilibrium sharpness of the gradient-descent run with the same setting, minus this run's",
    cell: (row) => formatNumber(row.gapToGd, 3),
    when: (rows) => rows.some((row) => row.gapToGd !== undefined),
  },
  {
    title: "edge",
    about: "how the sharpness ended: see the run for the sentence",
    cell: (row) => row.edge ?? "–",
    when: (rows) => rows.some((row) => row.edge !== undefined),
  },
];

function summaryTable(rows: readonly SummaryRow[]): Markup {
  const columns = COLUMNS.filter((column) => column.when?.(rows) ?? true);
  const records = rows.map((row) => row.equilibriumRecords).filter((count) => count > 0);
  const over = records.length === 0 ? "" : ` over the last ${range(records)} solves`;
  const several = rows.some((row) => row.differs !== "");
  const body = rows.map((row) => {
    const href = `#${anchor(row.id)}`;
    return html`<tr>
      <th scope="row"><a href="${href}">${row.id}</a></th>
      ${several ? html`<td class="text">${row.differs}</td>` : undefined}
      ${columns.map((column) => html`<td><a href="${href}">${column.cell(row)}</a></td>`)}
      <td class="text">${status(row.status)}</td>
    </tr>`;
  });
  return html`<p class="soft">S_eq: mean sharpness${over}. Every number links to its run.</p>
    <div class="wide">
      <table aria-label="Summary of the runs">
        <thead>
          <tr>
            <th scope="col">run</th>
            ${several ? html`<th scope="col" class="text">what differs</th>` : undefined}
            ${columns.map((column) => html`<th scope="col" title="${column.about}">${column.title}</th>`)}
            <th scope="col" class="text">status</th>
          </tr>
        </thead>
        <tbody>
          ${body}
        </tbody>
      </table>
    </div>`;
}

function figureCard(figure: Figure, options: ReportOptions): Markup {
  const { fileHref } = options;
  const links =
    fileHref === undefined
      ? []
      : (["svg", "png", "csv"] as const).map(
          (kind) => html` · <a href="${fileHref(figure.name, kind)}">${kind.toUpperCase()}</a>`,
        );
  return html`<figure id="figure-${figure.name}">
    ${trusted(figure.svg)}
    <figcaption>${figure.title}${links}</figcaption>
  </figure>`;
}

function runSection(record: RunRecord, row: SummaryRow, options: ReportOptions): Markup {
  const provenance = options.provenance?.[record.id] ?? record.provenance ?? undefined;
  const notable = record.marks.filter(
    ({ kind, message }) => kind !== "finished" && !isAssumptionWarning(message),
  );
  const findings = [...runFindings(record), ...(options.findings?.(record) ?? [])];
  const label = [row.name, row.differs].filter((part) => part !== undefined && part !== "").join(" · ");
  const took = row.seconds === undefined ? "" : `, ${formatNumber(row.seconds, 3)} s`;
  return html`<section id="${anchor(record.id)}" aria-labelledby="${anchor(record.id)}-title">
    <h3 id="${anchor(record.id)}-title">${record.id}</h3>
    <p class="soft">
      ${label === "" ? undefined : `${label} · `}${status(row.status)}
      ${`at step ${row.step.toLocaleString("en-US")}${took}`}
      ${row.gd === undefined ? undefined : html` · compared with <a href="#${anchor(row.gd)}">${row.gd}</a>`}
      ${options.runHref === undefined ? undefined : html` · <a href="${options.runHref(record.id)}">run folder</a>`}
    </p>
    ${record.summary?.message === undefined ? undefined : html`<p>${record.summary.message}</p>`}
    ${
      notable.length === 0
        ? undefined
        : html`<ul>
            ${notable.map(
              (mark) =>
                html`<li>step ${mark.step.toLocaleString("en-US")}: ${mark.kind}, ${mark.message}</li>`,
            )}
          </ul>`
    }
    ${findings.length === 0 ? undefined : findingsList(findings)}
    <details>
      <summary>Configuration</summary>
      ${block(record.config)}
    </details>
    ${
      provenance === undefined
        ? undefined
        : html`<details>
            <summary>Provenance</summary>
            ${block(provenance)}
          </details>`
    }
  </section>`;
}

function findingsList(findings: readonly Finding[]): Markup {
  return html`<dl>
    ${findings.map(
      ({ title, text }) =>
        html`${title === "" ? undefined : html`<dt>${title}</dt>`}
          <dd>${text}</dd>`,
    )}
  </dl>`;
}

function block(value: unknown): Markup {
  return html`<pre>${stringify(value, { lineWidth: 0 }).trimEnd()}</pre>`;
}

function status(text: string): Markup {
  return text === "diverged" || text === "failed" ? html`<span class="bad">${text}</span>` : html`${text}`;
}

function percent(value: number | null | undefined): string {
  return typeof value === "number" && Number.isFinite(value)
    ? `${(100 * value).toFixed(1)} %`
    : formatNumber(value);
}

function range(counts: readonly number[]): string {
  const low = Math.min(...counts);
  const high = Math.max(...counts);
  return low === high ? String(low) : `${low} to ${high}`;
}
