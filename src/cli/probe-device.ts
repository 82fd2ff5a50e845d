// Run by `brink doctor` in a process of its own: does a tiny program give the right numbers on one device?
// Separate because a missing driver makes native code print, or take the process down with it.
import { createGraph, matmul, tanh } from "../tensor/index.ts";
import { openBackend } from "./devices.ts";

const backend = await openBackend(process.argv[2] ?? "cpu", 1);
const x = createGraph().input("x", [2, 2]);
const executable = await backend.compile({ inputs: [x], outputs: [tanh(matmul(x, x))] }, "float32");
const result = new Float32Array(4);
await executable.run([new Float32Array([1, 0, 0, 0.5])], [result]);
await executable.dispose();
const expected = [Math.tanh(1), 0, 0, Math.tanh(0.25)];
const ok = expected.every((value, i) => Math.abs(value - result[i]!) < 1e-3);
process.stdout.write(`${JSON.stringify({ ok, name: backend.name, message: ok ? "" : "wrong numbers" })}\n`);
