// Figure: a quantity over training for groups of runs, several panels side by side.
import { stepAxis, valueAxis } from "../axes.ts";
import { composeFigure } from "../compose.ts";
import type { PanelSpec } from "../compose.ts";
import { drawableOnLinear, extremes } from "../domains.ts";
import type { Figure, FigureOptions } from "../figure.ts";
import type { Line } from "../lines.ts";
import type { TraceStyle } from "../palette.ts";
import { referenceLabels, referenceMarks } from "../references.ts";
import { rowsOf } from "../rows.ts";
import { lineLabels, lineMarks } from "./overlays.ts";
import { groupLines, groupNotes } from "./series.ts";
import { GD, styleKey, stylesByLabel } from "./styles.ts";
import type { SeriesPanel, TrajectoriesSpec } from "./types.ts";

/**
 * Mean over seeds with a band of ±1 sd for every group of runs, gradient descent black and dashed, against training
 * steps. An axis does not follow a run that blows up beyond three times the largest reference value.
 *
 * @throws InputError when a run has not as many values as steps
 */
export function trajectoriesFigure(spec: TrajectoriesSpec, options: FigureOptions): Figure {
  const styles = stylesByLabel(spec.panels.flatMap((panel) => panel.groups));
  const drawn = spec.panels.map((panel) => drawPanel(panel, styles));
  const groups = spec.panels.flatMap((panel) => panel.groups);
  const lines = drawn.flatMap((each) => each.lines);
  return composeFigure(
    {
      name: spec.name,
      title: spec.title,
      alt: `${spec.panels.map(describePanel).join(" ")} Horizontal axis: training step.`,
      grid: [{ height: 300, panels: drawn.map((each) => each.panel) }],
      notes: [
        ...groupNotes(groups, lines),
        ...(drawn.some((each) => each.capped) ? ["values above the axis are cut"] : []),
        ...spec.notes,
      ],
      rows: drawn.flatMap((each) => rowsOf(each.lines)),
    },
    options,
  );
}

function drawPanel(
  panel: SeriesPanel,
  styles: ReadonlyMap<string, TraceStyle>,
): { panel: PanelSpec; lines: Line[]; capped: boolean } {
  const series = seriesName(panel);
  const lines = panel.groups.flatMap((group) =>
    groupLines(group, styles.get(styleKey(group.label, group.kind))!, series),
  );
  // Gradient descent in front: it is what the others are compared with.
  const front = lines.toSorted((a, b) => Number(a.trace.style === GD) - Number(b.trace.style === GD));
  const references = panel.references.filter(({ value }) => drawableOnLinear(value));
  const values = lines.flatMap((line) => extremes(line, drawableOnLinear));
  const cap = references.length === 0 ? undefined : 3 * Math.max(...references.map(({ value }) => value));
  const y = valueAxis([...values, ...references.map(({ value }) => value)], false, cap);
  const xMax = Math.max(...lines.map((line) => line.x.at(-1) ?? Number.NEGATIVE_INFINITY));
  return {
    lines,
    capped: values.some((value) => value > y.domain[1]),
    panel: {
      ...(panel.title === "" ? {} : { title: panel.title }),
      xLabel: "step",
      yLabel: panel.yLabel,
      x: stepAxis(lines),
      y,
      empty: values.length === 0,
      labels: [...referenceLabels(references), ...lineLabels(lines, xMax, drawableOnLinear)],
      marks: (pixels) => [...lineMarks(front, pixels, y, drawableOnLinear), ...referenceMarks(references)],
    },
  };
}

function seriesName(panel: SeriesPanel): string {
  return panel.title === "" ? panel.yLabel : `${panel.title}: ${panel.yLabel}`;
}

function describePanel(panel: SeriesPanel): string {
  const references = panel.references.map((reference) => reference.label);
  const beside = references.length === 0 ? "" : `, beside ${references.join(", ")}`;
  const groups = panel.groups.map((group) => group.label).join("; ");
  return `${seriesName(panel)} for ${groups === "" ? "no runs" : groups}${beside}.`;
}
