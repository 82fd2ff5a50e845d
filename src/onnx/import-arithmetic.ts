// Import rules of elementwise operators, reductions and softmax.
import {
  abs,
  add,
  div,
  equal,
  erf,
  exp,
  less,
  log,
  max,
  mean,
  mul,
  neg,
  type Node,
  relu,
  sigmoid,
  sign,
  softplus,
  sqrt,
  stopGradient,
  sub,
  sum,
  tanh,
  where,
} from "../tensor/index.ts";
import { bool, exactly, float, type ImportNode, type ImportRule, type ImportRules } from "./import-node.ts";
import { DATA_TYPE } from "./model.ts";

function unary(apply: (x: Node) => Node): ImportRule {
  return (node) => float(apply(node.float(0)));
}

function binary(apply: (a: Node, b: Node) => Node): ImportRule {
  return (node) => float(apply(node.float(0), node.float(1)));
}

function comparison(apply: (a: Node, b: Node) => Node): ImportRule {
  return (node) => bool(apply(node.float(0), node.float(1)));
}

/** Largest whole exponent written out as products. */
const MAX_POWER = 8;

function power(node: ImportNode): Node {
  const x = node.float(0);
  const exponent = node.number(1);
  if (exponent === 0.5) return sqrt(x);
  if (!Number.isInteger(exponent) || exponent < 1 || exponent > MAX_POWER) {
    throw node.error(`only exponents 1 to ${MAX_POWER} and 0.5 are supported`, String(exponent));
  }
  let value = x;
  for (let k = 1; k < exponent; k++) value = mul(value, x);
  return value;
}

/** The exponentials of softmax, shifted so that none overflows, and the shifted arguments. */
function shiftedExponentials(node: ImportNode): { shifted: Node; exponentials: Node; axis: number } {
  const x = node.float(0);
  const axis = node.axis(node.int("axis", -1), x.shape.length);
  // Any shift leaves the result alone, so derivatives may treat it as a constant.
  const shifted = sub(x, stopGradient(max(x, [axis], true)));
  return { shifted, exponentials: exp(shifted), axis };
}

function reduction(apply: (x: Node, axes: readonly number[], keep: boolean) => Node): ImportRule {
  return (node) => {
    const x = node.float(0);
    const rank = x.shape.length;
    const keep = node.flag("keepdims", true);
    const skipWhenEmpty = node.flag("noop_with_empty_axes");
    // Axes are an input since opset 13 (sum) or 18 (the others) and an attribute before.
    const listed = (node.has(1) ? node.integers(1) : node.ints("axes")) ?? [];
    if (listed.length === 0 && skipWhenEmpty) return float(x);
    const axes =
      listed.length === 0 ? x.shape.map((_, axis) => axis) : node.axes(listed, rank).sort((a, b) => a - b);
    return float(apply(x, axes, keep));
  };
}

/** Element type conversions that mean something with one float type and constant integers. */
const cast: ImportRule = (node) => {
  const to = node.int("to", 0);
  const saturates = node.flag("saturate", true);
  const value = node.value(0);
  const isInteger = to === DATA_TYPE.int64 || to === DATA_TYPE.int32;
  if (!saturates) throw node.error('attribute "saturate" is not supported');
  if (to === node.floatType && value.kind !== "integer") return float(exactly(value));
  if (to === node.floatType && value.kind === "integer") {
    return float(node.graph.constant(value.values, value.shape));
  }
  if (to === DATA_TYPE.bool && value.kind === "float")
    return { kind: "bool", node: value.node, exact: false };
  if ((to === DATA_TYPE.bool && value.kind === "bool") || (isInteger && value.kind === "integer"))
    return value;
  throw node.error("this conversion is not supported", `${value.kind} to data type ${to}`);
};

/** Values below `low` and above `high` replaced by them. */
const clip: ImportRule = (node) => {
  let x = node.float(0);
  if (node.has(1)) x = where(less(x, node.number(1)), node.number(1), x);
  if (node.has(2)) x = where(less(node.number(2), x), node.number(2), x);
  return float(x);
};

export const arithmeticRules: ImportRules = {
  Neg: unary(neg),
  Exp: unary(exp),
  Log: unary(log),
  Sqrt: unary(sqrt),
  Tanh: unary(tanh),
  Sigmoid: unary(sigmoid),
  Softplus: unary(softplus),
  Erf: unary(erf),
  Relu: unary(relu),
  Abs: unary(abs),
  Sign: unary(sign),
  Add: binary(add),
  Sub: binary(sub),
  Mul: binary(mul),
  Div: binary(div),
  Pow: (node) => float(power(node)),
  Clip: clip,
  // At 0 the slopes of the last two are the left and the right one, as in PyTorch.
  LeakyRelu: (node) => {
    const x = node.float(0);
    return float(where(less(0, x), x, mul(node.real("alpha", 0.01), x)));
  },
  Elu: (node) => {
    const x = node.float(0);
    // relu keeps the exponential of the branch not taken from overflowing.
    return float(where(less(x, 0), mul(node.real("alpha", 1), sub(exp(neg(relu(neg(x)))), 1)), x));
  },
  Less: comparison(less),
  Greater: comparison((a, b) => less(b, a)),
  Equal: comparison(equal),
  // Two comparisons rather than 1 − (b < a), which would call NaN ≤ x true.
  LessOrEqual: comparison((a, b) => add(less(a, b), equal(a, b))),
  GreaterOrEqual: comparison((a, b) => add(less(b, a), equal(a, b))),
  Not: (node) => bool(sub(1, node.zeroOne(0))),
  And: (node) => bool(mul(node.zeroOne(0), node.zeroOne(1))),
  Where: (node) => float(where(node.truth(0), node.float(1), node.float(2))),
  Cast: cast,
  Identity: (node) => node.value(0),
  // At inference dropout passes its input on.
  Dropout: (node) => {
    node.int("seed", 0);
    if (node.has(2)) throw node.error("dropout in training mode is not supported");
    return node.value(0);
  },
  ReduceSum: reduction(sum),
  ReduceMean: reduction(mean),
  ReduceMax: reduction(max),
  Softmax: (node) => {
    const { exponentials, axis } = shiftedExponentials(node);
    return float(div(exponentials, sum(exponentials, [axis], true)));
  },
  LogSoftmax: (node) => {
    const { shifted, exponentials, axis } = shiftedExponentials(node);
    return float(sub(shifted, log(sum(exponentials, [axis], true))));
  },
};
