// A simulation on disk: the figure xy_dynamic as SVG, PNG and CSV, and all numbers as JSON.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { headlessDocument } from "../figures/headless.ts";
import { toCsv, type XyDynamicsSpec, xyDynamicsFigure } from "../figures/index.ts";
import { RunError } from "../math/index.ts";
import { drawPngs } from "./pngs.ts";

/** Absolute paths of what was written, and of PNGs that could not be drawn. */
export interface WrittenSimulation {
  readonly files: readonly string[];
  readonly undrawn: readonly string[];
}

/**
 * Writes into `folder`, creating it; files of an earlier simulation there are replaced.
 *
 * @throws RunError when the folder cannot be written
 */
export function writeSimulation(folder: string, spec: XyDynamicsSpec, numbers: object): WrittenSimulation {
  const figure = xyDynamicsFigure(spec, { document: headlessDocument() });
  const file = (ending: string): string => path.join(folder, `${figure.name}.${ending}`);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file("svg"), figure.svg);
    writeFileSync(file("csv"), toCsv(figure.rows));
    writeFileSync(file("json"), `${JSON.stringify(numbers, null, 2)}\n`);
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw new RunError("the figure cannot be written", {
      file: folder,
      received: error.message,
      hint: "Choose another folder with --out",
    });
  }
  const files = ["svg", "csv", "json"].map(file);
  return drawPngs([file("svg")]).length === 0
    ? { files: [...files, file("png")], undrawn: [] }
    : { files, undrawn: [file("png")] };
}
