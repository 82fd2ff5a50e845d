// Peak memory of a full-batch gradient and a Hessian product as n grows, each in a fresh process.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { zeros } from "brink/math";
import { randomImages } from "./parts/inputs.ts";
import { benchmark, THREADS } from "./parts/benchmark.ts";
import { digits } from "./parts/report.ts";
import { createSubject } from "./parts/subject.ts";

const SIZES = [1000, 2500, 5000];
const NETS = ["cnn-tanh", "fc-tanh"];
/** What an n = 5,000 run may use: 2.5 GiB. */
const CEILING_MIB = 2560;

/** One process's peak resident set size, in MiB. */
interface Peak {
  readonly n: number;
  /** Examples per program that the budget allowed. */
  readonly chunk: number;
  readonly keepsLinearisation: boolean;
  /** The examples themselves: the one part that must grow with n. */
  readonly examples: number;
  /** Peak before the first program was compiled: Node, the runtime's library and the examples. */
  readonly before: number;
  /** Peak after a gradient. */
  readonly gradient: number;
  /** Peak after a gradient, a linearisation and two Hessian products. */
  readonly peak: number;
}

await benchmark(
  {
    name: "memory",
    json: "one JSON line",
    options: {
      net: { value: "NAME", about: NETS.join(" or "), otherwise: "cnn-tanh" },
      budget: { value: "MIB", about: "the objective's memory budget", otherwise: 512 },
      threads: THREADS,
      child: { value: "N" },
    },
  },
  async (call) => {
    const net = call.words("net", NETS).has("fc-tanh") ? "fc-tanh" : "cnn-tanh";
    const budget = call.positive("budget");
    const threads = call.threads();
    if (call.given("child")) {
      process.stdout.write(JSON.stringify(await peakOf(net, call.positive("child"), budget, threads)));
      return;
    }
    call.machine();
    const peaks = SIZES.map((n) => inFreshProcess(net, n, budget, threads));
    const result = { net, budgetMiB: budget, threads, peaks };
    call.deliver({ record: result, json: result, text: table(net, budget, peaks) });
  },
);

async function peakOf(
  net: "cnn-tanh" | "fc-tanh",
  n: number,
  budget: number,
  threads: number,
): Promise<Peak> {
  const images = randomImages(n);
  const examples = (images.train.x.byteLength + images.train.y.byteLength) / 2 ** 20;
  const { objective, theta } = createSubject(net, images, threads, budget * 2 ** 20);
  const before = peakMiB();
  const out = zeros(objective.dtype, objective.size);
  await objective.lossAndGradient(theta, out);
  const gradient = peakMiB();
  const hessian = await objective.hessian(theta);
  for (let k = 0; k < 2; k++) await hessian.apply(theta, out);
  const peak = peakMiB();
  const { chunk, keepsLinearisation } = objective;
  await objective.dispose();
  return { n, chunk, keepsLinearisation, examples, before, gradient, peak };
}

/** Largest resident set so far (getrusage gives KiB). */
function peakMiB(): number {
  return process.resourceUsage().maxRSS / 1024;
}

/** Peaks never fall, so every size needs a process of its own. */
function inFreshProcess(net: string, n: number, budget: number, threads: number): Peak {
  const script = fileURLToPath(import.meta.url);
  const flags = ["--child", n, "--net", net, "--budget", budget, "--threads", threads].map(String);
  const text = execFileSync(process.execPath, [script, ...flags], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return JSON.parse(text) as Peak;
}

function table(net: string, budget: number, peaks: readonly Peak[]): string {
  const header = ["n", "chunk", "linearisation", "examples", "before", "gradient", "peak", "peak − examples"];
  const lines = peaks.map((one) => [
    String(one.n),
    String(one.chunk),
    one.keepsLinearisation ? "kept" : "recomputed",
    ...[one.examples, one.before, one.gradient, one.peak, one.peak - one.examples].map(digits),
  ]);
  const widths = header.map((title, k) => Math.max(title.length, ...lines.map((line) => line[k]!.length)));
  const text = [header, ...lines].map((line) => line.map((cell, k) => cell.padStart(widths[k]!)).join("  "));
  const last = peaks.at(-1)!;
  const verdict = `n = ${last.n}: ${digits(last.peak)} MiB, goal ≤ ${CEILING_MIB} MiB (${last.peak <= CEILING_MIB ? "met" : "not met"})`;
  return `${net}, float32, memory budget ${budget} MiB; MiB of resident memory at its peak\n\n${text.join("\n")}\n\n${verdict}\n`;
}
