// A report on disk: index.html with everything inside, and each figure as SVG, PNG and CSV beside it.
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { headlessDocument } from "../figures/headless.ts";
import { buildReport } from "../figures/index.ts";
import { RunError } from "../math/index.ts";
import type { RunRecord } from "../record/index.ts";
import { drawPngs } from "./pngs.ts";

/** A run to report on, and the folder it is kept in. */
export interface ReportedRun {
  readonly record: RunRecord;
  readonly folder: string;
}

/** What was written; paths are absolute. */
export interface WrittenReport {
  readonly page: string;
  readonly files: readonly string[];
  /** PNGs that could not be drawn. */
  readonly undrawn: readonly string[];
}

/**
 * Writes the report of `runs` into `folder`, creating it; files of an earlier report there are replaced.
 *
 * @param generatedAt date and time shown on the page
 * @throws RunError when the folder cannot be written
 */
export function writeReport(
  runs: readonly ReportedRun[],
  folder: string,
  options: { readonly title: string; readonly generatedAt: string },
): WrittenReport {
  const folders = new Map(runs.map(({ record, folder: runFolder }) => [record.id, runFolder]));
  const report = buildReport(
    runs.map(({ record }) => record),
    {
      document: headlessDocument(),
      ...options,
      runHref: (id) => relativeHref(folder, folders.get(id) ?? id),
      fileHref: (name, kind) => `${name}.${kind}`,
    },
  );
  const write = (name: string, content: string): string => {
    const file = path.join(folder, name);
    // Written beside and renamed, so that a browser reloading the page never sees half of it.
    writeFileSync(`${file}.part`, content);
    renameSync(`${file}.part`, file);
    return file;
  };
  try {
    mkdirSync(folder, { recursive: true });
    const page = write("index.html", report.html);
    const csv = report.figures.map((figure) => write(`${figure.name}.csv`, figure.csv));
    const svg = report.figures.map((figure) => write(`${figure.name}.svg`, figure.svg));
    const png = svg.map((file) => file.replace(/\.svg$/, ".png"));
    const undrawn = drawPngs(svg).map((file) => file.replace(/\.svg$/, ".png"));
    return { page, files: [page, ...svg, ...png.filter((file) => !undrawn.includes(file)), ...csv], undrawn };
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw new RunError("the report cannot be written", {
      file: folder,
      received: error.message,
      hint: "Choose another folder with --out",
    });
  }
}

/** Address of `target` from a page in `folder`. */
function relativeHref(folder: string, target: string): string {
  const base = pathToFileURL(`${folder}/`).pathname;
  return `${path.posix.relative(base, pathToFileURL(target).pathname)}/`;
}
