// The catalogue every operator of the tensor language is held against: several cases each, and what it refuses.
import { elementwiseCases } from "./cases-elementwise.ts";
import { structureCases } from "./cases-structure.ts";
import type { Misfit, OperatorCase } from "./cases-support.ts";
import { windowCases } from "./cases-windows.ts";

/** Cases by operator name. An operator of the table without an entry fails the conformance test. */
export const operatorCases: Record<string, OperatorCase[]> = {
  ...elementwiseCases,
  ...structureCases,
  ...windowCases,
};

/** Inputs that do not fit, for every operator that does not take all shapes. */
export const misfits: readonly Misfit[] = [
  ...["Add", "Sub", "Mul", "Div", "Less", "Equal"].flatMap((op) => [
    { op, shapes: [[2], [3]] },
    { op, shapes: [[2, 3], [2]] },
  ]),
  { op: "Where", shapes: [[2], [3], []] },
  { op: "Where", shapes: [[], [2, 2], [3]] },
  { op: "Reshape", shapes: [[2, 3]], attributes: { shape: [5] } },
  { op: "Transpose", shapes: [[2, 3]], attributes: { perm: [0, 0] } },
  { op: "Transpose", shapes: [[2, 3]], attributes: { perm: [0] } },
  { op: "Transpose", shapes: [[1, 1]], attributes: { perm: [1] } },
  { op: "Expand", shapes: [[2, 3]], attributes: { shape: [3] } },
  { op: "Expand", shapes: [[2]], attributes: { shape: [3] } },
  { op: "Slice", shapes: [[4]], attributes: { starts: [0], ends: [5] } },
  { op: "Slice", shapes: [[4]], attributes: { starts: [2], ends: [2] } },
  { op: "Slice", shapes: [[2, 3]], attributes: { starts: [0], ends: [2] } },
  { op: "Pad", shapes: [[3]], attributes: { before: [-1], after: [0] } },
  { op: "Pad", shapes: [[3, 3]], attributes: { before: [0], after: [0] } },
  { op: "Reverse", shapes: [[3]], attributes: { axes: [1] } },
  {
    op: "Concat",
    shapes: [
      [2, 3],
      [3, 2],
    ],
    attributes: { axis: 0 },
  },
  { op: "Concat", shapes: [[2], [2, 1]], attributes: { axis: 0 } },
  ...["ReduceSum", "ReduceMax"].flatMap((op) => [
    { op, shapes: [[2, 3]], attributes: { axes: [2] } },
    { op, shapes: [[2, 3]], attributes: { axes: [1, 0] } },
    { op, shapes: [[2, 3]], attributes: { axes: [-1] } },
  ]),
  {
    op: "MatMul",
    shapes: [
      [2, 3],
      [2, 3],
    ],
    attributes: { transA: 0, transB: 0 },
  },
  { op: "MatMul", shapes: [[2], [2, 3]], attributes: { transA: 0, transB: 0 } },
  {
    op: "Conv2d",
    shapes: [
      [1, 2, 3, 3],
      [1, 1, 2, 2],
    ],
    attributes: { padding: 0 },
  },
  {
    op: "Conv2d",
    shapes: [
      [1, 1, 2, 2],
      [1, 1, 3, 3],
    ],
    attributes: { padding: 0 },
  },
  {
    op: "Conv2d",
    shapes: [
      [1, 2, 2],
      [1, 2, 2],
    ],
    attributes: { padding: 0 },
  },
  {
    op: "ConvWeightGrad",
    shapes: [
      [1, 1, 2, 2],
      [2, 1, 1, 1],
    ],
    attributes: { padding: 0 },
  },
  {
    op: "ConvWeightGrad",
    shapes: [
      [1, 1, 2, 2],
      [1, 1, 3, 3],
    ],
    attributes: { padding: 0 },
  },
  ...["SumPool2d", "MaxPool2d"].flatMap((op) => [
    { op, shapes: [[1, 1, 2, 3]], attributes: { k: 3 } },
    { op, shapes: [[4, 4]], attributes: { k: 2 } },
    { op, shapes: [[4, 4]], attributes: { k: 1 } },
    { op, shapes: [[1, 1, 4, 4]], attributes: { k: 0 } },
  ]),
  { op: "Upsample2d", shapes: [[1, 1, 2, 2]], attributes: { k: 2, height: 6, width: 4 } },
  { op: "Upsample2d", shapes: [[2, 2]], attributes: { k: 2, height: 4, width: 4 } },
];

/** Operators that take any one shape. */
export const shapeless: readonly string[] = [
  "Neg",
  "Exp",
  "Log",
  "Sqrt",
  "Tanh",
  "Sigmoid",
  "Softplus",
  "Erf",
  "Relu",
  "Abs",
  "Sign",
  "StopGradient",
];
