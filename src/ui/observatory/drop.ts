// Runs dropped on the page or chosen from disk: read here, beside what the server tells of. Nothing is sent anywhere.
import { RUN_FILES } from "../../record/run-files.ts";
import type { RunEntry } from "../../record/serve-api.ts";
import type { Client } from "./client.ts";
import { byFolder, readDroppedRun } from "./dropped-run.ts";
import type { DroppedRun } from "./dropped-run.ts";

/** A file with its path below what was dropped. */
export interface FoundFile {
  readonly path: string;
  readonly file: File;
}

/** Answers for dropped runs itself and leaves the others to the client below. */
export class DroppingClient {
  readonly #dropped = new Map<string, DroppedRun>();
  readonly client: Client;

  constructor(below: Client) {
    this.client = {
      ...below,
      run: (id) => {
        const known = this.#dropped.get(id);
        return known === undefined ? below.run(id) : Promise.resolve(known.detail);
      },
      series: (id, only, from) => {
        const known = this.#dropped.get(id);
        if (known === undefined) return below.series(id, only, from);
        return Promise.resolve({ series: known.series, from: null, cursor: "dropped" });
      },
    };
  }

  /** Reads every run among the files; what is none, or broken, is a sentence in `problems`. */
  async read(
    files: readonly FoundFile[],
  ): Promise<{ readonly runs: RunEntry[]; readonly problems: string[] }> {
    const runs: RunEntry[] = [];
    const problems: string[] = [];
    const byPath = new Map(files.map(({ path, file }) => [path, file]));
    const { parse } = await import("yaml");
    for (const [folder, paths] of byFolder([...byPath.keys()])) {
      const name = folder.split("/").at(-1)!;
      const wanted = paths.filter((path) => (Object.values(RUN_FILES) as string[]).includes(fileName(path)));
      // A folder of checkpoints beside a run is no mistake.
      if (wanted.length === 0 && folder.includes("/")) continue;
      const texts = new Map<string, string>();
      for (const path of wanted) texts.set(fileName(path), await byPath.get(path)!.text());
      if (wanted.length === 0) for (const path of paths) texts.set(fileName(path), "");
      try {
        const run = readDroppedRun(`dropped ${name || "run"}`, texts, (text): unknown => parse(text));
        this.#dropped.set(run.detail.entry.id, run);
        runs.push(run.detail.entry);
      } catch (error) {
        problems.push(error instanceof Error ? error.message : String(error));
      }
    }
    return { runs, problems };
  }
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The files of a drop, those inside folders too. */
export async function filesOf(transfer: DataTransfer): Promise<FoundFile[]> {
  // Entries must be asked for before anything is awaited: afterwards the transfer is empty.
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const found: FoundFile[] = [];
  const visit = async (entry: FileSystemEntry): Promise<void> => {
    const path = entry.fullPath.replace(/^\//, "");
    if (entry.isFile) found.push({ path, file: await fileOf(entry as FileSystemFileEntry) });
    else for (const child of await childrenOf(entry as FileSystemDirectoryEntry)) await visit(child);
  };
  for (const entry of entries) await visit(entry);
  return found;
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** All entries of a folder; the browser hands them out in portions. */
async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (portion.length === 0) return all;
    all.push(...portion);
  }
}
