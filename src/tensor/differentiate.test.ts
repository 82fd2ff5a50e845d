// Derivatives with closed forms, what null means, and misuse.
import { describe, expect, test } from "vitest";
import { crossEntropy, logSumExp } from "../../test/cases-networks.ts";
import { direction, innerProduct, worstError } from "../../test/cases-support.ts";
import { InputError } from "../math/index.ts";
import { evaluate } from "../runtime/index.ts";
import {
  abs,
  add,
  concat,
  createGraph,
  div,
  exp,
  expand,
  grad,
  inner,
  jvp,
  log,
  matmul,
  mul,
  relu,
  reshape,
  sigmoid,
  sign,
  slice,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  tanh,
  vjp,
  where,
  less,
  type Node,
} from "./index.ts";

type Values = ReadonlyMap<Node, ArrayLike<number>>;

const run = (outputs: readonly (Node | null)[], values: Values): number[][] =>
  evaluate({ inputs: [], outputs: outputs.map((node) => node!) }, values).map((data) => Array.from(data));

/** f, f′, f″, f‴ of a function of one number, by repeated reverse mode and by repeated forward mode. */
function derivatives(build: (x: Node) => Node, at: number): [reverse: number[], forward: number[]] {
  const graph = createGraph();
  const x = graph.input("x", []);
  const reverse = [build(x)];
  const forward = [build(x)];
  for (let k = 0; k < 3; k++) {
    reverse.push(grad(reverse[k]!, [x])[0] ?? graph.constant(0));
    forward.push(jvp([forward[k]!], new Map([[x, graph.constant(1)]]))[0] ?? graph.constant(0));
  }
  const values = new Map([[x, [at]]]);
  return [run(reverse, values).flat(), run(forward, values).flat()];
}

describe("functions of one number", () => {
  const x = 0.7;
  const t = Math.tanh(x);
  const s = 1 / (1 + Math.exp(-x));
  test.each<[string, (x: Node) => Node, number[]]>([
    ["x⁴", (n) => square(square(n)), [x ** 4, 4 * x ** 3, 12 * x ** 2, 24 * x]],
    ["1/x", (n) => div(1, n), [1 / x, -1 / x ** 2, 2 / x ** 3, -6 / x ** 4]],
    [
      "e^(x²)",
      (n) => exp(square(n)),
      [1, 2 * x, 4 * x ** 2 + 2, 8 * x ** 3 + 12 * x].map((p) => p * Math.exp(x * x)),
    ],
    ["x log x", (n) => mul(n, log(n)), [x * Math.log(x), Math.log(x) + 1, 1 / x, -1 / x ** 2]],
    ["√x", sqrt, [x ** 0.5, x ** -0.5 / 2, -(x ** -1.5) / 4, (3 * x ** -2.5) / 8]],
    ["tanh", tanh, [t, 1 - t * t, -2 * t * (1 - t * t), (1 - t * t) * (6 * t * t - 2)]],
    ["σ", sigmoid, [s, s * (1 - s), s * (1 - s) * (1 - 2 * s), s * (1 - s) * (1 - 6 * s + 6 * s * s)]],
    ["x + x", (n) => add(n, n), [2 * x, 2, 0, 0]],
    ["x − x", (n) => sub(n, n), [0, 0, 0, 0]],
    ["x³ as x·x·x", (n) => mul(mul(n, n), n), [x ** 3, 3 * x ** 2, 6 * x, 6]],
    ["relu(x)²", (n) => square(relu(n)), [x * x, 2 * x, 2, 0]],
    ["|x|³", (n) => mul(square(n), abs(n)), [x ** 3, 3 * x ** 2, 6 * x, 6]],
    ["x² where x < 1", (n) => where(less(n, 1), square(n), exp(n)), [x * x, 2 * x, 2, 0]],
    ["x · stop(x²)", (n) => mul(n, stopGradient(square(n))), [x ** 3, x * x, 0, 0]],
  ])("%s", (_, build, expected) => {
    const [reverse, forward] = derivatives(build, x);
    expect(worstError(reverse, expected)).toBeLessThan(1e-14);
    expect(worstError(forward, expected)).toBeLessThan(1e-14);
  });
});

