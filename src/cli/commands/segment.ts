// `brink segment`: the curvature along one step of a run, its two Hessian averages, and where the Hessian attains them.
import type { Command } from "commander";
import type { Vector } from "../../math/index.ts";
import type { Segment } from "../../theory/index.ts";
import { hasKinks } from "../orbits/source.ts";
import { formatNumber, formatTable } from "../format.ts";
import {
  type CommonOptions,
  examplesFirst,
  type Host,
  integerFrom,
  resolvePath,
  withRunsDir,
} from "../host.ts";
import type { Output } from "../output.ts";
import { Progress } from "../progress.ts";

interface Options extends CommonOptions {
  readonly runsDir: string;
  readonly step: number;
  readonly nodes: number;
  readonly sharpness?: boolean;
  readonly precision: "float64" | "run";
  readonly out?: string;
}

/** What `--json` prints; names as in `Segment`, of the full training loss. */
export interface SegmentRecord extends Segment {
  readonly run: string;
  /** The segment is that from θ_step to θ_{step+1}. */
  readonly step: number;
  /** Checkpoint the step was replayed from. */
  readonly fromStep: number;
  readonly optimizer: "gd" | "sgd";
  readonly lr: number;
  readonly threshold: number;
  /** Loss change minus ⟨∇L, d⟩ + ½‖d‖²r̃ with r̃ by quadrature: 0 to rounding and quadrature error. */
  readonly lossResidual: number;
  /** Largest eigenvalue of the Hessian where it attains r̄ and r̃ along d; at least as large as they are. */
  readonly sharpness?: { readonly atRBar: number | null; readonly atRTilde: number | null };
}

/** Registers the command. */
export function addSegmentCommand(program: Command, host: Host): void {
  const command = withRunsDir(
    program
      .command("segment <run>")
      .description(
        "look along one step of a run: curvature, its averages r̄ and r̃, where the Hessian attains them",
      )
      .requiredOption("--step <k>", "the step from θ_k to θ_{k+1}", integerFrom(0))
      .option("--nodes <n>", "quadrature nodes", integerFrom(2), 20)
      .option("--sharpness", "also solve for the largest eigenvalue where the averages are attained")
      .option("--precision <p>", "precision of the curvature: float64, or that of the run", "float64")
      .option("--out <dir>", "write the figure (SVG, PNG, CSV) and all numbers (JSON) there"),
  ).action(async (ref: string, _options: object, self: Command) => {
    const options = self.optsWithGlobals<Options>();
    await host.run(options, (output) => lookAlong(output, ref, options));
  });
  examplesFirst(command, [
    ["brink segment RUN --step 4000", "replays the step from the checkpoint before it"],
    ["brink segment RUN --step 4000 --sharpness --json", "one object, λ_max at the interior points too"],
    ["brink segment RUN --step 4000 --out segment", "the figure, its data and all numbers"],
  ]);
}

async function lookAlong(output: Output, ref: string, options: Options): Promise<number> {
  const { io } = output;
  const { InputError } = await import("../../math/index.ts");
  if (options.precision !== "float64" && options.precision !== "run") {
    throw new InputError("unknown precision", {
      field: "--precision",
      received: String(options.precision),
      allowed: ["float64", "run"],
    });
  }
  const { runPoint } = await import("../run-point.ts");
  const { readProvenance, readRunConfig } = await import("../../node/read-run.ts");
  const { assemble, loadData } = await import("../assemble.ts");
  const { segment } = await import("../../theory/index.ts");
  const point = runPoint(io, options.runsDir, ref, options.step);
  const saved = await readRunConfig(point.dir);
  const threads = (await readProvenance(point.dir))?.threads ?? saved.threads;
  const config = { ...saved, threads };
  const dataset = await loadData(config, io);
  const problem = await assemble(config, dataset);
  try {
    const ends = await replayedStep(output, problem, point, options.step);
    if (hasKinks(problem.network)) {
      output.warn("the network has kinks (relu, max pooling): integrals of the Hessian miss them");
    }
    const finer = options.precision === "float64" && config.precision === "float32";
    const measured = finer ? await assemble({ ...config, precision: "float64" }, dataset) : problem;
    try {
      const [x, y] = finer ? ends.map((end) => Float64Array.from(end)) : ends;
      output.note(`curvature at ${options.nodes} nodes along the step, in ${measured.config.precision}`);
      const found = await segment(measured.objective, x, y, { nodes: options.nodes });
      const { lr, name } = config.optimizer;
      const record: SegmentRecord = {
        run: ref,
        step: options.step,
        fromStep: point.step,
        optimizer: name,
        lr,
        threshold: 2 / lr,
        ...found,
        lossResidual: found.lossChange - found.slope - (found.length ** 2 * found.rTilde.value) / 2,
        ...(options.sharpness === true ? { sharpness: await sharpnessInside(measured, x, y, found) } : {}),
      };
      output.json(record);
      output.text(segmentText(record));
      if (options.out !== undefined) await write(output, resolvePath(io, options.out), record);
      return 0;
    } finally {
      if (finer) await measured.objective.dispose();
    }
  } finally {
    await problem.objective.dispose();
  }
}

