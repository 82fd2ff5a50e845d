// The observatory with many long runs: time to the table and to full charts, frames while it is used, memory.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { launchBrowser, siteFolder } from "./parts/browser.ts";
import { root } from "./parts/machine.ts";
import { benchmark, say } from "./parts/benchmark.ts";
import { recordFrames, type Frames } from "./parts/frames.ts";
import { writeMadeUpRun } from "./parts/recorded-runs.ts";
import { ACTIONS, heap, openFull, pause } from "./parts/observatory-page.ts";

await benchmark(
  {
    name: "observatory",
    json: "one JSON line",
    options: {
      runs: { value: "N", about: "made-up runs", otherwise: 200 },
      steps: { value: "N", about: "steps of each", otherwise: 20000 },
    },
  },
  async (call) => {
    const [runs, steps] = [call.positive("runs"), call.positive("steps")];
    call.machine();
    await siteFolder();
    const folder = mkdtempSync(path.join(tmpdir(), "brink-bench-"));
    try {
      say(`making up ${runs} runs of ${steps} steps`);
      for (let i = 0; i < runs; i++) {
        const batch = ([10, 20, 50, 100, "full"] as const)[i % 5]!;
        const id = `made-b${batch}-s${Math.floor(i / 5)}`;
        writeMadeUpRun(path.join(folder, "runs"), { id, batch, seed: Math.floor(i / 5), steps });
      }
      const result = await measure(folder, runs);
      call.deliver({ record: { runs, steps, ...result }, json: result, text: table(result) });
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

/** Times in seconds from opening the page, memory in MiB, frames in ms. */
interface Result {
  readonly server: {
    readonly readSeconds: number;
    /** Processor time of the server until it had read every run. */
    readonly processorSeconds: number;
    readonly memoryMiB: number;
  };
  readonly page: {
    readonly tableSeconds: number;
    readonly chartsSeconds: number;
    /** Processor time of the page's main thread until the charts were full. */
    readonly processorSeconds: number;
    readonly heapMiB: number;
    readonly points: number;
  };
  readonly frames: Readonly<Record<string, Frames>>;
}

async function measure(folder: string, runs: number): Promise<Result> {
  const server = await startServer(folder);
  const browser = await launchBrowser();
  try {
    const started = performance.now();
    say("waiting until the server has read every run");
    await readByServer(server.address, runs);
    const readSeconds = (performance.now() - started) / 1000;
    say("opening the page");
    const processorSeconds = server.processorSeconds();
    const { page, ...times } = await openFull(browser, server.address, runs);
    const frames: Record<string, Frames> = {};
    for (const [name, act] of Object.entries(ACTIONS)) {
      say(`using it: ${name}`);
      frames[name] = await recordFrames(page, act);
    }
    const heapMiB = await heap(page);
    return {
      server: { readSeconds, processorSeconds, memoryMiB: server.memoryMiB() },
      page: { ...times, heapMiB },
      frames,
    };
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** `brink serve` in a process of its own, as a user has it. */
async function startServer(folder: string): Promise<{
  readonly address: string;
  readonly memoryMiB: () => number;
  readonly processorSeconds: () => number;
  readonly stop: () => Promise<void>;
}> {
  const main = path.join(root, "dist", "cli", "main.js");
  const child = spawn(process.execPath, [main, "serve", "--port", "0", "--json"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
  });
  const line = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
    });
    child.once("exit", (code) => reject(new Error(`brink serve ended with ${code}`)));
  });
  return {
    address: (JSON.parse(line) as { address: string }).address,
    memoryMiB: () => residentMiB(child.pid!),
    processorSeconds: () => processorOf(child.pid!),
    stop: () => {
      child.kill("SIGINT");
      return ended;
    },
  };
}

/** Resident memory of a process (Linux); NaN elsewhere. */
function residentMiB(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024);
  } catch {
    return Number.NaN;
  }
}

/** Processor seconds of a process (Linux, where a clock tick is 10 ms); NaN elsewhere. */
function processorOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return Number.NaN;
  }
}

async function readByServer(address: string, runs: number): Promise<void> {
  for (;;) {
    const list = (await (await fetch(`${address}api/runs.json`)).json()) as {
      readonly runs: readonly { readonly series: object | null }[];
    };
    if (list.runs.length === runs && list.runs.every(({ series }) => series !== null)) return;
    await pause(200);
  }
}

function table({ server, page, frames }: Result): string {
  return [
    `server: ${server.readSeconds.toFixed(1)} s to read every run (processor: ${server.processorSeconds.toFixed(1)} s), ` +
      `${server.memoryMiB} MiB`,
    `page:   ${page.tableSeconds.toFixed(1)} s to the table, ${page.chartsSeconds.toFixed(1)} s to full charts of ` +
      `${page.points} points (main thread: ${page.processorSeconds.toFixed(1)} s), ${page.heapMiB} MiB`,
    ...Object.entries(frames).map(
      ([name, { frames: count, median, p95, longest, blocked, processor }]) =>
        `${name.padEnd(7)} ${count} frames, median ${median} ms, 95 % within ${p95} ms, longest ${longest} ms; ` +
        `blocked over 50 ms: ${blocked} ms; processor ${processor} ms`,
    ),
    "",
  ].join("\n");
}