describe("functions of vectors and matrices", () => {
  const graph = createGraph();
  const n = 4;
  const x = graph.input("x", [n, 1]);
  const a = graph.input("a", [n, n]);
  const v = graph.input("v", [n, 1]);
  const values = new Map([
    [x, direction(n, 1)],
    [a, direction(n * n, 2)],
    [v, direction(n, 3)],
  ]);
  const read = (node: Node, i: number, j = 0): number => values.get(node)![i * node.shape[1]! + j]!;
  const indices = [...Array(n).keys()];

  test("xᵀAx: gradient (A + Aᵀ)x, Hessian A + Aᵀ, gradient in A x xᵀ, no third derivative", () => {
    const form = sum(matmul(matmul(x, a, true), x));
    const [byX, byA] = grad(form, [x, a]) as [Node, Node];
    const product = jvp([byX], new Map([[x, v]]))[0]!;
    const [gradient, outer, hv] = run([byX, byA, product], values);
    const symmetric = (from: Node): number[] =>
      indices.map((i) =>
        indices.reduce((total, j) => total + (read(a, i, j) + read(a, j, i)) * read(from, j), 0),
      );
    expect(worstError(gradient!, symmetric(x))).toBeLessThan(1e-15);
    expect(worstError(hv!, symmetric(v))).toBeLessThan(1e-15);
    expect(
      worstError(
        outer!,
        indices.flatMap((i) => indices.map((j) => read(x, i) * read(x, j))),
      ),
    ).toBeLessThan(1e-15);
    expect(jvp([product], new Map([[x, v]]))).toEqual([null]);
    // Moving x along v and A along B: D² = 2vᵀAv + 2(vᵀBx + xᵀBv).
    const b = graph.input("b", [n, n]);
    const known = new Map(values).set(b, direction(n * n, 8));
    const both = new Map([
      [x, v],
      [a, b],
    ]);
    const second = jvp(jvp([form], both) as Node[], both)[0]!;
    const bilinear = (p: Node, m: Node, q: Node): Node => sum(matmul(matmul(p, m, true), q));
    const expected = mul(2, add(bilinear(v, a, v), add(bilinear(v, b, x), bilinear(x, b, v))));
    const [got, want] = run([second, expected], known);
    expect(worstError(got!, want!)).toBeLessThan(1e-15);
  });

  test("½‖Ax − b‖²: gradient Aᵀ(Ax − b), Hessian AᵀA", () => {
    const residual = sub(matmul(a, x), v);
    const gradient = grad(mul(0.5, sum(square(residual))), [x])[0]!;
    const u = graph.input("u", [n, 1]);
    const known = new Map(values).set(u, direction(n, 9));
    const expected = [matmul(a, residual, true), matmul(a, matmul(a, u), true)];
    const [g, h] = run([gradient, jvp([gradient], new Map([[x, u]]))[0]!], known);
    const [wantG, wantH] = run(expected, known);
    expect(worstError(g!, wantG!)).toBeLessThan(1e-15);
    expect(worstError(h!, wantH!)).toBeLessThan(1e-15);
  });

  test("log-sum-exp: gradient softmax p, Hessian diag(p) − ppᵀ, third derivative its cumulant", () => {
    const z = graph.input("z", [1, 5]);
    const u = graph.input("u5", [1, 5]);
    const data = [0.3, -2, 1.7, 0, 1.2];
    const along = direction(5, 4);
    const value = sum(logSumExp(z));
    const gradient = grad(value, [z])[0]!;
    const product = jvp([gradient], new Map([[z, u]]))[0]!;
    const third = grad(jvp(jvp([value], new Map([[z, u]])) as Node[], new Map([[z, u]]))[0]!, [z])[0]!;
    const [f, p, hu, tuu] = run(
      [value, gradient, product, third],
      new Map<Node, ArrayLike<number>>([
        [z, data],
        [u, along],
      ]),
    );
    const total = data.reduce((sum, value) => sum + Math.exp(value), 0);
    const softmax = data.map((value) => Math.exp(value) / total);
    const mean = innerProduct(softmax, along);
    const variance = softmax.reduce((sum, q, i) => sum + q * (along[i]! - mean) ** 2, 0);
    expect(f![0]).toBeCloseTo(Math.log(total), 14);
    expect(worstError(p!, softmax)).toBeLessThan(1e-15);
    expect(
      worstError(
        hu!,
        softmax.map((q, i) => q * (along[i]! - mean)),
      ),
    ).toBeLessThan(1e-15);
    // ∂ variance / ∂z_i = p_i ((u_i − m)² − variance).
    expect(
      worstError(
        tuu!,
        softmax.map((q, i) => q * ((along[i]! - mean) ** 2 - variance)),
      ),
    ).toBeLessThan(1e-15);
  });

  test("cross-entropy: gradient (softmax − target)/n, finite however large the logits", () => {
    const z = graph.input("logits", [2, 3]);
    const y = graph.input("targets", [2, 3]);
    const known = new Map<Node, number[]>([
      [z, [1000, 0, -1000, 0, 1, 2]],
      [y, [1, 0, 0, 1, 0, 0]],
    ]);
    const loss = crossEntropy(z, y);
    const [value, gradient] = run([loss, grad(loss, [z])[0]!], known);
    const total = 1 + Math.E + Math.E ** 2;
    expect(value![0]).toBeCloseTo(Math.log(total) / 2, 14);
    expect(
      worstError(gradient!, [0, 0, 0, (1 / total - 1) / 2, Math.E / total / 2, Math.E ** 2 / total / 2]),
    ).toBeLessThan(1e-15);
  });

  test("several outputs pull back together, and a repeated one counts twice", () => {
    const y1 = tanh(x);
    const y2 = mul(x, x);
    const [joint, twice, apart1, apart2] = run(
      [
        vjp([y1, y2], [v, a.graph.constant([1, 2, 3, 4], [n, 1])], [x])[0]!,
        vjp([y1, y1], [v, v], [x])[0]!,
        vjp([y1], [v], [x])[0]!,
        vjp([y2], [a.graph.constant([1, 2, 3, 4], [n, 1])], [x])[0]!,
      ],
      values,
    );
    expect(
      worstError(
        joint!,
        apart1!.map((p, i) => p + apart2![i]!),
      ),
    ).toBeLessThan(1e-15);
    expect(
      worstError(
        twice!,
        apart1!.map((p) => 2 * p),
      ),
    ).toBeLessThan(1e-15);
  });

  test("intermediate values can be the variables", () => {
    const hidden = tanh(matmul(a, x));
    const loss = sum(square(hidden));
    const [byHidden, byX, value] = run([grad(loss, [hidden])[0]!, grad(loss, [x])[0]!, hidden], values);
    expect(byHidden).toEqual(value!.map((h) => 2 * h));
    const slopes = value!.map((h, i) => byHidden![i]! * (1 - h * h));
    expect(
      worstError(
        byX!,
        indices.map((j) => indices.reduce((total, i) => total + slopes[i]! * read(a, i, j), 0)),
      ),
    ).toBeLessThan(1e-15);
    // Forward too: an intermediate value moves as told, whatever its inputs do.
    const [moved] = jvp(
      [loss],
      new Map([
        [hidden, v],
        [x, v],
      ]),
    );
    expect(run([moved!], values)[0]![0]).toBeCloseTo(2 * innerProduct(value!, values.get(v)!), 14);
  });
});

