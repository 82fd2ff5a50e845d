// Speed of the playground: steps with sharpness in a browser's worker, small network and FC-Tanh, and the page's main thread.
import path from "node:path";
import { findData } from "brink/node";
import { summarise, type Summary } from "./harness.ts";
import { benchmark, say } from "./parts/benchmark.ts";
import { openPlayground, type PlaygroundBench, type Stretch, type Task } from "./parts/playground-page.ts";
import { renderTable, type Row } from "./parts/report.ts";

/**
 * (step + sharpness)/s of rfangit's edge-of-stability-browser at 701 parameters, taken once on a machine of this kind that
 * did nothing else; its code is not run here. Its sharpness stops when the eigenvalue changes by less than 1 %.
 */
const PEER = 143;

const SMALL =
  "data=chebyshev&degree=6&n=20&widths=30,20&init=pytorch&gain=1&bias=yes&lr=0.2&seed=0&steps=1000000&every=1&k=1&landscape=0";
const FC_TANH = "widths=200,200&init=pytorch&gain=1&bias=yes&lr=0.02&seed=0&steps=100000&k=1&landscape=0";

await benchmark(
  {
    name: "playground",
    json: "one JSON line: (step + sharpness)/s at 701 parameters",
    options: {
      rounds: { value: "N", about: "counted rounds", otherwise: 3 },
      seconds: { value: "N", about: "length of a stretch", otherwise: 10 },
    },
  },
  async (call) => {
    const rounds = call.positive("rounds");
    const seconds = call.positive("seconds");
    call.machine();
    const images = await imageTask();
    const tasks: Readonly<Record<string, Task>> = {
      "701 parameters, tolerance 1e-4": { hash: SMALL, warmup: 20, seconds, steps: 50 },
      "701 parameters, tolerance 1e-2": { hash: `${SMALL}&tol=0.01`, warmup: 20, seconds, steps: 50 },
      [`${images.name}, sharpness every step`]: {
        ...images.task,
        hash: `${images.task.hash}&every=1`,
        warmup: 2,
        seconds,
        steps: 3,
      },
      [`${images.name}, no sharpness`]: {
        ...images.task,
        hash: `${images.task.hash}&every=100000`,
        warmup: 2,
        seconds,
        steps: 3,
      },
    };
    const bench = await openPlayground();
    let stretches: ReadonlyMap<string, readonly Stretch[]>;
    try {
      stretches = await measureAll(bench, tasks, rounds);
    } finally {
      await bench.close();
    }
    const rows = Object.keys(tasks).flatMap((name, i) => rowsOf(name, stretches.get(name)!, i < 2));
    const first = stretches.get(Object.keys(tasks)[0]!)!;
    const all = [...stretches.values()].flat();
    const mainThread = {
      longestTask: Math.max(...all.map(({ longestTask }) => longestTask)),
      longTasks: all.reduce((total, { longTasks }) => total + longTasks, 0),
    };
    call.deliver({
      record: {
        browser: bench.browser,
        peer: { name: "rfangit/edge-of-stability-browser", perSecond: PEER },
        rounds,
        seconds,
        mainThread,
        stretches: Object.fromEntries(stretches),
        rows,
      },
      json: { perSecond: rate(first).median, perProcessorSecond: processorRate(first).median, ...mainThread },
      text: `${renderTable(rows, "rfangit")}\nmain thread: ${mainThread.longTasks} tasks over 50 ms, the longest ${mainThread.longestTask} ms\n`,
    });
  },
);

/** FC-Tanh on the first 1,000 CIFAR-10 images where there are any, on built-in images of the same size elsewhere. */
async function imageTask(): Promise<{ readonly name: string; readonly task: Pick<Task, "hash" | "file"> }> {
  const { folder } = await findData("cifar10", null, { env: process.env, cwd: process.cwd() });
  return folder === null
    ? {
        name: "FC-Tanh on 1,000 built-in images",
        task: { hash: `data=synthetic-images&size=32&classes=10&n=1000&${FC_TANH}` },
      }
    : {
        name: "FC-Tanh on 1,000 CIFAR-10 images",
        task: { hash: `n=1000&${FC_TANH}`, file: path.join(folder, "data_batch_1.bin") },
      };
}

async function measureAll(
  bench: PlaygroundBench,
  tasks: Readonly<Record<string, Task>>,
  rounds: number,
): Promise<ReadonlyMap<string, readonly Stretch[]>> {
  const found = new Map<string, Stretch[]>(Object.keys(tasks).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, task] of Object.entries(tasks)) {
      found.get(name)!.push(await bench.measure(task));
      say(`round ${round + 1} of ${rounds}: ${name}`);
    }
  }
  return found;
}

function rate(stretches: readonly Stretch[]): Summary {
  return summarise(stretches.map(({ steps, seconds }) => steps / seconds));
}

/** Steps for each second the processor spent on the page: what other work on the machine changes least. */
function processorRate(stretches: readonly Stretch[]): Summary {
  return summarise(stretches.map(({ steps, processorSeconds }) => steps / processorSeconds));
}

function rowsOf(name: string, stretches: readonly Stretch[], compared: boolean): Row[] {
  const byPeer = ({ median, lower, upper, samples }: Summary): Summary => ({
    median: median / PEER,
    lower: lower / PEER,
    upper: upper / PEER,
    samples,
  });
  const against = (found: Summary): Partial<Row> =>
    compared ? { ratio: byPeer(found), of: "Brink ÷ rfangit", goal: { relation: "≥", value: 1 } } : {};
  const [wall, processor] = [rate(stretches), processorRate(stretches)];
  return [
    { name, unit: "steps/s", brink: wall, ...against(wall) },
    { name: `${name}, by processor time`, unit: "steps/s", brink: processor, ...against(processor) },
  ];
}
