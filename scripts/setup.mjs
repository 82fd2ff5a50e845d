// What must be true before anything runs from a checkout: the right Node, dependencies installed, dist fresh.
// Plain Node built-ins only, because it runs before `npm install` has.
import { spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Message for the user and the exit code to leave with. */
export class SetupError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Throws unless this Node satisfies `engines.node` (">=major.minor"). */
export function checkNode(version = process.versions.node, manifest = readJson("package.json")) {
  const wanted = /(\d+)\.(\d+)/.exec(manifest.engines.node);
  const have = /^(\d+)\.(\d+)/.exec(version);
  const enough =
    Number(have[1]) > Number(wanted[1]) ||
    (Number(have[1]) === Number(wanted[1]) && Number(have[2]) >= Number(wanted[2]));
  if (!enough) {
    throw new SetupError(
      `Brink needs Node ${manifest.engines.node}; this is ${version}. Get a newer one from https://nodejs.org.`,
    );
  }
}

/**
 * Names of packages that package-lock.json asks for and node_modules lacks or has in another version.
 * Compares with the record npm keeps of its last install, so an install made by plain `npm install` counts too.
 * Packages marked optional (binaries for other platforms) may be absent.
 */
export function missingPackages(directory = root) {
  const wanted = JSON.parse(readFileSync(path.join(directory, "package-lock.json"), "utf8")).packages;
  const record = path.join(directory, "node_modules", ".package-lock.json");
  const installed = existsSync(record) ? JSON.parse(readFileSync(record, "utf8")).packages : {};
  return Object.entries(wanted)
    .filter(([place, entry]) => place !== "" && entry.optional !== true && entry.devOptional !== true)
    .filter(
      ([place, entry]) =>
        installed[place]?.version !== entry.version ||
        !existsSync(path.join(directory, place, "package.json")),
    )
    .map(([place]) => place.replace(/^.*node_modules\//, ""));
}

/**
 * Installs when something is missing; says so first. Throws SetupError when npm fails.
 *
 * `npm install --no-save` rather than `npm ci`: it keeps to the versions and checksums of the lock file too, but
 * repairs an incomplete node_modules instead of deleting it, and does not refuse a lock file that lacks other
 * platforms' optional binaries.
 */
export function ensureInstalled() {
  const missing = missingPackages();
  if (missing.length === 0) return;
  const what = missing.length > 3 ? `${missing.length} packages` : missing.join(", ");
  process.stderr.write(`Installing dependencies (${what} missing): npm install\n`);
  // `npm_execpath` is the npm that started us; a bare `npm` may be another version or absent from PATH.
  const npm = process.env.npm_execpath;
  const args = ["install", "--no-save", "--include=dev", "--no-fund", "--no-audit"];
  const result =
    npm !== undefined && npm.endsWith(".js")
      ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: ["ignore", 2, 2] })
      : spawnSync("npm", args, { cwd: root, stdio: ["ignore", 2, 2], shell: process.platform === "win32" });
  if (result.status !== 0) {
    throw new SetupError(
      "`npm install` failed (see above). Brink needs the network once, to install its dependencies.",
    );
  }
}

/** Where a Chromium or Chrome is found, first the one that `BRINK_CHROMIUM` names; null when there is none. */
export function findBrowser(environment = process.env) {
  const places = [
    environment.BRINK_CHROMIUM,
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  ];
  return places.find((place) => place !== undefined && place !== "" && existsSync(place)) ?? null;
}

/**
 * Installs Debian's Chromium for the browser tests where none is found and we may (root, apt). Elsewhere says what
 * to do; the browser tests then skip, and the runner counts them.
 */
export function ensureBrowser() {
  if (findBrowser() !== null) return;
  if (process.platform === "linux" && process.getuid() === 0 && existsSync("/usr/bin/apt-get")) {
    process.stderr.write("Installing Chromium for the browser tests: apt-get install chromium\n");
    const apt = (...args) =>
      spawnSync("apt-get", args, {
        stdio: ["ignore", 2, 2],
        env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      }).status === 0;
    const install = () => apt("install", "--yes", "--no-install-recommends", "chromium");
    if (install() || (apt("update") && install())) return;
  }
  process.stderr.write(
    "No Chromium found: install one (Debian: `apt-get install chromium`) or name it in BRINK_CHROMIUM. " +
      "Browser tests are skipped.\n",
  );
}

/** Newest modification time (ms) and number of the files that decide what dist contains. */
export function sourceState(folders, directory = root, pattern = /\.(ts|json)$/) {
  let newest = 0;
  let count = 0;
  const visit = (file) => {
    newest = Math.max(newest, statSync(file).mtimeMs);
    count++;
  };
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) walk(file);
      else if (pattern.test(entry.name) && !entry.name.endsWith(".test.ts")) visit(file);
    }
  };
  for (const folder of folders) walk(path.join(directory, folder));
  for (const file of ["tsconfig.base.json", "package-lock.json"]) visit(path.join(directory, file));
  return `${count} files, newest ${newest}\n`;
}

