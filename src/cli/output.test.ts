// What goes to which stream, and how errors look for people and for programs.
import { describe, expect, it } from "vitest";
import { InputError, RunError } from "../math/index.ts";
import { type Io, Output } from "./output.ts";

function capture(isTTY = false): { io: Io; out: () => string; err: () => string } {
  const text = { out: "", err: "" };
  const sink = (name: "out" | "err") => ({
    isTTY,
    write: (chunk: string) => {
      text[name] += chunk;
    },
  });
  const io: Io = { stdout: sink("out"), stderr: sink("err"), env: {}, cwd: "/", now: () => 0 };
  return { io, out: () => text.out, err: () => text.err };
}

describe("Output", () => {
  it("prints text or JSON, never both", () => {
    const plain = capture();
    const human = new Output(plain.io, { json: false, quiet: false, color: true });
    human.text("table");
    human.json({ a: 1 });
    expect(plain.out()).toBe("table\n");
    const machine = capture();
    const json = new Output(machine.io, { json: true, quiet: false, color: true });
    json.text("table");
    json.json({ a: Number.NaN, b: [1, Number.NEGATIVE_INFINITY] });
    expect(machine.out()).toBe('{"a":null,"b":[1,null]}\n');
  });

  it("silences notes but not warnings when quiet", () => {
    const { io, err } = capture();
    const output = new Output(io, { json: false, quiet: true, color: false });
    output.note("hello");
    output.warn("careful");
    expect(err()).toBe("warning: careful\n");
  });

  it("colours only terminals, and only when allowed", () => {
    const terminal = capture(true);
    new Output(terminal.io, { json: false, quiet: false, color: true }).warn("x");
    expect(terminal.err()).toContain("\u001B[33m");
    const plain = capture(true);
    new Output(plain.io, { json: false, quiet: false, color: false }).warn("x");
    expect(plain.err()).not.toContain("\u001B");
  });

  it("returns the exit code of an error and keeps its parts under --json", () => {
    const { io, err, out } = capture();
    const output = new Output(io, { json: true, quiet: false, color: false });
    const error = new InputError("unknown key", {
      file: "a.yaml",
      field: "optimizer.lrr",
      hint: 'Did you mean "lr"?',
    });
    expect(output.error(error)).toBe(2);
    expect(out()).toBe("");
    expect(JSON.parse(err())).toEqual({
      error: {
        message: 'a.yaml: optimizer.lrr: unknown key. Did you mean "lr"?',
        kind: "InputError",
        code: 2,
        file: "a.yaml",
        field: "optimizer.lrr",
        hint: 'Did you mean "lr"?',
      },
    });
  });

  it("shows a stack only for errors that are not the user's", () => {
    const known = capture();
    const options = { json: false, quiet: false, color: false };
    expect(new Output(known.io, options).error(new RunError("disk full"))).toBe(1);
    expect(known.err()).toBe("error: disk full\n");
    const system = capture();
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), {
      code: "ENOSPC",
      syscall: "write",
    });
    expect(new Output(system.io, options).error(full)).toBe(1);
    expect(system.err()).toBe("error: ENOSPC: no space left on device, write\n");
    const unknown = capture();
    expect(new Output(unknown.io, options).error(new Error("defect"))).toBe(1);
    expect(unknown.err()).toMatch(/^error: defect\n\s+at /);
  });
});
