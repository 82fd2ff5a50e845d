// The figures of a tracked run as files beside its record.
import { writeFileSync } from "node:fs";
import path from "node:path";
import { headlessDocument } from "../../figures/headless.ts";
import { toCsv, trajectoryFigures } from "../../figures/index.ts";
import type { TrackedStep } from "../../theory/index.ts";
import { drawPngs } from "../pngs.ts";

/** Writes each figure as SVG, CSV and PNG; returns the names of PNGs that could not be drawn. */
export function writeTrajectoryFigures(folder: string, steps: readonly TrackedStep[], lr: number): string[] {
  const figures = trajectoryFigures({ steps, lr }, { document: headlessDocument() });
  const svgs = figures.map(({ name, svg, rows }) => {
    const file = path.join(folder, `${name}.svg`);
    writeFileSync(file, svg);
    writeFileSync(path.join(folder, `${name}.csv`), toCsv(rows));
    return file;
  });
  return drawPngs(svgs).map((file) => path.basename(file).replace(/\.svg$/, ".png"));
}
