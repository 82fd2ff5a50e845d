// `brink simulate`: the scalar system of the sharpness gap at several noise levels, beside the formulas for it.
import path from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { XyColumn } from "../../figures/index.ts";
import type { Ensemble, ScalarSystem } from "../../theory/index.ts";
import {
  type CommonOptions,
  examplesFirst,
  type Host,
  integerFrom,
  positiveNumber,
  resolvePath,
} from "../host.ts";
import type { Output } from "../output.ts";
import { Progress } from "../progress.ts";
import { type SimulatedLevel, simulationTable } from "./simulate-table.ts";

interface Options extends CommonOptions {
  readonly eta: number;
  readonly beta: number;
  readonly delta2: number;
  readonly kappa: number;
  readonly noise: readonly number[];
  readonly noiseY: number;
  readonly runs: number;
  readonly steps: number;
  readonly burnIn?: number;
  readonly seed: number;
  readonly x0: number;
  readonly y0: number;
  readonly transient?: number;
  readonly out?: string;
}

/** What was simulated, as `--json` and the written numbers have it; ε = η√α. */
interface Settings extends Omit<ScalarSystem, "noiseU"> {
  readonly alpha: number;
  readonly epsilon: number;
  readonly runs: number;
  readonly steps: number;
  readonly burnIn: number;
  readonly seed: number;
  readonly x0: number;
  readonly y0: number;
}

/** Registers the command. */
export function addSimulateCommand(program: Command, host: Host): void {
  const command = program
    .command("simulate")
    .description(
      "simulate the oscillation x and the sharpness y above 2/η under gradient noise; compare with theory",
    )
    .option("--eta <x>", "learning rate η", positiveNumber, 0.01)
    .option("--beta <x>", "β: how strongly the oscillation lowers the sharpness", positiveNumber, 1)
    .option("--delta2 <x>", "δ² = 2α/β: mean of x² that holds the sharpness", positiveNumber, 0.5)
    .option("--kappa <x>", "κ: third derivative along u", anyNumber, 0)
    .option("--noise <σ²,…>", "variances σ_u² of the gradient noise along u", variances, DEFAULT_NOISE)
    .option("--noise-y <σ²>", "variance σ_y² of the noise on y", variance, 0)
    .option("--runs <n>", "runs of each noise level", integerFrom(1), 100)
    .option("--steps <n>", "steps of a run", integerFrom(1), 120_000)
    .option("--burn-in <n>", "first steps left out of the averages (default: a third)", integerFrom(0))
    .option("--seed <n>", "seed of the noise", integerFrom(0), 0)
    .option("--x0 <x>", "oscillation at the start", anyNumber, 1)
    .option("--y0 <y>", "sharpness above 2/η at the start", anyNumber, 0)
    .option(
      "--out <dir>",
      "write the figure xy_dynamic (SVG, PNG), its data (CSV) and all numbers (JSON) there",
    )
    .option(
      "--transient <n>",
      "first steps averaged over runs in the figure (default: 5000, or all)",
      integerFrom(1),
    )
    .action(async (_options: object, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      await host.run(options, (output) => simulate(output, options));
    });
  examplesFirst(command, [
    ["brink simulate", "the settings of arXiv 2604.21016, σ_u² from 0 to 40"],
    ["brink simulate --noise 0.1,1,10,100 --runs 20 --json", "chosen levels, for a program"],
    ["brink simulate --noise 10 --noise-y 5", "noise on the sharpness too: the second gap term"],
    ["brink simulate --eta 0.4 --steps 5000", "too large a step: blow-ups, how many and when"],
    ["brink simulate --out xy", "the figure over time, and all numbers, in a folder"],
  ]);
}

const DEFAULT_NOISE: readonly number[] = [0, 1, 5, 10, 20, 40];
/** About five cycles of the paper's system: enough to see them die out. */
const FIGURE_STEPS = 5000;

async function simulate(output: Output, options: Options): Promise<number> {
  const theory = await import("../../theory/index.ts");
  const { eta: lr, beta, delta2, kappa, noiseY, runs, steps, seed, x0, y0 } = options;
  const burnIn = options.burnIn ?? Math.floor(steps / 3);
  const common = { lr, beta, delta2, kappa, noiseY };
  const scales = { ...common, noiseU: 0 };
  const settings: Settings = {
    ...common,
    alpha: theory.alphaOf(scales),
    epsilon: theory.epsilonOf(scales),
    runs,
    steps,
    burnIn,
    seed,
    x0,
    y0,
  };
  output.note(describe(settings));
  const progress = new Progress(output.io.stderr, {
    now: output.io.now,
    label: "simulating",
    quiet: output.options.quiet,
  });
  const total = options.noise.length * runs * steps;
  const drawn = options.out === undefined ? 0 : (options.transient ?? Math.min(FIGURE_STEPS, steps));
  const columns: XyColumn[] = [];
  const levels = options.noise.map((noiseU, i): SimulatedLevel => {
    const system = { ...common, noiseU };
    // Without noise all runs are the same.
    const distinct = noiseU === 0 && noiseY === 0 ? 1 : runs;
    const ensemble = theory.simulateEnsemble({
      ...settings,
      system,
      runs: distinct,
      transient: drawn,
      onRun: (done) => progress.update({ step: (i * runs + done) * steps, steps: total }),
    });
    const level = levelOf(theory, settings, noiseU, ensemble);
    columns.push(columnOf(level, ensemble, distinct));
    return level;
  });
  progress.done();
  output.json({ settings, levels });
  output.text(simulationTable(levels));
  for (const line of remarks(levels)) output.note(line);
  for (const line of warnings(levels, settings)) output.warn(line);
  if (options.out !== undefined) {
    const { writeSimulation } = await import("../write-simulation.ts");
    const figure = { columns, notes: [describe(settings).replaceAll("\n", "; ")] };
    const { files, undrawn } = writeSimulation(resolvePath(output.io, options.out), figure, {
      settings,
      levels,
    });
    for (const file of undrawn) output.warn(`${file} could not be drawn`);
    output.note(`written: ${files.map((file) => path.relative(output.io.cwd, file)).join(", ")}`);
  }
  return levels.some(({ blowUps }) => blowUps.share === 1) ? 3 : 0;
}

