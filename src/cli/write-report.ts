// A report on disk: index.html with everything inside, and each figure as SVG, PNG and CSV beside it.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { headlessDocument } from "../figures/headless.ts";
import { buildReport } from "../figures/index.ts";
import { RunError } from "../math/index.ts";
import type { RunRecord } from "../record/index.ts";
import { drawPngs } from "./pngs.ts";
import { stabilityFindings } from "./stability/findings.ts";

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
 * Writes the report of `runs` into `folder`, creating it. Files of an earlier report there are replaced, and those it
 * had and this one has not are removed; other files are left alone.
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
      findings: stabilityFindings,
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
    const names = [page, ...svg, ...png, ...csv].map((file) => path.basename(file));
    const old = writtenBefore(folder).filter((name) => !names.includes(name));
    for (const name of old) rmSync(path.join(folder, name), { force: true });
    write(MANIFEST, `${JSON.stringify({ version: 1, files: names }, null, 2)}\n`);
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

/** Lists what a report wrote, so that the next one in the folder knows what is its own. */
const MANIFEST = ".brink-report.json";

/** Files an earlier report in the folder lists as its own; none when its list is missing or not a list. */
function writtenBefore(folder: string): readonly string[] {
  const file = path.join(folder, MANIFEST);
  if (!existsSync(file)) return [];
  let listed: unknown;
  try {
    listed = (JSON.parse(readFileSync(file, "utf8")) as { files?: unknown } | null)?.files;
  } catch {
    return [];
  }
  const names = Array.isArray(listed) ? (listed as unknown[]) : [];
  // Only what a report writes: a list that was tampered with must not remove anything else.
  return names.filter(
    (name) => typeof name === "string" && /^[a-z0-9-]+\.(?:svg|png|csv)$/.test(name),
  ) as string[];
}

/** Address of `target` from a page in `folder`. */
function relativeHref(folder: string, target: string): string {
  const base = pathToFileURL(`${folder}/`).pathname;
  return `${path.posix.relative(base, pathToFileURL(target).pathname)}/`;
}
