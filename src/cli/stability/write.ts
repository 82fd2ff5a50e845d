// A stability report on disk: figures as SVG, PNG and CSV, all numbers, the table.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { headlessDocument } from "../../figures/headless.ts";
import { toCsv } from "../../figures/index.ts";
import type { StabilityAnalysis } from "../../lab/index.ts";
import { RunError } from "../../math/index.ts";
import { drawPngs } from "../pngs.ts";
import { stabilityFigures } from "./figures.ts";
import { plainAnalysis } from "./plain.ts";
import { legendMarkdown, notes, stabilityMarkdown } from "./text.ts";

/** What a report says about itself. */
export interface ReportHead {
  readonly title: string;
  /** Command that made it. */
  readonly command: string;
}

/** Absolute paths of what was written; `undrawn` are PNGs that could not be drawn. */
export interface WrittenReport {
  readonly files: readonly string[];
  readonly undrawn: readonly string[];
}

/** Writes everything into `folder`. @throws RunError when it cannot be written */
export function writeStability(analysis: StabilityAnalysis, folder: string, head: ReportHead): WrittenReport {
  const figures = stabilityFigures(analysis, { document: headlessDocument() });
  const file = (name: string): string => path.join(folder, name);
  const numbers = { ...head, ...plainAnalysis(analysis) };
  const contents: (readonly [string, string])[] = [
    ...figures.flatMap(({ name, svg, rows }): (readonly [string, string])[] => [
      [file(`${name}.svg`), svg],
      [file(`${name}.csv`), toCsv(rows)],
    ]),
    [file("numbers.json"), `${JSON.stringify(numbers, finiteOrNull, 2)}\n`],
    [file("table.md"), tableFile(analysis, head)],
  ];
  try {
    mkdirSync(folder, { recursive: true });
    for (const [target, content] of contents) writeFileSync(target, content);
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw new RunError("the report cannot be written", {
      file: folder,
      received: error.message,
      hint: "Choose another folder with --out",
    });
  }
  const undrawn = drawPngs(figures.map(({ name }) => file(`${name}.svg`)));
  const pngs = figures
    .map(({ name }) => file(`${name}.svg`))
    .filter((svg) => !undrawn.includes(svg))
    .map(png);
  return { files: [...contents.map(([target]) => target), ...pngs], undrawn: undrawn.map(png) };
}

function png(svg: string): string {
  return svg.replace(/\.svg$/, ".png");
}

function tableFile(analysis: StabilityAnalysis, { title, command }: ReportHead): string {
  const remarks = notes(analysis);
  return [
    `# ${title}`,
    "",
    stabilityMarkdown(analysis),
    legendMarkdown(),
    ...(remarks.length === 0 ? [] : [...remarks.map((text) => `- ${text}`), ""]),
    `Made by \`${command}\`.`,
    "",
  ].join("\n");
}

/** JSON has no NaN or infinities. */
function finiteOrNull(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? null : value;
}
