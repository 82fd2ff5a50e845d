// Subscripts and powers: what is set as one, what is left alone, and that no character is lost.
import { expect, test } from "vitest";
import { headlessDocument } from "./headless.ts";
import { typesetScripts } from "./typeset.ts";

function typeset(text: string): Element {
  const document = headlessDocument();
  const svg = document.createElement("svg");
  const element = document.createElement("text");
  element.textContent = text;
  svg.appendChild(element);
  typesetScripts(document, svg);
  return element;
}

/** Texts of the pieces set smaller than their surroundings. */
function small(text: string): (string | null)[] {
  return [...typeset(text).querySelectorAll("tspan[font-size]")].map((piece) => piece.textContent);
}

test("single letters take subscripts, numbers may be powers", () => {
  expect(small("gap S_GD − S_eq(b)")).toEqual(["GD", "eq"]);
  expect(small("σ_u² and λ_max")).toEqual(["u", "max"]);
  expect(small("17·(b/50)^−1.27, R²")).toEqual(["−1.27"]);
  expect(typeset("gap S_GD − S_eq(b)").textContent).toBe("gap SGD − Seq(b)");
});

test("names of files and settings stay as they are", () => {
  for (const text of ["net_init", "run_a_1", "x_long", "a_b_c", "fc_tanh", "^", "b^x", "plain", ""]) {
    expect(typeset(text).outerHTML).toBe(`<text>${text}</text>`);
  }
});

test("what follows a script stands on the baseline again", () => {
  const shifts = [...typeset("S_eq = 2").querySelectorAll("tspan")].map((piece) => {
    const size = Number((piece.getAttribute("font-size") ?? "1em").replace("em", ""));
    return size * Number(piece.getAttribute("dy")!.replace("em", ""));
  });
  expect(shifts).toHaveLength(2);
  expect(shifts[0]! + shifts[1]!).toBeCloseTo(0, 3);
});
