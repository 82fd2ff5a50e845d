// Which data sets this machine has, for `doctor` and `data info`.
import { findData, type FoundData } from "../node/data-files.ts";
import { DOWNLOAD_SOURCES, type DownloadName } from "../node/download-sources.ts";
import type { Check } from "./machine.ts";
import type { Io } from "./output.ts";

/** Sets that exist as files and can be fetched. */
export const downloadNames: readonly DownloadName[] = Object.keys(DOWNLOAD_SOURCES) as DownloadName[];

/** One check a set. None is required: the built-in sets need no files. */
export async function checkDataSets(io: Io): Promise<Check[]> {
  const found = await Promise.all(downloadNames.map((name) => findData(name, null, io)));
  return found.map((data) => {
    const check = { name: `data ${data.name}`, required: false, detail: describeData(data) };
    return data.folder === null
      ? Object.assign(check, { ok: false, hint: `brink data fetch ${data.name}` })
      : Object.assign(check, { ok: true });
  });
}

/** Where a set is and what it lacks, in a sentence. */
export function describeData(data: FoundData): string {
  if (data.folder === null) return "not found";
  return data.missing.length === 0
    ? `complete, in ${data.folder}`
    : `${data.files.length} of ${data.files.length + data.missing.length} files, in ${data.folder} (no ${data.missing.join(", ")})`;
}
