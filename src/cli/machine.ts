// What this machine offers: Node, cores, memory, devices that really work, drawing, a writable runs folder.
import { execFile } from "node:child_process";
import { accessSync, constants, existsSync, mkdtempSync, rmdirSync } from "node:fs";
import { cpus, freemem, totalmem } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { devices as deviceNames } from "./host.ts";
import { loadOnnxRuntime, physicalCores } from "./devices.ts";

/** One thing that was checked. `required` ones decide the exit code. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly required: boolean;
  readonly detail: string;
  readonly hint?: string;
}

const probeTimeoutMs = 30_000;

/** All checks that need no data set. Devices are probed at once, each in a process of its own. */
export async function checkMachine(runsDir: string): Promise<Check[]> {
  const devices = await Promise.all(deviceNames.map(checkDevice));
  return [
    {
      name: "node",
      ok: true,
      required: true,
      detail: `${process.version} ${process.platform} ${process.arch}`,
    },
    checkProcessor(),
    checkMemory(),
    await checkRuntime(),
    ...devices,
    await checkDrawing(),
    checkRunsFolder(runsDir),
  ];
}

function checkProcessor(): Check {
  const logical = cpus();
  const cores = physicalCores();
  return {
    name: "processor",
    ok: true,
    required: true,
    detail: `${logical[0]?.model.trim() ?? "unknown"}, ${cores} cores, ${logical.length} threads (--threads default: ${cores})`,
  };
}

function checkMemory(): Check {
  const gib = (bytes: number): string => (bytes / 1024 ** 3).toFixed(1);
  return {
    name: "memory",
    ok: true,
    required: true,
    detail: `${gib(totalmem())} GiB, ${gib(freemem())} free`,
  };
}

async function checkRuntime(): Promise<Check> {
  const common = { name: "onnxruntime", required: true };
  try {
    const { env } = await loadOnnxRuntime();
    return { ...common, ok: true, detail: env.versions.common };
  } catch (error) {
    return {
      ...common,
      ok: false,
      detail: firstLine(error),
      hint: "ONNX Runtime's binary does not load here; `--device reference` works, slowly",
    };
  }
}

const deviceHints: Readonly<Record<string, string>> = {
  webgpu: "needs a GPU with a Vulkan, Metal or Direct3D 12 driver",
  cuda: "needs ONNX Runtime's CUDA libraries, which are not part of the package",
};

/** A native library without its driver may print or crash, so the probe runs elsewhere and only its answer counts. */
function checkDevice(device: string): Promise<Check> {
  const probe = fileURLToPath(new URL("probe-device.js", import.meta.url));
  const common = { name: `device ${device}`, required: device === "cpu" };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [probe, device],
      { timeout: probeTimeoutMs, killSignal: "SIGKILL" },
      (error, stdout) => {
        const ok = error === null;
        const hint = deviceHints[device];
        const detail = ok ? `works (${stdout.trim()})` : "not available";
        resolve({ ...common, ok, detail, ...(ok || hint === undefined ? {} : { hint }) });
      },
    );
  });
}

async function checkDrawing(): Promise<Check> {
  const common = { name: "figures", required: false };
  try {
    const { svgToPng } = await import("../node/png.ts");
    const text = `<text x="4" y="16" font-size="14">S</text>`;
    const bytes = (content: string): number =>
      svgToPng(`<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">${content}</svg>`).length;
    // Without a usable font the letter is silently left out.
    const ok = bytes(text) > bytes("");
    return {
      ...common,
      ok,
      detail: ok ? "PNG and font work" : "PNGs have no text",
      ...(ok ? {} : { hint: "assets/fonts is missing from this installation" }),
    };
  } catch (error) {
    return { ...common, ok: false, detail: firstLine(error) };
  }
}

/** Tries to write where runs would go: the folder itself, or the nearest one above that exists. */
function checkRunsFolder(runsDir: string): Check {
  let folder = runsDir;
  while (!existsSync(folder)) folder = path.dirname(folder);
  const common = { name: "runs folder", required: true };
  try {
    accessSync(folder, constants.W_OK);
    rmdirSync(mkdtempSync(path.join(folder, ".brink-doctor-")));
    return { ...common, ok: true, detail: `${runsDir} (writable)` };
  } catch (error) {
    return {
      ...common,
      ok: false,
      detail: `${runsDir} (${String((error as NodeJS.ErrnoException).code)})`,
      hint: "choose another with --runs-dir",
    };
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0]!;
}
