// Quoting for a shell, held against what a shell makes of it.
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { shellCommand, shellQuote } from "./shell.ts";

test("plain words stay bare", () => {
  expect(shellCommand("brink", "run", "a.yaml", "--set", "optimizer.lr=0.1")).toBe(
    "brink run a.yaml --set optimizer.lr=0.1",
  );
});

test.skipIf(process.platform === "win32")("a shell reads every word back", () => {
  const words = ["it's", "a b", "$HOME", "`id`", '"', "\\", "", "*", "β=½", "line\nbreak"];
  const command = `printf '%s\\0' ${words.map(shellQuote).join(" ")}`;
  expect(execFileSync("sh", ["-c", command], { encoding: "utf8" })).toBe(words.map((w) => `${w}\0`).join(""));
});
