// Violated identities of edge coupling are told from rounding.
import { expect, test } from "vitest";
import { couplingViolations, worstCouplingShare } from "./coupling.ts";

const roundings = {
  telescoping: 1e-15,
  balance: 1e-15,
  forcing: 1e-15,
  update: 2e-5,
  nearPeriodicity: 1e-13,
};
const residuals = { telescoping: 0, balance: 3e-15, forcing: 1e-16, update: 1e-5, nearPeriodicity: -0.02 };

test("residuals of the order of rounding are no violation", () => {
  expect(couplingViolations({ residuals, roundings })).toEqual([]);
  expect(worstCouplingShare({ residuals, roundings })).toBeCloseTo(3, 12);
});

test("steps that are not gradient descent are named, with both numbers", () => {
  const off = { ...residuals, update: 0.09, nearPeriodicity: 0.001 };
  expect(couplingViolations({ residuals: off, roundings }).map(({ message }) => message)).toEqual([
    "the steps are not −η∇L of the recorded learning rate and loss: off by 9.0e-2, rounding explains 2.0e-5",
    "r̄ is further from 2/η than the return after two steps allows: off by 1.0e-3, rounding explains 1.0e-13",
  ]);
});

test("where no step had a length there is nothing to violate, nor in records without roundings", () => {
  const none = { telescoping: 0, balance: 0, forcing: 0, update: 0, nearPeriodicity: 0 };
  expect(couplingViolations({ residuals: none, roundings: none })).toEqual([]);
  expect(worstCouplingShare({ residuals: none, roundings: none })).toBe(0);
  expect(couplingViolations({ residuals: { ...none, update: 1 } })).toEqual([]);
  expect(worstCouplingShare({ residuals: none })).toBeNull();
});
