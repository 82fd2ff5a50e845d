// The launcher and install scripts, in small made-up checkouts: building when stale, and saying what is missing.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const root = path.resolve(import.meta.dirname, "../..");

interface SetupScript {
  readonly checkNode: (version: string, manifest: { engines: { node: string } }) => void;
  readonly missingPackages: (directory: string) => string[];
}

const script = async <T>(name: string): Promise<T> =>
  (await import(pathToFileURL(path.join(root, "scripts", name)).href)) as T;

let checkout: string;

beforeEach(() => {
  checkout = mkdtempSync(path.join(tmpdir(), "brink-checkout-"));
});

afterEach(() => rmSync(checkout, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const file = path.join(checkout, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** A checkout whose "compiler" counts its runs and emits a command line that echoes its arguments. */
function fakeCheckout(options: { compilerFails?: boolean } = {}): void {
  cpSync(path.join(root, "scripts"), path.join(checkout, "scripts"), { recursive: true });
  cpSync(path.join(root, "brink"), path.join(checkout, "brink"));
  chmodSync(path.join(checkout, "brink"), 0o755);
  write("package.json", JSON.stringify({ type: "module", engines: { node: ">=20.19" } }));
  write("package-lock.json", "{}");
  write("tsconfig.base.json", "{}");
  write("src/cli/index.ts", "1");
  write("node_modules/typescript/package.json", JSON.stringify({ type: "commonjs" }));
  write(
    "node_modules/typescript/bin/tsc",
    `const fs = require("node:fs");
fs.appendFileSync("builds.log", process.argv.slice(2).join(" ") + "\\n");
if (${options.compilerFails === true}) { console.log("src/cli/index.ts(1,1): error"); process.exit(2); }
fs.mkdirSync("dist/cli", { recursive: true });
fs.writeFileSync("dist/cli/index.js",
  "export const processIo = () => null; export const runCommandLine = async (argv) => { console.log(JSON.stringify(argv)); return 3; };");`,
  );
}

function launch(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  // From another folder: where the launcher lies decides, not where it is called.
  const { status, stdout, stderr } = spawnSync(path.join(checkout, "brink"), args, {
    cwd: tmpdir(),
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

const builds = (): number =>
  existsSync(path.join(checkout, "builds.log")) ? readLines(path.join(checkout, "builds.log")) : 0;

function readLines(file: string): number {
  return spawnSync("wc", ["-l", file], { encoding: "utf8" }).stdout.trim().split(" ").map(Number)[0]!;
}

describe("the launcher", () => {
  it("builds once, then only runs; passes arguments and the exit code", () => {
    fakeCheckout();
    const first = launch("run", "a b.yaml", "--set", "x=1");
    expect(first).toMatchObject({ status: 3, stdout: '["run","a b.yaml","--set","x=1"]\n' });
    expect(first.stderr).toContain("Building");
    expect(launch()).toEqual({ status: 3, stdout: "[]\n", stderr: "" });
    expect(builds()).toBe(1);
  });

  it("rebuilds after a change, an addition or a removal, whatever the new file's date", () => {
    fakeCheckout();
    launch();
    const added = write("src/math/extra.ts", "2");
    utimesSync(added, new Date(0), new Date(0));
    launch();
    expect(builds()).toBe(2);
    rmSync(added);
    launch();
    expect(builds()).toBe(3);
    const soon = new Date(Date.now() + 10_000);
    utimesSync(path.join(checkout, "src/cli/index.ts"), soon, soon);
    launch();
    expect(builds()).toBe(4);
    write("src/math/extra.test.ts", "tests are not part of dist");
    launch();
    expect(builds()).toBe(4);
  });

  it("says so when the build fails, and tries again next time", () => {
    fakeCheckout({ compilerFails: true });
    const result = launch("ls");
    expect(result.status).toBe(1);
    expect(result.stdout).toBe("");
    expect(result.stderr).toContain("error");
    expect(result.stderr).toContain("The build failed");
    launch("ls");
    expect(builds()).toBe(2);
  });

  it("says what to type when dependencies are missing", () => {
    fakeCheckout();
    rmSync(path.join(checkout, "node_modules"), { recursive: true });
    const result = launch("ls");
    expect(result.status).toBe(1);
    expect(result.stderr).toContain("npm install");
    expect(result.stderr.trim().split("\n")).toHaveLength(1);
  });

  it("takes over the build lock of a process that was killed", () => {
    fakeCheckout();
    const lock = write("dist/.build-lock", "");
    const old = new Date(Date.now() - 600_000);
    utimesSync(lock, old, old);
    expect(launch().status).toBe(3);
    expect(existsSync(lock)).toBe(false);
  });
});

describe("setup", () => {
  it("compares the Node version with package.json's floor", async () => {
    const { checkNode } = await script<SetupScript>("setup.mjs");
    const manifest = { engines: { node: ">=20.19" } };
    for (const good of ["20.19.0", "20.20.2", "22.1.0", "24.0.0"])
      expect(() => checkNode(good, manifest)).not.toThrow();
    for (const bad of ["18.20.0", "20.9.0", "20.18.9"])
      expect(() => checkNode(bad, manifest)).toThrow(`>=20.19; this is ${bad}`);
  });

  it("finds packages that are absent, outdated or half removed, and forgives other platforms' binaries", async () => {
    const { missingPackages } = await script<SetupScript>("setup.mjs");
    const packages = {
      "": { version: "1.0.0" },
      "node_modules/zod": { version: "4.0.0" },
      "node_modules/@types/node": { version: "20.0.0" },
      "node_modules/binary-other-os": { version: "1.0.0", optional: true },
    };
    write("package-lock.json", JSON.stringify({ packages }));
    expect(missingPackages(checkout)).toEqual(["zod", "@types/node"]);
    write("node_modules/zod/package.json", "{}");
    write("node_modules/@types/node/package.json", "{}");
    const install = (zod: string): string =>
      write(
        "node_modules/.package-lock.json",
        JSON.stringify({ packages: { ...packages, "node_modules/zod": { version: zod } } }),
      );
    install("3.0.0");
    expect(missingPackages(checkout)).toEqual(["zod"]);
    install("4.0.0");
    expect(missingPackages(checkout)).toEqual([]);
    rmSync(path.join(checkout, "node_modules/zod"), { recursive: true });
    expect(missingPackages(checkout)).toEqual(["zod"]);
  });

  it("finds this checkout's own installation complete", async () => {
    const { missingPackages } = await script<SetupScript>("setup.mjs");
    expect(missingPackages(root)).toEqual([]);
  });
});

describe("npm test's closing line", () => {
  interface TestScript {
    readonly countTests: (report: object) => { passed: number; failed: number; skipped: number };
  }
  const report = {
    success: true,
    numPassedTests: 5,
    numFailedTests: 0,
    numPendingTests: 2,
    numTodoTests: 1,
    testResults: [],
  };

  it("counts passed, failed and skipped tests", async () => {
    const { countTests } = await script<TestScript>("test.mjs");
    expect(countTests(report)).toEqual({ passed: 5, failed: 0, skipped: 3 });
    const failedFile = { status: "failed", assertionResults: [{ status: "failed" }] };
    expect(
      countTests({ ...report, success: false, numFailedTests: 1, testResults: [failedFile] }).failed,
    ).toBe(1);
  });

  it("counts a file that did not load, and an error outside any test, as failures", async () => {
    const { countTests } = await script<TestScript>("test.mjs");
    const unloadable = { status: "failed", assertionResults: [] };
    expect(countTests({ ...report, success: false, testResults: [unloadable] }).failed).toBe(1);
    expect(countTests({ ...report, success: false }).failed).toBe(1);
  });
});