describe("absent derivatives are null", () => {
  const graph = createGraph();
  const x = graph.input("x", [2]);
  const y = graph.input("y", [2]);
  const one = graph.constant([1, 1], [2]);

  test("no dependence, through any number of operators", () => {
    const loss = sum(tanh(mul(x, 3)));
    expect(grad(loss, [y])).toEqual([null]);
    expect(jvp([loss, y], new Map([[y, one]]))).toEqual([null, one]);
    expect(jvp([loss, concat([x, expand(loss, [1])], 0)], new Map([[y, one]]))).toEqual([null, null]);
    expect(grad(graph.constant(2), [x])).toEqual([null]);
    expect(jvp([loss], new Map())).toEqual([null]);
  });

  test("dependence only through what has no derivative", () => {
    const loss = sum(add(mul(sign(x), y), stopGradient(exp(x))));
    expect(grad(loss, [x])).toEqual([null]);
    expect(jvp([loss], new Map([[x, one]]))).toEqual([null]);
    expect(grad(loss, [y])).toEqual([expect.objectContaining({ shape: [2] })]);
  });

  test("derivatives of what is linear end, and leave no zero tensors in the program", () => {
    const linear = sum(slice(concat([x, mul(y, 2)], 0), [1], [3]));
    const once = jvp(
      [linear],
      new Map([
        [x, one],
        [y, one],
      ]),
    );
    expect(run(once, new Map())[0]).toEqual([3]);
    expect(
      jvp(
        once as Node[],
        new Map([
          [x, one],
          [y, one],
        ]),
      ),
    ).toEqual([null]);
    const gradient = grad(linear, [x, y]) as Node[];
    expect(run(gradient, new Map())).toEqual([
      [0, 1],
      [2, 0],
    ]);
    expect(grad(sum(gradient[0]!), [x, y])).toEqual([null, null]);
  });

  test("a variable listed twice gets the same gradient twice", () => {
    const loss = inner(x, square(y));
    const [first, second, third] = grad(loss, [x, y, x]);
    expect(first).toBe(third);
    expect(second).not.toBe(first);
  });

  test("the gradient of a variable by itself is 1", () => {
    const s = graph.input("s", []);
    expect(grad(s, [s, x])).toEqual([graph.constant(1), null]);
    expect(jvp([s], new Map([[s, graph.constant(4)]]))).toEqual([graph.constant(4)]);
  });
});

describe("misuse", () => {
  const graph = createGraph();
  const x = graph.input("x", [2]);

  test("only scalars have a gradient", () => {
    expect(() => grad(x, [x])).toThrow(InputError);
    expect(() => grad(reshape(sum(x), [1]), [x])).toThrow(/shape \[1\]/);
  });

  test("tangents and cotangents have their values' shapes", () => {
    expect(() => jvp([x], new Map([[x, graph.input("t", [3])]]))).toThrow(/\[3\] for \[2\]/);
    expect(() => jvp([x], new Map([[x, graph.constant(1)]]))).toThrow(InputError);
    expect(() => vjp([tanh(x)], [graph.input("c", [3])], [x])).toThrow(/\[3\] for \[2\]/);
    expect(() => vjp([tanh(x), x], [x], [x])).toThrow(InputError);
  });
});
