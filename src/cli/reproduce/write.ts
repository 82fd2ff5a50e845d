// A reproduced figure on disk: SVG, PNG, CSV, numbers.json and table.md in a folder of its own.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { headlessDocument } from "../../figures/headless.ts";
import {
  anatomyFigure,
  batchSharpnessFigure,
  type Figure,
  type FigureOptions,
  landscapeFigure,
  pointsFigure,
  scalingFigure,
  toCsv,
  trajectoriesFigure,
} from "../../figures/index.ts";
import { RunError } from "../../math/index.ts";
import { drawPngs } from "../pngs.ts";
import { markdownTable } from "./comparison.ts";
import type { Drawing } from "./figure-spec.ts";
import type { Reproduced } from "./reproduced.ts";

/** Draws with the function its kind names. */
export function draw(drawing: Drawing, options: FigureOptions): Figure {
  switch (drawing.kind) {
    case "scaling":
      return scalingFigure(drawing.spec, options);
    case "trajectories":
      return trajectoriesFigure(drawing.spec, options);
    case "points":
      return pointsFigure(drawing.spec, options);
    case "anatomy":
      return anatomyFigure(drawing.spec, options);
    case "batchSharpness":
      return batchSharpnessFigure(drawing.spec, options);
    default:
      return landscapeFigure(drawing.spec, options);
  }
}

/** Absolute paths of what was written; `undrawn` are PNGs that could not be drawn. */
export interface Written {
  readonly files: readonly string[];
  readonly undrawn: readonly string[];
}

/** Writes everything into `folder`. Throws RunError when it cannot be written. */
export function writeFigure(reproduced: Reproduced, folder: string): Written {
  const figure = draw(reproduced.drawing, { document: headlessDocument() });
  const { name } = reproduced;
  const file = (ending: string): string => path.join(folder, `${name}.${ending}`);
  const files: readonly (readonly [string, string])[] = [
    [file("svg"), figure.svg],
    [file("csv"), toCsv(figure.rows)],
    [path.join(folder, "numbers.json"), `${JSON.stringify(reproduced.numbers, finiteOrNull, 2)}\n`],
    [path.join(folder, "table.md"), tableFile(reproduced)],
  ];
  try {
    mkdirSync(folder, { recursive: true });
    for (const [target, content] of files) writeFileSync(target, content);
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw new RunError("the figure cannot be written", {
      file: folder,
      received: error.message,
      hint: "Choose another folder with --out",
    });
  }
  const undrawn = drawPngs([file("svg")]).map((svg) => svg.replace(/\.svg$/, ".png"));
  const written = files.map(([target]) => target);
  return { files: undrawn.length === 0 ? [...written, file("png")] : written, undrawn };
}

function tableFile({ name, scale, title, rows, settings, missing, command }: Reproduced): string {
  const lines = [
    `# ${name} (${scale}): ${title}`,
    "",
    "Paper: “SGD at the Edge of Stability: The Stochastic Sharpness Gap”, arXiv 2604.21016.",
    "",
    markdownTable(rows),
    "## Settings the paper leaves open",
    "",
    ...settings.map(({ setting, value }) => `- ${setting}: ${value}`),
    "",
    ...(missing.length === 0
      ? []
      : ["## Missing", "", ...missing.map(({ run, reason }) => `- ${run}: ${reason}`), ""]),
    `Made by \`${command}\`.`,
    "",
  ];
  return lines.join("\n");
}

/** JSON has no NaN or infinities. */
function finiteOrNull(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? null : value;
}
