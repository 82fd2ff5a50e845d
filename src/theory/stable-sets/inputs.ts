// Labelled inputs as the bounds want them: finite, at least two classes, no longer than 1.
import { InputError } from "../../math/index.ts";
import type { LabelledInputs, UnitInputs } from "./types.ts";

/**
 * Checks inputs and labels and scales the inputs into the unit ball where they are longer; `scale` says by how much.
 * O(nd), copies.
 *
 * @param x n×d, row-major
 * @param labels n whole numbers in 0…classes−1
 * @param classes K; default: the largest label plus one
 * @throws InputError for lengths that do not fit, numbers that are not finite, labels out of range, a single class
 */
export function unitInputs(
  x: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number = largest(labels) + 1,
): UnitInputs {
  const n = labels.length;
  const d = x.length / n;
  if (n === 0 || !Number.isSafeInteger(d) || d === 0) {
    throw new InputError("inputs and labels do not fit", {
      received: `${x.length} numbers for ${n} labels`,
      allowed: "n×d numbers for n labels",
    });
  }
  checkLabels(labels, classes);
  const norms = Float64Array.from({ length: n }, (_, i) => rowNorm(x, i * d, d));
  const bad = norms.findIndex((norm) => !Number.isFinite(norm));
  if (bad >= 0)
    throw new InputError("an input is not finite", { field: `x[${bad}]`, allowed: "finite numbers" });
  const longest = norms.reduce((most, norm) => Math.max(most, norm), 0);
  const scale = longest > 1 ? longest : 1;
  return {
    n,
    d,
    classes,
    x: Float64Array.from(x, (value) => value / scale),
    labels: Int32Array.from(labels),
    scale,
    zeros: Array.from(norms.keys()).filter((i) => norms[i] === 0),
  };
}

/** ⟨x_i, x_j⟩ of all pairs, n×n. O(n²d); 8n² bytes. */
export function gramMatrix({ n, d, x }: LabelledInputs): Float64Array {
  const gram = new Float64Array(n * n);
  // Blocks of rows that stay in cache; four products at a time share the loads of one row.
  const block = 32;
  for (let top = 0; top < n; top += block) {
    const bottom = Math.min(n, top + block);
    for (let j = 0; j < bottom; j++) {
      let i = Math.max(top, j);
      for (; i + 3 < bottom; i += 4) {
        let s0 = 0;
        let s1 = 0;
        let s2 = 0;
        let s3 = 0;
        const row = i * d;
        for (let c = 0, b = j * d; c < d; c++, b++) {
          const value = x[b]!;
          s0 += x[row + c]! * value;
          s1 += x[row + d + c]! * value;
          s2 += x[row + 2 * d + c]! * value;
          s3 += x[row + 3 * d + c]! * value;
        }
        gram[i * n + j] = s0;
        gram[(i + 1) * n + j] = s1;
        gram[(i + 2) * n + j] = s2;
        gram[(i + 3) * n + j] = s3;
      }
      for (; i < bottom; i++) {
        let sum = 0;
        for (let c = 0; c < d; c++) sum += x[i * d + c]! * x[j * d + c]!;
        gram[i * n + j] = sum;
      }
    }
  }
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) gram[i * n + j] = gram[j * n + i]!;
  return gram;
}

function rowNorm(x: ArrayLike<number>, start: number, d: number): number {
  let sum = 0;
  for (let c = start; c < start + d; c++) sum += x[c]! * x[c]!;
  return Math.sqrt(sum);
}

function largest(labels: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < labels.length; i++) most = Math.max(most, labels[i]!);
  return most;
}

function checkLabels(labels: ArrayLike<number>, classes: number): void {
  const seen = new Set<number>();
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (!(Number.isSafeInteger(label) && label >= 0 && label < classes)) {
      throw new InputError("not a class", {
        field: `labels[${i}]`,
        received: String(label),
        allowed: `whole numbers from 0 to ${classes - 1}`,
      });
    }
    seen.add(label);
  }
  if (seen.size < 2) {
    throw new InputError("all examples have the same class: there is nothing to separate", {
      field: "labels",
      received: `${seen.size} class`,
      allowed: "at least two classes",
    });
  }
}
