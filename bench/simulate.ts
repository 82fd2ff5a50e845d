// Speed of `brink simulate`: ensembles of the scalar system at ten noise levels, and the same in NumPy beside it.
import { execFileSync } from "node:child_process";
import path from "node:path";
import { PAPER_SYSTEM, simulateEnsemble } from "brink/theory";
import { interleave, over, ratio, summarise, type Side } from "./harness.ts";
import { root } from "./parts/machine.ts";
import { benchmark, say } from "./parts/benchmark.ts";
import { renderTable, type Row } from "./parts/report.ts";

const LEVELS = [0.1, 0.5, 1, 2.5, 5, 10, 20, 40, 100, 400];
/** What the whole may take, in seconds. */
const GOAL = 60;
const PAUSE = 60;

/** What numpy_simulate.py prints. */
interface PeerResult {
  readonly seconds: number;
  /** Processor seconds: what other work on the machine inflates least. */
  readonly cpu: number;
  readonly y: readonly number[];
  readonly python: string;
  readonly numpy: string;
}

interface Size {
  readonly runs: number;
  readonly steps: number;
  readonly burnIn: number;
}

await benchmark(
  {
    name: "simulate",
    json: "one JSON line: seconds, nanoseconds a step",
    options: {
      skip: { value: "peer", about: "Brink alone" },
      runs: { value: "N", about: `runs of each of the ${LEVELS.length} noise levels`, otherwise: 100 },
      steps: { value: "N", about: "steps of a run", otherwise: 120000 },
      rounds: { value: "N", about: "counted rounds", otherwise: 3 },
    },
  },
  async (call) => {
    const steps = call.positive("steps");
    const size = { runs: call.positive("runs"), steps, burnIn: Math.floor(steps / 3) };
    const count = call.positive("rounds");
    call.machine();
    const peer = call.words("skip", ["peer"]).has("peer") ? undefined : startPeer(size);
    const cpu: Record<string, number[]> = { brink: [], peer: [] };
    const side = (name: string, run: () => { readonly seconds: number; readonly cpu: number }): Side => ({
      name,
      sample: async () => {
        const taken = run();
        cpu[name]!.push(taken.cpu);
        return [taken.seconds];
      },
    });
    const sides = [side("brink", () => simulateAll(size))];
    if (peer !== undefined) sides.push(side("peer", () => runPeer(size)));
    const rounds = await interleave(sides, { rounds: count, warmup: 0, pause: PAUSE }, (done, total) =>
      say(`round ${done} of ${total}`),
    );
    const brink = over(rounds, "brink")!;
    const processor = summarise(cpu["brink"]!);
    const perStep = (1e9 * processor.median) / (LEVELS.length * size.runs * size.steps);
    const rows: Row[] = [
      {
        name: `${LEVELS.length} levels × ${size.runs} runs × ${size.steps} steps`,
        unit: "s",
        brink,
        peer: over(rounds, "peer"),
        ratio: ratio(rounds, "brink", "peer"),
        of: "Brink ÷ NumPy",
      },
      {
        name: "processor time of it",
        unit: "s",
        brink: processor,
        ...(peer === undefined
          ? {}
          : {
              peer: summarise(cpu["peer"]!),
              ratio: summarise(cpu["brink"]!.map((ours, k) => ours / cpu["peer"]![k]!)),
              of: "Brink ÷ NumPy",
            }),
      },
      {
        name: "against the wish",
        unit: "s",
        brink,
        ratio: brink,
        of: "seconds",
        goal: { relation: "≤", value: GOAL },
      },
    ];
    const result = {
      levels: LEVELS,
      rounds: count,
      ...size,
      seconds: brink,
      processorSeconds: processor,
      nanosecondsPerStep: perStep,
    };
    call.deliver({
      record: {
        peer: peer === undefined ? null : { python: peer.python, numpy: peer.numpy },
        ...result,
        rows,
      },
      json: { seconds: brink.median, nanosecondsPerStep: perStep },
      text: `${renderTable(rows, "NumPy")}\n${perStep.toFixed(1)} ns of the processor a step\n`,
    });
  },
);

/** All levels one after the other, as the command does it, on one thread. */
function simulateAll({ runs, steps, burnIn }: Size): Pick<PeerResult, "seconds" | "cpu" | "y"> {
  const begin = performance.now();
  const used = process.cpuUsage();
  const y = LEVELS.map((noiseU) => {
    const system = { ...PAPER_SYSTEM, noiseU };
    const { stationary } = simulateEnsemble({ system, runs, steps, burnIn, seed: 0, x0: 1, y0: 0 });
    return stationary!.moments.y.value;
  });
  const { user, system } = process.cpuUsage(used);
  return { seconds: (performance.now() - begin) / 1000, cpu: (user + system) / 1e6, y };
}

/** The peer after a short run in which both sides found the same means; undefined where it cannot start. */
function startPeer({ runs, steps }: Size): PeerResult | undefined {
  const short = { runs, steps: Math.min(steps, 12_000), burnIn: Math.floor(Math.min(steps, 12_000) / 3) };
  let peer: PeerResult;
  try {
    peer = runPeer(short);
  } catch (error) {
    say(`no peer: ${(error instanceof Error ? error.message : String(error)).split("\n")[0]!}`);
    return undefined;
  }
  const ours = simulateAll(short).y;
  for (const [i, noise] of LEVELS.entries()) {
    // Standard deviation √α = 0.5 in both, and at the least a correlation time of a few thousand steps.
    const tolerance = 6 * 0.5 * Math.sqrt((2 * 5000) / (runs * (short.steps - short.burnIn)));
    if (Math.abs(ours[i]! - peer.y[i]!) > tolerance) {
      throw new Error(`means of y differ at σ_u² = ${noise}: ${ours[i]!} here, ${peer.y[i]!} in the peer`);
    }
  }
  return peer;
}

function runPeer({ runs, steps, burnIn }: Size): PeerResult {
  const script = path.join(root, "bench", "peers", "numpy_simulate.py");
  const numbers = { levels: JSON.stringify(LEVELS), runs, steps, "burn-in": burnIn };
  const args = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const text = execFileSync(process.env["PYTHON"] ?? "python3", [script, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  return JSON.parse(text) as PeerResult;
}
