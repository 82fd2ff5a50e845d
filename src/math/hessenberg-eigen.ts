// Eigenvalues of small real matrices in upper Hessenberg form, by the QR algorithm.
import { RunError } from "./errors.ts";

/** A complex number. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

/**
 * All eigenvalues of a real upper Hessenberg matrix given by rows, in descending modulus; complex ones in conjugate
 * pairs. O(m³): complex QR steps with Wilkinson shifts and deflation (Golub & Van Loan, "Matrix Computations", §7.5).
 *
 * @throws RunError for entries that are not finite, or when an eigenvalue does not settle in 60 steps
 */
export function hessenbergEigenvalues(matrix: readonly ArrayLike<number>[]): Complex[] {
  const size = matrix.length;
  const re = Array.from({ length: size }, (_, i) =>
    Float64Array.from({ length: size }, (_unused, j) => (j >= i - 1 ? matrix[i]![j]! : 0)),
  );
  const im = Array.from({ length: size }, () => new Float64Array(size));
  if (re.some((row) => row.some((value) => !Number.isFinite(value)))) {
    throw new RunError("eigenvalues of a matrix with non-finite entries");
  }
  const scale = Math.max(...re.map((row) => row.reduce((sum, value) => sum + Math.abs(value), 0)), 0);
  // In units of the largest row no square over- or underflows that matters.
  if (scale > 0) for (const row of re) for (let j = 0; j < size; j++) row[j] = row[j]! / scale;
  const found: Complex[] = [];
  for (let end = size - 1; end >= 0; end--) {
    for (let steps = 0; ; steps++) {
      let start = end;
      while (start > 0 && !negligible(re, im, start)) start--;
      if (start === end) break;
      if (steps === 60) throw new RunError("an eigenvalue did not settle");
      // Now and then a shift from elsewhere, in case the usual one goes in circles.
      const shift =
        steps % 20 === 19
          ? { re: re[end]![end]! + Math.abs(re[end]![end - 1]!), im: 0 }
          : wilkinson(re, im, end);
      qrStep(re, im, start, end, shift);
    }
    found.push({ re: re[end]![end]! * scale, im: im[end]![end]! * scale });
  }
  return paired(found, scale).toSorted(
    (a, b) => Math.hypot(b.re, b.im) - Math.hypot(a.re, a.im) || b.im - a.im,
  );
}

/** Whether a subdiagonal entry is rounding beside its diagonal neighbours, or beside the whole matrix twice over. */
function negligible(re: Float64Array[], im: Float64Array[], row: number): boolean {
  const size = Math.hypot(re[row]![row - 1]!, im[row]![row - 1]!);
  const neighbours =
    Math.hypot(re[row]![row]!, im[row]![row]!) + Math.hypot(re[row - 1]![row - 1]!, im[row - 1]![row - 1]!);
  if (size > Number.EPSILON * Math.max(neighbours, Number.EPSILON)) return false;
  re[row]![row - 1] = 0;
  im[row]![row - 1] = 0;
  return true;
}

/** The eigenvalue of the trailing 2×2 block nearest to its last entry. */
function wilkinson(re: Float64Array[], im: Float64Array[], end: number): Complex {
  const at = (i: number, j: number): Complex => ({ re: re[i]![j]!, im: im[i]![j]! });
  const [a, b, c, d] = [at(end - 1, end - 1), at(end - 1, end), at(end, end - 1), at(end, end)];
  const half = { re: (a.re - d.re) / 2, im: (a.im - d.im) / 2 };
  const bc = times(b, c);
  const square = times(half, half);
  const root = squareRoot({ re: square.re + bc.re, im: square.im + bc.im });
  // d + half ∓ root: the smaller of the two corrections, computed without cancellation.
  const same = half.re * root.re + half.im * root.im >= 0 ? 1 : -1;
  const denominator = { re: half.re + same * root.re, im: half.im + same * root.im };
  const size = denominator.re ** 2 + denominator.im ** 2;
  if (size === 0) return d;
  const ratio = times(bc, { re: denominator.re / size, im: -denominator.im / size });
  return { re: d.re - ratio.re, im: d.im - ratio.im };
}

