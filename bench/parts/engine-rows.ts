// Rows of the engine benchmark's table: medians, ratios and the design's goals for them.
import { over, paired, ratio, summarise, type Rounds } from "../harness.ts";
import type { PeerTimes } from "../peers/torch-peer.ts";
import { gradientFlops } from "./flops.ts";
import type { MatrixProduct } from "./matmul.ts";
import { digits, type Row } from "./report.ts";
import type { WarmResult } from "./sharpness.ts";

const WIDTHS = [3072, 200, 200, 10];
const PEER = "Brink ÷ PyTorch";

/** FC-Tanh: times, rates and ratios. */
export function fcRows(rounds: Rounds, product: MatrixProduct, n: number): readonly Row[] {
  const flops = gradientFlops(WIDTHS, n);
  const rate = (name: string): ReturnType<typeof over> =>
    paired(rounds, [name], (ms) => product.flops / ms / 1e6);
  return [
    {
      name: "5000×3072 · 3072×200",
      unit: "GFLOP/s",
      brink: rate("matmul"),
      peer: rate("peer matmul"),
      note: "ONNX Runtime alone",
    },
    {
      name: "FC gradient",
      brink: over(rounds, "gradient"),
      peer: over(rounds, "peer gradient"),
      ratio: ratio(rounds, "gradient", "peer gradient"),
      of: PEER,
      goal: { relation: "≤", value: 0.85 },
    },
    {
      name: "FC gradient rate",
      unit: "GFLOP/s",
      brink: paired(rounds, ["gradient"], (ms) => flops / ms / 1e6),
      peer: paired(rounds, ["peer gradient"], (ms) => flops / ms / 1e6),
      ratio: paired(rounds, ["gradient", "matmul"], (ms, alone) => (flops / ms) * (alone / product.flops)),
      of: "ONNX Runtime's product rate",
      goal: { relation: "≥", value: 0.8 },
      note: `${(flops / 1e9).toFixed(3)} GFLOP`,
    },
    { name: "FC linearisation", brink: over(rounds, "linearise") },
    {
      name: "FC Hessian product",
      brink: over(rounds, "hvp"),
      peer: over(rounds, "peer hvp"),
      ratio: ratio(rounds, "hvp", "peer hvp"),
      of: PEER,
      goal: { relation: "≤", value: 0.2 },
    },
    {
      name: "FC Hessian product",
      brink: over(rounds, "hvp"),
      ratio: ratio(rounds, "hvp", "gradient"),
      of: "Brink's gradient",
      goal: { relation: "≤", value: 1.3 },
    },
    {
      name: "FC SGD step, b = 50",
      brink: over(rounds, "sgdStep50"),
      peer: over(rounds, "peer sgdStep"),
      ratio: ratio(rounds, "sgdStep50", "peer sgdStep"),
      of: PEER,
      goal: { relation: "≤", value: 0.2 },
    },
    {
      name: "FC ∇S",
      brink: over(rounds, "gradSharpness"),
      ratio: ratio(rounds, "gradSharpness", "gradient"),
      of: "Brink's gradient",
    },
  ];
}

/** Warm solves, and beside them one cold `eigsh` at the last point where there is one. */
export function sharpnessRow(name: string, sharp: WarmResult, cold: PeerTimes | undefined): Row {
  const last = sharp.solves.at(-1)!;
  const products = summarise(sharp.solves.map((solve) => solve.products));
  const worst = Math.max(...sharp.solves.map((solve) => solve.relativeError));
  const note = `${digits(products.median)} products, S = ${digits(last.sharpness)}, error ≤ ${worst.toExponential(0)}`;
  const row: Row = { name, brink: summarise(sharp.solves.map((solve) => solve.ms)), note };
  if (cold === undefined) return row;
  const peer = summarise(cold.times);
  return {
    ...row,
    peer,
    ratio: summarise(sharp.solves.map((solve) => peer.median / solve.ms)),
    of: "PyTorch + eigsh ÷ Brink",
    goal: { relation: "≥", value: 30 },
    note: `${note}; eigsh ${cold.products![0]} products, S = ${digits(cold.values![0]!)}`,
  };
}

/** Cohen's convolutional network. */
export function cnnRows(rounds: Rounds, keepsLinearisation: boolean): readonly Row[] {
  const row = (name: string, what: string): Row => ({
    name,
    brink: over(rounds, what),
    peer: over(rounds, `peer ${what}`),
    ratio: ratio(rounds, what, `peer ${what}`),
    of: PEER,
  });
  return [
    row("CNN gradient", "cnnGradient"),
    {
      ...row("CNN Hessian product", "cnnHvp"),
      note: keepsLinearisation ? "linearisation kept" : "linearised anew in each product, to save memory",
    },
  ];
}
