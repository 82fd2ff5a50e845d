// `brink data`: fetch standard data sets, say what is here, say where they go.
import { type Command, InvalidArgumentError } from "commander";
import { didYouMean } from "../../math/index.ts";
import { formatBytes, formatTable } from "../format.ts";
import { type CommonOptions, examplesFirst, type Host } from "../host.ts";
import { interruptedExitCode, withInterrupt } from "../interrupt.ts";
import type { DownloadProgress } from "../../node/download.ts";
import type { Output } from "../output.ts";

interface Options extends CommonOptions {
  readonly dir?: string;
}

const names = ["cifar10", "mnist", "fashion-mnist"] as const;

/** Registers the command and its subcommands. */
export function addDataCommand(program: Command, host: Host): void {
  const data = program.command("data").description("fetch and find data sets");
  examplesFirst(data, [
    ["brink data fetch cifar10", "download, verify, unpack (about 170 MB); continues where it stopped"],
    ["brink data info", "which sets are here"],
    ["brink data path", "the folder they are looked for in"],
  ]);
  const dirOption = [
    "--dir <dir>",
    "data folder (default: BRINK_DATA, else the user's cache folder)",
  ] as const;
  data
    .command("fetch <name>")
    .description(`download a data set: ${names.join(", ")}`)
    .option(...dirOption)
    .action(async (name: string, _options: object, self: Command) => {
      checkName(name);
      const options = self.optsWithGlobals<Options>();
      await host.run(options, (output) => fetchData(output, name, options));
    });
  data
    .command("info [name]")
    .description("say which data sets are here")
    .option(...dirOption)
    .action(async (name: string | undefined, _options: object, self: Command) => {
      if (name !== undefined) checkName(name);
      const options = self.optsWithGlobals<Options>();
      await host.run(options, (output) => showData(output, name, options));
    });
  data
    .command("path")
    .description("print the folder data sets are looked for in")
    .option(...dirOption)
    .action(async (_options: object, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      await host.run(options, async (output) => {
        const { dataFolder } = await import("../../node/paths.ts");
        const folder = dataFolder(options.dir, host.io);
        output.json(folder);
        output.text(folder.path);
        return 0;
      });
    });
}

function checkName(name: string): void {
  if ((names as readonly string[]).includes(name)) return;
  const hint = didYouMean(name, names);
  throw new InvalidArgumentError(
    `unknown data set '${name}'; known: ${names.join(", ")}${hint === undefined ? "" : `\n(${hint})`}`,
  );
}

async function fetchData(output: Output, name: string, options: Options): Promise<number> {
  const { io } = output;
  const { dataFolder } = await import("../../node/paths.ts");
  const { fetchDataset } = await import("../../node/download.ts");
  const folder = dataFolder(options.dir, io).path;
  output.note(`fetching ${name} into ${folder}`);
  const progress = downloadProgress(output);
  return withInterrupt(
    {
      source: process,
      now: io.now,
      onFirst: () => output.note("\nstopping; the same command continues where it stopped"),
    },
    async (signal) => {
      try {
        const fetched = await fetchDataset(name, folder, { fetch, signal, onProgress: progress.update });
        progress.clear();
        output.json(fetched);
        output.text(
          `${name}: ${fetched.cached ? "already there" : "fetched and verified"}, ${fetched.folder}`,
        );
        return 0;
      } catch (error) {
        progress.clear();
        if (signal.aborted) return interruptedExitCode;
        throw error;
      }
    },
  );
}

const redrawMs = 100;
const plainMs = 10_000;

/** Bytes received, on one line of a terminal or on a line now and then. */
function downloadProgress(output: Output): {
  readonly update: (state: DownloadProgress) => void;
  readonly clear: () => void;
} {
  const { stderr, now } = output.io;
  const terminal = stderr.isTTY === true;
  let last = -Infinity;
  let onScreen = false;
  return {
    update({ file, received, total }) {
      if (output.options.quiet || now() - last < (terminal ? redrawMs : plainMs)) return;
      last = now();
      const share =
        total === null ? "" : ` of ${formatBytes(total)} (${Math.floor((100 * received) / total)} %)`;
      const text = `${file}: ${formatBytes(received)}${share}`;
      stderr.write(terminal ? `\r\u001B[K${text}` : `${text}\n`);
      onScreen = terminal;
    },
    clear() {
      if (onScreen) stderr.write("\r\u001B[K");
      onScreen = false;
    },
  };
}

async function showData(output: Output, name: string | undefined, options: Options): Promise<number> {
  const { findData } = await import("../../node/data-files.ts");
  const { downloadNames, describeData } = await import("../data-sets.ts");
  const asked = downloadNames.filter((known) => name === undefined || known === name);
  const found = await Promise.all(asked.map((known) => findData(known, options.dir, output.io)));
  output.json({ sets: found });
  const rows = found.map((data) => [data.name, describeData(data)]);
  output.text(formatTable([{ title: "set" }, { title: "where" }], rows));
  // Asked about one set, a script wants to know from the exit code whether it is there.
  return name !== undefined && found[0]?.folder === null ? 1 : 0;
}