/**
 * Compiles `project` ("src/cli", "bench") when its sources changed since the last time this succeeded; a fresh
 * build costs only a walk over modification times. Returns whether it compiled.
 */
export async function ensureBuilt(project, folders) {
  const stamp = path.join(root, "dist", `.built-${project.replaceAll("/", "-")}`);
  const isFresh = () => existsSync(stamp) && readFileSync(stamp, "utf8") === sourceState(folders);
  if (isFresh()) return false;
  const tsc = path.join(root, "node_modules", "typescript", "bin", "tsc");
  if (!existsSync(tsc)) {
    throw new SetupError(
      "Dependencies are not installed: run `npm install` (or `npm start`, which installs them) first.",
    );
  }
  return withBuildLock(() => {
    // Another process may have built while this one waited.
    const state = sourceState(folders);
    if (isFresh()) return false;
    process.stderr.write("Building Brink …\n");
    const result = spawnSync(process.execPath, [tsc, "-b", path.join(root, project)], {
      cwd: root,
      stdio: ["ignore", 2, 2],
    });
    if (result.status !== 0) throw new SetupError("The build failed (see above).");
    writeFileSync(stamp, state);
    return true;
  });
}

/** Bundles the pages into dist/site when their sources changed; resolves with whether it did. */
export async function ensureSite() {
  const stamp = path.join(root, "dist", ".built-site");
  const state = () => sourceState(["src"], root, /\.(ts|tsx|css|html|svg|json)$/);
  const isFresh = () => existsSync(stamp) && readFileSync(stamp, "utf8") === state();
  if (isFresh()) return false;
  return withBuildLock(() => {
    const now = state();
    if (isFresh()) return false;
    process.stderr.write("Building the pages …\n");
    const vite = path.join(root, "node_modules", "vite", "bin", "vite.js");
    const result = spawnSync(process.execPath, [vite, "build", "--logLevel", "warn"], {
      cwd: root,
      stdio: ["ignore", 2, 2],
    });
    if (result.status !== 0) throw new SetupError("Building the pages failed (see above).");
    writeFileSync(stamp, now);
    return true;
  });
}

/** One build at a time in a checkout: a half-written module must never be loaded by another process. */
async function withBuildLock(action) {
  mkdirSync(path.join(root, "dist"), { recursive: true });
  const lock = path.join(root, "dist", ".build-lock");
  const started = Date.now();
  for (;;) {
    try {
      closeSync(openSync(lock, "wx"));
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      // A build takes seconds; an older lock was left by a process that was killed.
      const abandoned = existsSync(lock) && Date.now() - statSync(lock).mtimeMs > 120_000;
      if (abandoned || Date.now() - started > 150_000) rmSync(lock, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  try {
    return action();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Runs `node file ...args` with this terminal; resolves with its exit code. Signals go to the child. */
export function runNode(args, options = {}) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit", ...options });
  const forward = (signal) => child.kill(signal);
  // A terminal already sends Ctrl-C to the child; swallowing it here lets the child save and decide the exit code.
  // The child treats two signals in quick succession as one, so sending it again is harmless.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.off(name, forward);
      resolve(code ?? (signal === "SIGINT" ? 130 : 1));
    });
  });
}

/** Runs a script's body; a SetupError becomes one line on stderr and its exit code. */
export async function main(body) {
  try {
    process.exitCode = await body();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.exitCode;
  }
}

function readJson(name) {
  return JSON.parse(readFileSync(path.join(root, name), "utf8"));
}