/** H ← RQ + shift where QR = H − shift, on rows and columns start … end. */
function qrStep(re: Float64Array[], im: Float64Array[], start: number, end: number, shift: Complex): void {
  for (let i = start; i <= end; i++) {
    re[i]![i]! -= shift.re;
    im[i]![i]! -= shift.im;
  }
  const rotations: { c: number; s: Complex }[] = [];
  for (let k = start; k < end; k++) {
    const [x, y] = [
      { re: re[k]![k]!, im: im[k]![k]! },
      { re: re[k + 1]![k]!, im: im[k + 1]![k]! },
    ];
    const sizeX = Math.hypot(x.re, x.im);
    const length = Math.hypot(sizeX, y.re, y.im);
    // G = [c, s; −s̄, c] with c real maps (x, y) to (phase·length, 0).
    const c = length === 0 ? 1 : sizeX / length;
    const phase = sizeX === 0 ? { re: 1, im: 0 } : { re: x.re / sizeX, im: x.im / sizeX };
    const s = length === 0 ? { re: 0, im: 0 } : times(phase, { re: y.re / length, im: -y.im / length });
    rotations.push({ c, s });
    for (let j = k; j <= end; j++) {
      const [pr, pi, qr, qi] = [re[k]![j]!, im[k]![j]!, re[k + 1]![j]!, im[k + 1]![j]!];
      re[k]![j] = c * pr + s.re * qr - s.im * qi;
      im[k]![j] = c * pi + s.re * qi + s.im * qr;
      re[k + 1]![j] = c * qr - s.re * pr - s.im * pi;
      im[k + 1]![j] = c * qi - s.re * pi + s.im * pr;
    }
  }
  rotations.forEach(({ c, s }, index) => {
    const k = start + index;
    for (let i = start; i <= Math.min(end, k + 1); i++) {
      const [pr, pi, qr, qi] = [re[i]![k]!, im[i]![k]!, re[i]![k + 1]!, im[i]![k + 1]!];
      re[i]![k] = c * pr + s.re * qr + s.im * qi;
      im[i]![k] = c * pi + s.re * qi - s.im * qr;
      re[i]![k + 1] = c * qr - s.re * pr + s.im * pi;
      im[i]![k + 1] = c * qi - s.re * pi - s.im * pr;
    }
  });
  for (let i = start; i <= end; i++) {
    re[i]![i]! += shift.re;
    im[i]![i]! += shift.im;
  }
}

/** Rounding leaves real eigenvalues a tiny imaginary part and conjugates a little apart: mends both. */
function paired(values: readonly Complex[], scale: number): Complex[] {
  const rest = [...values];
  const out: Complex[] = [];
  while (rest.length > 0) {
    const value = rest.pop()!;
    if (value.im === 0) {
      out.push(value);
      continue;
    }
    const misfit = (other: Complex): number => Math.hypot(other.re - value.re, other.im + value.im);
    const mate = rest.reduce(
      (best, other, k) => (best < 0 || misfit(other) < misfit(rest[best]!) ? k : best),
      -1,
    );
    if (mate < 0 || misfit(rest[mate]!) > Math.abs(value.im)) {
      out.push({ re: value.re, im: Math.abs(value.im) <= 1e-6 * scale ? 0 : value.im });
      continue;
    }
    const other = rest.splice(mate, 1)[0]!;
    const [mean, im] = [(value.re + other.re) / 2, Math.abs(value.im - other.im) / 2];
    out.push({ re: mean, im }, { re: mean, im: -im });
  }
  return out;
}

function times(a: Complex, b: Complex): Complex {
  return { re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re };
}

function squareRoot({ re, im }: Complex): Complex {
  const modulus = Math.hypot(re, im);
  const real = Math.sqrt((modulus + Math.abs(re)) / 2);
  if (real === 0) return { re: 0, im: 0 };
  const other = im / (2 * real);
  return re >= 0 ? { re: real, im: other } : { re: Math.abs(other), im: im < 0 ? -real : real };
}