type Problem = Awaited<ReturnType<typeof import("../assemble.ts").assemble>>;

/** θ_k and θ_{k+1} with the bits of the run. */
async function replayedStep(
  output: Output,
  { config, network, objective }: Problem,
  point: { readonly file: string; readonly step: number },
  step: number,
): Promise<[Vector, Vector]> {
  const { readFile } = await import("node:fs/promises");
  const { decodeCheckpoint, replay } = await import("../../lab/index.ts");
  const { parseSafetensors } = await import("../../record/index.ts");
  const file = parseSafetensors(await readFile(point.file), point.file);
  const from = decodeCheckpoint(file, network.layout.entries, config, point.file);
  output.note(`replaying steps ${point.step} to ${step + 1}`);
  const progress = new Progress(output.io.stderr, {
    now: output.io.now,
    label: "replay",
    quiet: output.options.quiet,
  });
  const ends: Vector[] = [];
  const steps = step + 1;
  for await (const { theta } of replay(
    { config, objective, from, onStep: (done) => progress.update({ step: done, steps }) },
    step,
    steps,
  )) {
    ends.push(theta.slice());
  }
  progress.done();
  return [ends[0]!, ends[1]!];
}

async function sharpnessInside(
  { objective }: Problem,
  x: Vector,
  y: Vector,
  { rBar, rTilde }: Segment,
): Promise<{ atRBar: number | null; atRTilde: number | null }> {
  const { lanczos } = await import("../../curvature/index.ts");
  const at = async (tau: number | null): Promise<number | null> => {
    if (tau === null) return null;
    const inside = x.map((value, i) => value + tau * (y[i]! - value));
    const { eigenvalues } = await lanczos(await objective.hessian(inside), { tol: 1e-5, maxProducts: 1000 });
    return eigenvalues[0]!;
  };
  return { atRBar: await at(rBar.attainedAt), atRTilde: await at(rTilde.attainedAt) };
}

function segmentText(record: SegmentRecord): string {
  const { step, lr, threshold, rBar, rTilde, sharpness, consistent } = record;
  const row = (name: string, average: Segment["rBar"], inside: number | null | undefined): string[] => [
    name,
    formatNumber(average.value, 8),
    formatNumber(average.direct, 8),
    formatNumber(average.error, 2),
    average.attainedAt === null ? "–" : average.attainedAt.toFixed(4),
    ...(sharpness === undefined ? [] : [inside === null ? "–" : formatNumber(inside, 6)]),
  ];
  const table = formatTable(
    [
      { title: "average" },
      { title: "by quadrature", align: "right" },
      { title: "by gradients, losses", align: "right" },
      { title: "error", align: "right" },
      { title: "attained at τ", align: "right" },
      ...(sharpness === undefined ? [] : [{ title: "λ_max there", align: "right" } as const]),
    ],
    [row("r̄", rBar, sharpness?.atRBar), row("r̃", rTilde, sharpness?.atRTilde)],
  );
  const falls = record.lossChange < 0 ? "falls" : "rises";
  const why = record.optimizer === "gd" ? `: r̃ is ${rTilde.value < threshold ? "below" : "above"} 2/η` : "";
  const verdict = consistent
    ? "integrals and differences agree: the loss is smooth along this step"
    : "integrals and differences disagree: kinks along this step, or too few nodes; the differences are exact";
  return [
    `step ${step} → ${step + 1}: ‖d‖ = ${formatNumber(record.length, 6)}, η = ${formatNumber(lr)}, 2/η = ${formatNumber(threshold, 6)}`,
    "",
    table,
    `the loss ${falls} by ${formatNumber(Math.abs(record.lossChange), 6)}${why} (identity holds to ${formatNumber(Math.abs(record.lossResidual), 2)})`,
    verdict,
  ].join("\n");
}

async function write(output: Output, folder: string, record: SegmentRecord): Promise<void> {
  const { headlessDocument } = await import("../../figures/headless.ts");
  const { segmentFigure } = await import("../../figures/index.ts");
  const { writeFigures } = await import("../orbits/write.ts");
  const { step, samples, rBar, rTilde, threshold } = record;
  const figure = segmentFigure(
    {
      step,
      samples,
      rBar,
      rTilde,
      threshold,
      notes: record.consistent
        ? []
        : ["integrals and differences disagree: the loss is not smooth along this step"],
    },
    { document: headlessDocument() },
  );
  const { files, undrawn } = writeFigures(folder, [figure], "segment.json", record);
  for (const file of files) output.note(file);
  for (const file of undrawn) output.warn(`could not be drawn: ${file}`);
}
