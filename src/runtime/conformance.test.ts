// Every operator and its derivatives to third order on ONNX Runtime, in both precisions, against the interpreter.
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { caseProgram, everything, type CaseProgram } from "../../test/cases-derivatives.ts";
import { worstError, type OperatorCase } from "../../test/cases-support.ts";
import { operatorCases } from "../../test/cases.ts";
import { vectorFrom, type DType, type Vector } from "../math/index.ts";
import { sizeOf, type Program } from "../tensor/index.ts";
import { evaluate, onnxRuntimeBackend } from "./index.ts";

/** Errors relative to the largest entry of an output (or 1). */
const TOLERANCE = { float32: 3e-5, float64: 2e-13 } as const;

const cpu = onnxRuntimeBackend(ort, { device: "cpu", threads: 1 });
const cases = Object.entries(operatorCases).flatMap(([op, items]) =>
  items.map((item): [string, string, OperatorCase] => [op, item.name, item]),
);
const GUARD = -77;

/** A view of `length` values in the middle of a larger buffer, which `intact` finds unharmed or not. */
function view(dtype: DType, length: number): { values: Vector; intact: () => boolean } {
  const buffer = vectorFrom(dtype, new Float64Array(length + 7).fill(GUARD));
  return {
    values: buffer.subarray(3, 3 + length),
    intact: () =>
      [...buffer.subarray(0, 3), ...buffer.subarray(3 + length)].every((value) => value === GUARD),
  };
}

/** Inputs as the precision sees them, so that the interpreter starts from the same numbers. */
function rounded(item: CaseProgram, dtype: DType): Map<(typeof item.inputs)[number], Float64Array> {
  return new Map(
    item.inputs.map((node) => [node, Float64Array.from(vectorFrom(dtype, item.values.get(node)!))]),
  );
}

async function runInViews(program: Program, item: CaseProgram, dtype: DType): Promise<Vector[]> {
  const executable = await cpu.compile(program, dtype);
  const feeds = program.inputs.map((node) => {
    const feed = view(dtype, sizeOf(node.shape));
    feed.values.set(item.values.get(node)!);
    return feed;
  });
  const results = program.outputs.map((node) => view(dtype, sizeOf(node.shape)));
  const arguments_ = [feeds, results].map((views) => views.map(({ values }) => values));
  await executable.run(arguments_[0]!, arguments_[1]!);
  const first = arguments_[1]!.map((values) => values.slice());
  for (const { values } of results) values.fill(GUARD);
  await executable.run(arguments_[0]!, arguments_[1]!);
  await executable.dispose();

  expect(arguments_[1], "a second run gives the same bits").toEqual(first);
  feeds.forEach((feed, k) => {
    expect(feed.intact(), "feeds are only read").toBe(true);
    expect(feed.values).toEqual(vectorFrom(dtype, item.values.get(program.inputs[k]!)!));
  });
  for (const result of results) expect(result.intact(), "writes stay inside the view").toBe(true);
  return first;
}

describe.each(["float64", "float32"] as const)("ONNX Runtime on the CPU in %s", (dtype) => {
  test.each(cases)("%s %s: value, ∇L, Hu and ∇³L(u,u)", async (op, _, definition) => {
    const item = caseProgram(op, definition);
    const program = everything(item);
    const expected = evaluate(program, rounded(item, dtype));
    const got = await runInViews(program, item, dtype);
    expected.forEach((values, k) => {
      expect(worstError(got[k]!, values), `output ${k}`).toBeLessThan(TOLERANCE[dtype]);
    });
  });
});
