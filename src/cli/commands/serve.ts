// `brink serve [DIR]`: the observatory and the playground in a browser, on this machine only.
import { statSync } from "node:fs";
import path from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { InputError } from "../../math/index.ts";
import type { Laboratory } from "../../server/index.ts";
import { type CommonOptions, examplesFirst, type Host, integerFrom, resolvePath } from "../host.ts";
import { withInterrupt } from "../interrupt.ts";
import type { Output } from "../output.ts";
import { version } from "../version.ts";

interface Options extends CommonOptions {
  readonly port?: number;
  readonly open?: boolean;
  readonly allowRuns?: boolean;
  readonly jobs: number;
}

/** Folder of runs when none is named. */
const USUAL_DIR = "runs";

/** Registers the command. */
export function addServeCommand(program: Command, host: Host): void {
  const command = program
    .command("serve [dir]")
    .description(`show the runs in a folder (default: ${USUAL_DIR}) in the browser, live, and the playground`)
    .option("--port <n>", "port on 127.0.0.1 (default: 4747, or the next free one; 0: any)", port)
    .option("--open", "open the browser")
    .option("--allow-runs", "let the page start, pause, resume and stop runs, and write notes")
    .option("--jobs <n>", "runs started from the page that train at once", integerFrom(1), 1)
    .action(async (dir: string | undefined, _options: object, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      await host.run(options, (output) => serve(output, host, dir, options));
    });
  examplesFirst(command, [
    ["brink serve --open", "the runs in runs/; ends with Ctrl-C"],
    ["brink serve elsewhere --port 8080", "another folder, a fixed port"],
    ["brink serve --allow-runs", "experiments can be started from the page"],
  ]);
}

async function serve(output: Output, host: Host, dir: string | undefined, options: Options): Promise<number> {
  const { io } = output;
  const root = resolvePath(io, dir ?? USUAL_DIR);
  checkFolder(root, dir);
  const { pagesFolder, openInBrowser } = await import("../serve/pages.ts");
  const { listen, openLaboratory } = await import("../../server/index.ts");
  const { startRun } = await import("../serve/start-run.ts");
  const workplace = { root, cwd: io.cwd, argv: host.argv };
  const laboratory = openLaboratory({
    root,
    site: pagesFolder(),
    brink: version(),
    startedAt: new Date(),
    allowRuns:
      options.allowRuns === true
        ? { startRun: (task, hear) => startRun(workplace, task, hear), lanes: options.jobs, env: io.env }
        : null,
  });
  try {
    const server = await listen(laboratory.app, options.port);
    try {
      const address = `${server.address}${laboratory.query}`;
      output.json({
        type: "serve",
        address,
        port: server.port,
        dir: root,
        allowRuns: options.allowRuns === true,
      });
      output.text(address);
      output.note(`showing ${path.relative(io.cwd, root) || "."}, on this machine only; Ctrl-C ends`);
      if (options.open === true && !(await openInBrowser(address))) {
        output.warn(`no browser could be started; open ${address}`);
      }
      await untilInterrupted(output, laboratory);
    } finally {
      await server.close();
    }
  } finally {
    await laboratory.close();
  }
  return 0;
}

/** Waits for Ctrl-C, then for the runs started here to be saved; a second one does not wait. */
async function untilInterrupted(output: Output, laboratory: Laboratory): Promise<void> {
  const { queue } = laboratory;
  const saving = "finishing the steps of running experiments, saving; press Ctrl-C again to stop now";
  await withInterrupt(
    {
      source: process,
      now: output.io.now,
      onFirst: () => {
        if (queue?.busy === true) output.note(saving);
      },
    },
    async (signal) => {
      await new Promise<void>((resolve) => {
        // A process with nothing to wait for would end here: listening keeps it.
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      await queue?.close();
    },
  );
}

/**
 * A folder that was named must be there, and be one of runs: a wrong name should not look like an empty laboratory.
 *
 * @throws InputError
 */
function checkFolder(root: string, named: string | undefined): void {
  const found = statSync(root, { throwIfNoEntry: false });
  if (found === undefined) {
    if (named === undefined) return;
    throw new InputError("no such folder", { file: named, hint: "Name the folder that holds runs" });
  }
  if (!found.isDirectory()) {
    throw new InputError("not a folder", {
      file: named ?? USUAL_DIR,
      hint: "Name the folder that holds runs",
    });
  }
  const inside = statSync(path.join(root, "events.jsonl"), { throwIfNoEntry: false });
  if (inside !== undefined) {
    throw new InputError("this is one run", {
      file: named ?? USUAL_DIR,
      hint: `Name the folder it is in: brink serve ${path.dirname(named ?? USUAL_DIR)}`,
    });
  }
}

function port(text: string): number {
  const value = integerFrom(0)(text);
  if (value > 65_535) throw new InvalidArgumentError("Expected a port, 0 to 65535.");
  return value;
}
