// Cases of convolution and pooling: paddings from none to more than the kernel, odd shapes, dropped remainders.
import { generic, type OperatorCase } from "./cases-support.ts";

type Four = readonly [number, number, number, number];

function conv2d(x: Four, w: Four, padding: number, shape: Four): OperatorCase {
  return {
    name: `[${x.join(",")}] by [${w.join(",")}], padding ${padding}`,
    inputs: [generic(...x), generic(...w)],
    attributes: { padding },
    shape,
    value([image, kernel], [n, o, row, column]) {
      let total = 0;
      for (let c = 0; c < x[1]; c++) {
        for (let i = 0; i < w[2]; i++) {
          for (let j = 0; j < w[3]; j++) {
            const [y, xx] = [row! + i - padding, column! + j - padding];
            const outside = y < 0 || xx < 0 || y >= x[2] || xx >= x[3];
            if (!outside) total += image!([n!, c, y, xx]) * kernel!([o!, c, i, j]);
          }
        }
      }
      return total;
    },
  };
}

function convWeightGrad(x: Four, g: Four, padding: number, shape: Four): OperatorCase {
  return {
    name: `[${x.join(",")}] with [${g.join(",")}], padding ${padding}`,
    inputs: [generic(...x), generic(...g)],
    attributes: { padding },
    shape,
    value([image, cotangent], [o, c, i, j]) {
      let total = 0;
      for (let n = 0; n < x[0]; n++) {
        for (let row = 0; row < g[2]; row++) {
          for (let column = 0; column < g[3]; column++) {
            const [y, xx] = [row + i! - padding, column + j! - padding];
            const outside = y < 0 || xx < 0 || y >= x[2] || xx >= x[3];
            if (!outside) total += image!([n, c!, y, xx]) * cotangent!([n, o!, row, column]);
          }
        }
      }
      return total;
    },
  };
}

function pool(shape: Four, k: number, result: Four, combine: (values: number[]) => number): OperatorCase {
  return {
    name: `${k}×${k} of [${shape.join(",")}]`,
    inputs: [generic(...shape)],
    attributes: { k },
    shape: result,
    value([read], [n, c, row, column]) {
      const values: number[] = [];
      for (let i = 0; i < k; i++) {
        for (let j = 0; j < k; j++) values.push(read!([n!, c!, row! * k + i, column! * k + j]));
      }
      return combine(values);
    },
  };
}

function pools(combine: (values: number[]) => number): OperatorCase[] {
  return [
    pool([2, 2, 4, 4], 2, [2, 2, 2, 2], combine),
    pool([1, 2, 5, 4], 2, [1, 2, 2, 2], combine),
    pool([1, 1, 3, 7], 3, [1, 1, 1, 2], combine),
    pool([2, 1, 3, 2], 2, [2, 1, 1, 1], combine),
  ];
}

function upsample(shape: Four, k: number, height: number, width: number): OperatorCase {
  return {
    name: `[${shape.join(",")}] by ${k} to ${height}×${width}`,
    inputs: [generic(...shape)],
    attributes: { k, height, width },
    shape: [shape[0], shape[1], height, width],
    value([read], [n, c, row, column]) {
      const [y, x] = [Math.floor(row! / k), Math.floor(column! / k)];
      return y < shape[2] && x < shape[3] ? read!([n!, c!, y, x]) : 0;
    },
  };
}

export const windowCases: Record<string, OperatorCase[]> = {
  Conv2d: [
    conv2d([2, 2, 4, 4], [3, 2, 3, 3], 1, [2, 3, 4, 4]),
    conv2d([1, 1, 5, 4], [2, 1, 3, 3], 0, [1, 2, 3, 2]),
    conv2d([2, 3, 2, 3], [1, 3, 1, 1], 0, [2, 1, 2, 3]),
    conv2d([1, 2, 3, 4], [2, 2, 2, 3], 1, [1, 2, 4, 4]),
    conv2d([1, 1, 4, 5], [1, 1, 4, 2], 0, [1, 1, 1, 4]),
    conv2d([1, 2, 3, 3], [2, 2, 2, 2], 2, [1, 2, 6, 6]),
    conv2d([1, 1, 2, 2], [2, 1, 1, 3], 1, [1, 2, 4, 2]),
  ],
  ConvWeightGrad: [
    convWeightGrad([2, 2, 4, 4], [2, 3, 4, 4], 1, [3, 2, 3, 3]),
    convWeightGrad([2, 1, 5, 4], [2, 2, 3, 2], 0, [2, 1, 3, 3]),
    convWeightGrad([2, 2, 3, 3], [2, 1, 3, 3], 0, [1, 2, 1, 1]),
    convWeightGrad([1, 2, 3, 4], [1, 2, 4, 4], 1, [2, 2, 2, 3]),
    convWeightGrad([1, 1, 2, 2], [1, 2, 5, 5], 2, [2, 1, 2, 2]),
    // Enough channels to become a matrix product in single precision too.
    convWeightGrad([2, 8, 3, 2], [2, 2, 2, 2], 1, [2, 8, 4, 3]),
  ],
  SumPool2d: pools((values) => values.reduce((total, value) => total + value, 0)),
  MaxPool2d: pools((values) => values.toSorted((a, b) => b - a)[0]!),
  Upsample2d: [
    upsample([1, 2, 2, 2], 2, 4, 4),
    upsample([2, 1, 2, 1], 2, 5, 3),
    upsample([1, 1, 1, 2], 3, 5, 6),
  ],
};
