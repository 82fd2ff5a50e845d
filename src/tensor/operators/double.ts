// Functions in the language itself that ONNX Runtime has in float32 only, or slower.
import { ERF_CENTER, ERF_MIDDLE, ERF_TAIL } from "../../math/index.ts";
import { abs, add, div, exp, less, log, mul, neg, relu, sign, sub, where } from "../build.ts";
import type { Node } from "../graph.ts";

/** log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|): the exponential never overflows. */
export function softplusByLog(x: Node): Node {
  return add(relu(x), log(add(1, exp(neg(abs(x))))));
}

function polynomial(x: Node, coefficients: readonly number[]): Node {
  let value: Node = x.graph.constant(coefficients[0]!);
  for (const coefficient of coefficients.slice(1)) value = add(mul(value, x), coefficient);
  return value;
}

/**
 * erf by Cody's three rational approximations (W. J. Cody, Math. Comp. 23, 1969), relative error below 1e-15.
 * Arguments of each branch are clamped to its interval, so that unused branches stay finite.
 */
export function doubleErf(x: Node): Node {
  const size = abs(x);
  const isSmall = less(size, 0.46875);
  const isMiddle = less(size, 4);
  const center = where(isSmall, x, 0);
  const middle = where(isSmall, 1, where(isMiddle, size, 1));
  const tail = where(isMiddle, 4, where(less(size, 6), size, 6));

  const square = mul(center, center);
  const small = mul(
    center,
    div(polynomial(square, ERF_CENTER.numerator), polynomial(square, ERF_CENTER.denominator)),
  );

  const middleRatio = div(
    polynomial(middle, ERF_MIDDLE.numerator),
    polynomial(middle, ERF_MIDDLE.denominator),
  );
  const middleErfc = mul(exp(neg(mul(middle, middle))), middleRatio);

  const inverse = div(1, mul(tail, tail));
  const tailRatio = mul(
    inverse,
    div(polynomial(inverse, ERF_TAIL.numerator), polynomial(inverse, ERF_TAIL.denominator)),
  );
  const tailErfc = mul(div(exp(neg(mul(tail, tail))), tail), sub(1 / Math.sqrt(Math.PI), tailRatio));

  const erfc = where(isMiddle, middleErfc, tailErfc);
  return where(isSmall, small, mul(sign(x), sub(1, erfc)));
}
