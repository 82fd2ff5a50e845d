// Removing the components of a long vector along an orthonormal basis: most of what Lanczos costs besides products.
import { axpy, dot, norm, type Vector } from "../math/index.ts";

/** Basis vectors handled in one sweep over w: reading w once for four halves the time of one at a time. */
const GROUP = 4;

/**
 * Removes from `w` its components along an orthonormal basis and returns them, in the basis's order.
 *
 * The newest two vectors go first: in a Lanczos step they carry nearly all there is to remove, and only what
 * remains then tells whether the sweep over the whole basis cancelled digits. It is repeated when it did ("twice
 * is enough", Parlett, The Symmetric Eigenvalue Problem, §6.9). O(basis·size).
 */
export function orthogonalise(w: Vector, basis: readonly Vector[]): number[] {
  const components = new Array<number>(basis.length).fill(0);
  for (let j = basis.length - 1; j >= Math.max(0, basis.length - 2); j--) {
    const component = dot(w, basis[j]!);
    components[j]! += component;
    axpy(-component, basis[j]!, w);
  }
  let before = norm(w);
  for (let pass = 0; pass < 3; pass++) {
    sweep(w, basis, components);
    const after = norm(w);
    if (after > 0.5 * before || after === 0) break;
    before = after;
  }
  return components;
}

/** One pass over the basis, newest first: classical Gram–Schmidt within a group, modified between groups. */
function sweep(w: Vector, basis: readonly Vector[], components: number[]): void {
  let end = basis.length;
  for (; end >= GROUP; end -= GROUP) {
    const [a, b, c, d] = basis.slice(end - GROUP, end) as [Vector, Vector, Vector, Vector];
    const found = fourDots(w, a, b, c, d);
    for (let k = 0; k < GROUP; k++) components[end - GROUP + k]! += found[k]!;
    const [fa, fb, fc, fd] = found;
    for (let i = 0; i < w.length; i++) w[i] = w[i]! - (fa * a[i]! + fb * b[i]! + (fc * c[i]! + fd * d[i]!));
  }
  for (let j = end - 1; j >= 0; j--) {
    const component = dot(w, basis[j]!);
    components[j]! += component;
    axpy(-component, basis[j]!, w);
  }
}

function fourDots(w: Vector, a: Vector, b: Vector, c: Vector, d: Vector): [number, number, number, number] {
  let sa = 0;
  let sb = 0;
  let sc = 0;
  let sd = 0;
  for (let i = 0; i < w.length; i++) {
    const x = w[i]!;
    sa += x * a[i]!;
    sb += x * b[i]!;
    sc += x * c[i]!;
    sd += x * d[i]!;
  }
  return [sa, sb, sc, sd];
}
