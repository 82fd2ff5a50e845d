// A report on disk: index.html with everything inside, and each figure as SVG, PNG and CSV beside it.
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { buildReport } from "../figures/index.ts";
import { headlessDocument } from "../figures/headless.ts";
import { RunError } from "../math/index.ts";
import { svgToPng } from "../node/png.ts";
import type { RunRecord } from "../record/index.ts";

/** A run to report on, and the folder it is kept in. */
export interface ReportedRun {
  readonly record: RunRecord;
  readonly folder: string;
}

/** What was written; paths are absolute. */
export interface WrittenReport {
  readonly page: string;
  readonly files: readonly string[];
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
  const provenance = runs.flatMap(({ record }) =>
    record.provenance ? [[record.id, record.provenance] as const] : [],
  );
  const report = buildReport(
    runs.map(({ record }) => record),
    {
      document: headlessDocument(),
      ...options,
      provenance: Object.fromEntries(provenance),
      runHref: (id) => relativeHref(folder, folders.get(id) ?? id),
      fileHref: (name, kind) => `${name}.${kind}`,
    },
  );
  const files: string[] = [];
  const write = (name: string, content: string | Uint8Array): string => {
    const file = path.join(folder, name);
    // Written beside and renamed, so that a browser reloading the page never sees half of it.
    writeFileSync(`${file}.part`, content);
    renameSync(`${file}.part`, file);
    files.push(file);
    return file;
  };
  try {
    mkdirSync(folder, { recursive: true });
    for (const { name, svg, csv } of report.figures) {
      write(`${name}.svg`, svg);
      write(`${name}.png`, svgToPng(svg));
      write(`${name}.csv`, csv);
    }
    return { page: write("index.html", report.html), files };
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
  const relative = path.posix.relative(base, pathToFileURL(target).pathname);
  return `${relative}/`;
}
