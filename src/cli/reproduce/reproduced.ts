// One figure with its analysis done: what is drawn, printed and written.
import type { Scale } from "./campaigns.ts";
import { type ComparisonRow, differenceOf } from "./comparison.ts";
import type { Drawing, PaperFigure } from "./figure-spec.ts";
import { checkAny, type Gathered } from "./gather.ts";
import { openSettings, type SettingLine } from "./settings.ts";

/** A reproduced figure. */
export interface Reproduced {
  readonly name: string;
  /** `quick`, `full`, or `own` for runs the user named. */
  readonly scale: Scale | "own";
  readonly title: string;
  readonly drawing: Drawing;
  readonly rows: readonly ComparisonRow[];
  readonly settings: readonly SettingLine[];
  readonly missing: Gathered["missing"];
  /** Contents of numbers.json. */
  readonly numbers: Readonly<Record<string, unknown>>;
  /** Command that made it. */
  readonly command: string;
}

/**
 * Analyses what was gathered. Runs that are missing are a note under the figure.
 *
 * @throws InputError when there is nothing to draw
 */
export function reproduced(
  figure: PaperFigure,
  gathered: Gathered,
  scale: Reproduced["scale"],
  command: string,
): Reproduced {
  checkAny(figure, gathered);
  const { analyses, missing } = gathered;
  const { drawing, rows, numbers } = figure.reproduce(analyses);
  const runs = new Map(
    Object.values(analyses)
      .flatMap((analysis) => analysis?.runs ?? [])
      .map((run) => [run.id, run]),
  );
  const settings = openSettings([...runs.values()]);
  const { name, title } = figure;
  return {
    name,
    scale,
    title,
    drawing: withNotes(drawing, missing),
    rows,
    settings,
    missing,
    command,
    numbers: {
      figure: name,
      title,
      scale,
      paper: "arXiv 2604.21016",
      command,
      rows: rows.map(plainRow),
      settings: Object.fromEntries(settings.map(({ setting, value }) => [setting, value])),
      missing,
      ...numbers,
    },
  };
}

function plainRow(row: ComparisonRow): ComparisonRow & { readonly difference: number | null } {
  const { quantity, paper, brink, remark } = row;
  const difference = differenceOf(row);
  return {
    quantity: quantity.trim(),
    paper,
    brink,
    difference,
    ...(remark === undefined ? {} : { remark }),
  };
}

const MOST_NAMED = 4;

/** Adds to any drawing a note of the runs that are missing. */
function withNotes<D extends Drawing>(drawing: D, missing: Gathered["missing"]): D {
  if (missing.length === 0) return drawing;
  const named = missing.slice(0, MOST_NAMED).map(({ run }) => run);
  if (missing.length > named.length) named.push(`${missing.length - named.length} more`);
  const note = `Incomplete, missing: ${named.join(", ")}.`;
  return { ...drawing, spec: { ...drawing.spec, notes: [...drawing.spec.notes, note] } };
}
