// The figures of a tracked run as files beside its record.
import { writeFileSync } from "node:fs";
import path from "node:path";
import { headlessDocument } from "../../figures/headless.ts";
import { type Figure, toCsv, trajectoriesFigure, trajectoryFigures } from "../../figures/index.ts";
import type { EnsembleRecord, TrackedStep } from "../../theory/index.ts";
import { drawPngs } from "../pngs.ts";
import { meanFieldFigure, type MeanFieldSettings } from "./meanfield.ts";

/** Writes each figure as SVG, CSV and PNG; returns the names of PNGs that could not be drawn. */
export function writeTrajectoryFigures(folder: string, steps: readonly TrackedStep[], lr: number): string[] {
  return write(folder, trajectoryFigures({ steps, lr }, { document: headlessDocument() }));
}

/** The figure of the mean-field check, likewise. */
export function writeMeanFieldFigure(
  folder: string,
  steps: readonly EnsembleRecord[],
  settings: MeanFieldSettings,
): string[] {
  return write(folder, [
    trajectoriesFigure(meanFieldFigure(steps, settings), { document: headlessDocument() }),
  ]);
}

function write(folder: string, figures: readonly Figure[]): string[] {
  const svgs = figures.map(({ name, svg, rows }) => {
    const file = path.join(folder, `${name}.svg`);
    writeFileSync(file, svg);
    writeFileSync(path.join(folder, `${name}.csv`), toCsv(rows));
    return file;
  });
  return drawPngs(svgs).map((file) => path.basename(file).replace(/\.svg$/, ".png"));
}
