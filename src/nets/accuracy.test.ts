// Accuracy rules on outputs with ties, signs and NaN.
import { expect, test } from "vitest";
import { accuracyRule, countCorrect } from "./accuracy.ts";

test("the rule follows the task", () => {
  expect(accuracyRule(10, 10)).toBe("argmax");
  expect(accuracyRule(2, 2)).toBe("argmax");
  expect(accuracyRule(2, 1)).toBe("sign");
  expect(accuracyRule(0, 1)).toBeNull();
  expect(accuracyRule(0, 5)).toBeNull();
});

test("argmax counts rows whose largest output is the label", () => {
  const targets = [0, 1, 0, 1, 0, 0, 0, 0, 1];
  expect(countCorrect("argmax", [0.1, 0.9, 0, 5, -1, 2, 1, 2, 3], targets, 3)).toBe(3);
  expect(countCorrect("argmax", [0.9, 0.1, 0, 5, -1, 2, 1, 3, 2], targets, 3)).toBe(1);
});

test("ties go to the first class, as in PyTorch and NumPy", () => {
  expect(countCorrect("argmax", [1, 1], [1, 0], 2)).toBe(1);
  expect(countCorrect("argmax", [1, 1], [0, 1], 2)).toBe(0);
});

test("negative targets of other classes do not matter", () => {
  expect(countCorrect("argmax", [-3, -1, -2], [-1, 1, -1], 3)).toBe(1);
});

test("sign compares signs; 0 and NaN are wrong", () => {
  expect(countCorrect("sign", [2, -0.1, 0.1, 0, Number.NaN], [1, -1, -1, 1, 1], 1)).toBe(2);
  expect(countCorrect("argmax", [Number.NaN, 1], [1, 0], 2)).toBe(0);
  expect(countCorrect("argmax", [1, Number.NaN], [1, 0], 2)).toBe(0);
});

test("outputs beyond the targets are padding", () => {
  expect(countCorrect("argmax", [1, 0, 1, 0], [1, 0], 2)).toBe(1);
});