function levelOf(
  theory: typeof import("../../theory/index.ts"),
  settings: Settings,
  noiseU: number,
  { stationary, reason, blowUps }: Ensemble,
): SimulatedLevel {
  const { lr, beta, delta2, kappa, noiseY, x0, y0 } = settings;
  const system = { lr, beta, delta2, kappa, noiseU, noiseY };
  const relaxation = theory.relaxationSteps(system);
  return {
    noiseU,
    stationary,
    reason,
    blowUps,
    predictions: theory.scalarPredictions(system),
    ...(stationary === null
      ? {}
      : { identities: theory.stationaryIdentities(system, theory.momentValues(stationary)) }),
    relaxationSteps: Number.isFinite(relaxation) ? relaxation : null,
    ...(noiseU === 0 && noiseY === 0 && kappa === 0 ? { cycle: theory.cycleThrough(system, x0, y0) } : {}),
    doubts: theory.systemDoubts(system),
  };
}

/** The level as a column of the figure. */
function columnOf(
  { noiseU, predictions }: SimulatedLevel,
  { transient, blowUps }: Ensemble,
  runs: number,
): XyColumn {
  return {
    noise: noiseU,
    runs: runs - blowUps.count,
    x2: { values: transient.x2, stderr: transient.x2Stderr, predicted: predictions.x2 },
    y: { values: transient.y, stderr: transient.yStderr, predicted: predictions.y.refined.value },
  };
}

function describe({ lr, beta, delta2, kappa, noiseY, epsilon, runs, steps, burnIn, seed }: Settings): string {
  const count = (value: number): string => value.toLocaleString("en-US");
  return (
    `η = ${lr}, β = ${beta}, δ² = ${delta2}, κ = ${kappa}, σ_y² = ${noiseY}; ε = η√α = ${Number(epsilon.toPrecision(4))}\n` +
    `${count(runs)} runs of ${count(steps)} steps, the first ${count(burnIn)} left out of the averages; seed ${seed}`
  );
}

/** What a dash in the table stands for. */
function remarks(levels: readonly SimulatedLevel[]): string[] {
  return levels.flatMap(({ noiseU, reason, cycle }) => {
    const lines = reason === null ? [] : [`σ_u² = ${noiseU}: ${reason}`];
    if (cycle !== undefined) {
      const three = (value: number): string => String(Number(value.toPrecision(3)));
      lines.push(
        `σ_u² = ${noiseU}: small steps would cycle with energy ${three(cycle.energy)}, a period of ${Math.round(cycle.periodSteps)} steps, |x| from ${three(cycle.leastX)} to ${three(cycle.largestX)} and |y| up to ${three(cycle.largestY)}`,
      );
    }
    return lines;
  });
}

/** Each sentence once, with the levels it is about. */
function warnings(levels: readonly SimulatedLevel[], { burnIn }: Settings): string[] {
  const lines = new Set(levels.flatMap(({ doubts }) => doubts));
  const survivors = levels.filter(({ blowUps, stationary }) => blowUps.count > 0 && stationary !== null);
  if (survivors.length > 0) {
    lines.add(
      `at σ_u² = ${list(survivors)} some runs blew up: the averages there are of the runs that happened not to`,
    );
  }
  // The averages have forgotten their start to e⁻¹⁰ only after ten relaxation times.
  const early = levels.filter(
    ({ relaxationSteps, stationary }) =>
      stationary !== null && relaxationSteps !== null && burnIn < 10 * relaxationSteps,
  );
  if (early.length > 0) {
    const slowest = Math.max(...early.map(({ relaxationSteps }) => relaxationSteps!));
    lines.add(
      `at σ_u² = ${list(early)} the burn-in of ${burnIn} steps is shorter than ten relaxation times (${Math.ceil(10 * slowest)} steps at the slowest): the averages may remember the start`,
    );
  }
  return [...lines];
}

function list(levels: readonly SimulatedLevel[]): string {
  return levels.map(({ noiseU }) => noiseU).join(", ");
}

function anyNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("Expected a number.");
  return value;
}

function variance(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError(`Expected a variance, a number of at least 0, not "${text.trim()}".`);
  }
  return value;
}

function variances(text: string): readonly number[] {
  return text.split(",").map(variance);
}
