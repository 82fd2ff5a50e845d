// What `brink orbits --out` leaves on disk: all numbers, and a branch diagram for every orbit that was followed.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { headlessDocument } from "../../figures/headless.ts";
import { type Figure, orbitBranchFigure, toCsv } from "../../figures/index.ts";
import { RunError } from "../../math/index.ts";
import type { OrbitRecord, OrbitsRecord } from "./record.ts";
import { drawPngs } from "../pngs.ts";
import { branchEnd } from "./text.ts";

/** Absolute paths of what was written, and of PNGs that could not be drawn. */
export interface WrittenFigures {
  readonly files: readonly string[];
  readonly undrawn: readonly string[];
}

/** Throws RunError when the folder cannot be written. */
export function writeOrbits(folder: string, record: OrbitsRecord): WrittenFigures {
  const figures = record.orbits.flatMap((orbit, k) => {
    const figure = branchFigure(record, orbit, k);
    return figure === null ? [] : [figure];
  });
  return writeFigures(folder, figures, "orbits.json", record);
}

/** Figures as SVG, PNG and CSV, and the numbers behind them as JSON, in a folder that is created. */
export function writeFigures(
  folder: string,
  figures: readonly Figure[],
  numbersFile: string,
  numbers: object,
): WrittenFigures {
  const inFolder = (name: string): string => path.join(folder, name);
  try {
    mkdirSync(folder, { recursive: true });
    for (const figure of figures) {
      writeFileSync(inFolder(`${figure.name}.svg`), figure.svg);
      writeFileSync(inFolder(`${figure.name}.csv`), toCsv(figure.rows));
    }
    writeFileSync(inFolder(numbersFile), `${JSON.stringify(numbers, null, 2)}\n`);
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw new RunError("the results cannot be written", {
      file: folder,
      received: error.message,
      hint: "Choose another folder with --out",
    });
  }
  const svgs = figures.map(({ name }) => inFolder(`${name}.svg`));
  const undrawn = drawPngs(svgs).map((file) => file.replace(/\.svg$/, ".png"));
  const pngs = svgs.map((file) => file.replace(/\.svg$/, ".png")).filter((file) => !undrawn.includes(file));
  const csvs = figures.map(({ name }) => inFolder(`${name}.csv`));
  return { files: [...svgs, ...pngs, ...csvs, inFolder(numbersFile)], undrawn };
}

function branchFigure(
  record: OrbitsRecord,
  { branch, direction }: OrbitRecord,
  index: number,
): Figure | null {
  if (branch === undefined) return null;
  const origin = direction === null ? undefined : record.directions[direction];
  return orbitBranchFigure(
    {
      name: `branch-${index + 1}`,
      points: branch.points.map(({ lr, amplitude, stability }) => ({
        lr,
        amplitude,
        along: stability?.along ?? null,
        outermost:
          stability === null ? null : Math.hypot(stability.multipliers[0]!.re, stability.multipliers[0]!.im),
      })),
      prediction: origin === undefined || origin.kind === "degenerate" ? null : origin,
      end: branchEnd(branch),
    },
    { document: headlessDocument() },
  );
}
