// Cases of the operators that move elements, and of the reductions.
import {
  flatten,
  forEachIndex,
  generic,
  given,
  unflatten,
  type Index,
  type OperatorCase,
  type Read,
} from "./cases-support.ts";

type Lists = Readonly<Record<string, number | readonly number[]>>;

/** A one-input operator whose output element at an index is the input's at `from(index)`. */
function moves(
  name: string,
  shape: readonly number[],
  attributes: Lists,
  result: readonly number[],
  from: (index: Index) => Index | null,
): OperatorCase {
  return {
    name,
    inputs: [generic(...shape)],
    attributes,
    shape: result,
    value: ([read], index) => {
      const source = from(index);
      return source === null ? 0 : read!(source);
    },
  };
}

const reshape = (from: number[], to: number[]): OperatorCase =>
  moves(`[${from.join(",")}] → [${to.join(",")}]`, from, { shape: to }, to, (index) =>
    unflatten(flatten(index, to), from),
  );

const transpose = (from: number[], perm: number[], to: number[]): OperatorCase =>
  moves(`[${from.join(",")}] by [${perm.join(",")}]`, from, { perm }, to, (index) =>
    from.map((_, axis) => index[perm.indexOf(axis)]!),
  );

const expand = (from: number[], to: number[]): OperatorCase =>
  moves(`[${from.join(",")}] to [${to.join(",")}]`, from, { shape: to }, to, (index) => index);

const slice = (from: number[], starts: number[], ends: number[], to: number[]): OperatorCase =>
  moves(`[${from.join(",")}] from [${starts.join(",")}]`, from, { starts, ends }, to, (index) =>
    index.map((i, axis) => i + starts[axis]!),
  );

const pad = (from: number[], before: number[], after: number[], to: number[]): OperatorCase =>
  moves(
    `[${from.join(",")}] by [${before.join(",")}] and [${after.join(",")}]`,
    from,
    { before, after },
    to,
    (index) => {
      const source = index.map((i, axis) => i - before[axis]!);
      return source.every((i, axis) => i >= 0 && i < from[axis]!) ? source : null;
    },
  );

const reverse = (shape: number[], axes: number[]): OperatorCase =>
  moves(`[${shape.join(",")}] along [${axes.join(",")}]`, shape, { axes }, shape, (index) =>
    index.map((i, axis) => (axes.includes(axis) ? shape[axis]! - 1 - i : i)),
  );

function concat(shapes: readonly number[][], axis: number, result: number[]): OperatorCase {
  return {
    name: `${shapes.map((shape) => `[${shape.join(",")}]`).join(" ")} along ${axis}`,
    inputs: shapes.map((shape) => generic(...shape)),
    attributes: { axis },
    shape: result,
    value(reads, index) {
      let position = index[axis]!;
      let part = 0;
      while (position >= shapes[part]![axis]!) position -= shapes[part++]![axis]!;
      return reads[part]!(index.with(axis, position));
    },
  };
}

/** All elements of the input that reduce to one element of the output. */
function group(read: Read, shape: readonly number[], axes: readonly number[], index: Index): number[] {
  const values: number[] = [];
  forEachIndex(shape, (source) => {
    if (source.every((i, axis) => axes.includes(axis) || i === index[axis])) values.push(read(source));
  });
  return values;
}

function reduction(combine: (values: number[]) => number): OperatorCase[] {
  const reduced: [number[], number[], number[]][] = [
    [[4], [0], [1]],
    [[2, 3], [0], [1, 3]],
    [[2, 3], [1], [2, 1]],
    [
      [2, 3],
      [0, 1],
      [1, 1],
    ],
    [
      [2, 3, 4],
      [0, 2],
      [1, 3, 1],
    ],
    [
      [2, 1, 3],
      [1, 2],
      [2, 1, 1],
    ],
    [
      [2, 3, 2, 2],
      [0, 2, 3],
      [1, 3, 1, 1],
    ],
  ];
  return reduced.map(([shape, axes, result]) => ({
    name: `[${shape.join(",")}] over [${axes.join(",")}]`,
    inputs: [generic(...shape)],
    attributes: { axes },
    shape: result,
    value: ([read], index) => combine(group(read!, shape, axes, index)),
  }));
}

