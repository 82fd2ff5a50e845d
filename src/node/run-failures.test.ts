// Every way writing a run can fail: clear errors, nothing half-written, and the run still resumable.
import * as nodeFs from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  config,
  decode,
  eventsOf,
  finalParameters,
  provenance,
  reference,
  temporaryFolder,
  train,
} from "../../test/small-run.ts";
import { RunError } from "../math/index.ts";
import type { TensorFile } from "../record/index.ts";
import { diskFileSystem, type FileSystem } from "./files.ts";
import { createRun, openRun } from "./run-store.ts";

let root: string;

beforeEach(async () => {
  root = await temporaryFolder();
});

afterEach(async () => {
  await nodeFs.rm(root, { recursive: true, force: true });
});

/** A file system whose writes fail from the moment `failing.code` is set; files opened before are affected too. */
function failingFileSystem(failing: { code: string | null }): FileSystem {
  const fail = (): void => {
    if (failing.code !== null) throw Object.assign(new Error(failing.code), { code: failing.code });
  };
  return {
    ...diskFileSystem,
    mkdir: (async (...args: Parameters<typeof nodeFs.mkdir>) => {
      fail();
      return nodeFs.mkdir(...args);
    }) as FileSystem["mkdir"],
    open: async (...args) => {
      if (args[1] !== "r") fail();
      const handle = await nodeFs.open(...args);
      return new Proxy(handle, {
        get(target, key) {
          const member = Reflect.get(target, key, target) as unknown;
          if (typeof member !== "function") return member;
          if (key !== "writeFile") return member.bind(target) as unknown;
          return async (content: string | Uint8Array) => {
            if (failing.code !== null) {
              // A full disk takes what still fits.
              await target.write(content.slice(0, Math.floor(content.length / 2)) as string);
            }
            fail();
            await target.writeFile(content);
          };
        },
      });
    },
  };
}

describe("when the disk is full", () => {
  it.each(["ENOSPC", "EDQUOT"])(
    "(%s) a run stops with a clear error, nothing half-written, resumable",
    async (code) => {
      const whole = await reference(root);
      for (const failAt of [1, 9, 11, 25]) {
        const failing: { code: string | null } = { code: null };
        const store = await createRun({
          root: join(root, `${code}-${failAt}`),
          config,
          provenance,
          fs: failingFileSystem(failing),
        });
        await expect(
          train(store, null, (event) => {
            if (event.type === "step" && event.step === failAt) failing.code = code;
            return false;
          }),
        ).rejects.toThrow(/the disk is full.*resume the run/s);
        await store.close().catch((error: unknown) => expect(error).toBeInstanceOf(RunError));
        const events = await eventsOf(store.dir);
        expect(whole.events.startsWith(events)).toBe(true);
        expect(events === "" || events.endsWith("\n")).toBe(true);
        expect(
          (await nodeFs.readdir(join(store.dir, "checkpoints"))).filter((name) => name.endsWith(".tmp")),
        ).toEqual([]);
        const again = await openRun(store.dir);
        await train(again, await again.rewind(decode));
        await again.close();
        expect(await eventsOf(store.dir)).toBe(whole.events);
        expect(await finalParameters(store.dir)).toEqual(whole.parameters);
      }
    },
  );

  it("a run that cannot even begin leaves no folder", async () => {
    const failing: { code: string | null } = { code: null };
    const fs = failingFileSystem(failing);
    const create = createRun({
      root,
      config,
      provenance,
      fs: {
        ...fs,
        rename: async (from, to) => {
          failing.code = "ENOSPC";
          await nodeFs.rename(from, to);
        },
      },
    });
    await expect(create).rejects.toThrow(/disk is full/);
    expect(await nodeFs.readdir(root)).toEqual([]);
  });
});

describe("folders that cannot be written", () => {
  it.each(["EROFS", "EACCES"])("(%s) are reported with what to do", async (code) => {
    const create = createRun({ root: join(root, "x"), config, provenance, fs: failingFileSystem({ code }) });
    await expect(create).rejects.toThrow(/no permission.*Choose another folder/s);
    await expect(create).rejects.toBeInstanceOf(RunError);
  });

  it("a file in the place of the runs folder is named", async () => {
    await nodeFs.writeFile(join(root, "runs"), "");
    await expect(createRun({ root: join(root, "runs"), config, provenance })).rejects.toThrow(/runs/);
    await expect(createRun({ root: join(root, "runs", "x"), config, provenance })).rejects.toThrow(
      /is a file, not a folder/,
    );
  });
});

it("a checkpoint replaces atomically: a failed one leaves the last in place", async () => {
  const failing: { code: string | null } = { code: null };
  const store = await createRun({ root, config, provenance, fs: failingFileSystem(failing) });
  const file = (value: number): TensorFile => ({
    tensors: new Map([["w", { shape: [1], data: new Float32Array([value]) }]]),
    metadata: {},
  });
  await store.saveCheckpoint(5, file(1), 2);
  const before = await nodeFs.readFile(join(store.dir, "checkpoints", "step-00000005.safetensors"));
  failing.code = "ENOSPC";
  await expect(store.saveCheckpoint(5, file(2), 2)).rejects.toThrow(/disk is full/);
  await expect(store.saveCheckpoint(6, file(2), 2)).rejects.toThrow(/disk is full/);
  failing.code = null;
  expect(await nodeFs.readdir(join(store.dir, "checkpoints"))).toEqual(["step-00000005.safetensors"]);
  expect(await nodeFs.readFile(join(store.dir, "checkpoints", "step-00000005.safetensors"))).toEqual(before);
  await store.close();
});