function matmul(a: number[], b: number[], transA: boolean, transB: boolean, shape: number[]): OperatorCase {
  return {
    name: `[${a.join(",")}]${transA ? "ᵀ" : ""} · [${b.join(",")}]${transB ? "ᵀ" : ""}`,
    inputs: [generic(...a), generic(...b)],
    attributes: { transA: Number(transA), transB: Number(transB) },
    shape,
    value([left, right], [i, j]) {
      let total = 0;
      const inner = transA ? a[0]! : a[1]!;
      for (let k = 0; k < inner; k++) {
        total += left!(transA ? [k, i!] : [i!, k]) * right!(transB ? [j!, k] : [k, j!]);
      }
      return total;
    },
  };
}

export const structureCases: Record<string, OperatorCase[]> = {
  Reshape: [
    reshape([6], [2, 3]),
    reshape([2, 3, 2], [4, 3]),
    reshape([1], []),
    reshape([], [1, 1]),
    reshape([2, 3], [2, 1, 3, 1]),
  ],
  Transpose: [
    transpose([2, 3], [1, 0], [3, 2]),
    transpose([2, 3, 4], [1, 2, 0], [3, 4, 2]),
    transpose([2, 3, 4], [2, 0, 1], [4, 2, 3]),
    transpose([2, 3, 1, 2], [0, 3, 1, 2], [2, 2, 3, 1]),
  ],
  Expand: [
    expand([], [2, 3]),
    expand([3], [2, 3]),
    expand([2, 1], [2, 3]),
    expand([1, 3, 1], [2, 3, 2]),
    expand([2, 1, 2, 1], [2, 3, 2, 2]),
  ],
  Slice: [
    slice([5], [1], [4], [3]),
    slice([3, 4], [0, 1], [2, 4], [2, 3]),
    slice([2, 3, 4], [1, 0, 3], [2, 3, 4], [1, 3, 1]),
    slice([2, 2, 4, 3], [0, 1, 1, 0], [2, 2, 3, 2], [2, 1, 2, 2]),
  ],
  Pad: [
    pad([3], [1], [2], [6]),
    pad([2, 3], [0, 1], [2, 0], [4, 4]),
    pad([2, 1, 2], [0, 2, 0], [0, 0, 1], [2, 3, 3]),
    pad([1, 2, 2, 2], [0, 0, 1, 1], [0, 0, 1, 1], [1, 2, 4, 4]),
  ],
  Reverse: [
    reverse([4], [0]),
    reverse([2, 3], [1]),
    reverse([2, 3, 2], [0, 2]),
    reverse([2, 2, 3, 3], [2, 3]),
  ],
  Concat: [
    concat([[2], [3]], 0, [5]),
    concat(
      [
        [2, 3],
        [2, 1],
        [2, 2],
      ],
      1,
      [2, 6],
    ),
    concat(
      [
        [1, 2, 2],
        [2, 2, 2],
      ],
      0,
      [3, 2, 2],
    ),
    concat(
      [
        [2, 1, 2, 2],
        [2, 3, 2, 2],
      ],
      1,
      [2, 4, 2, 2],
    ),
  ],
  ReduceSum: reduction((values) => values.reduce((total, value) => total + value, 0)),
  ReduceMax: [
    ...reduction((values) => values.toSorted((a, b) => b - a)[0]!),
    {
      name: "all negative",
      inputs: [given([2, 2], [-3, -1, -2, -4])],
      attributes: { axes: [1] },
      shape: [2, 1],
      value: (_, [row]) => [-1, -2][row!]!,
    },
  ],
  MatMul: [
    matmul([2, 3], [3, 4], false, false, [2, 4]),
    matmul([3, 2], [3, 4], true, false, [2, 4]),
    matmul([2, 3], [4, 3], false, true, [2, 4]),
    matmul([3, 2], [4, 3], true, true, [2, 4]),
    matmul([1, 3], [3, 1], false, false, [1, 1]),
    matmul([1, 1], [5, 1], true, true, [1, 5]),
    matmul([4, 1], [1, 3], false, false, [4, 3]),
  ],
};
