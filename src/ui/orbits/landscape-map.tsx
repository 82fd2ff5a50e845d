// A landscape of two variables as a map: levels of the loss, the path of gradient descent, orbits.
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { COLOURS } from "../../figures/palette.ts";
import { formatNumber } from "../../figures/ticks.ts";
import type { OrbitResult } from "../../web/orbit-study.ts";
import { dark, onBackground } from "../kit/theme.tsx";

/** Levels of the loss that are told apart, evenly in its fourth root: the valley floor shows as well as the walls. */
const LEVELS = 14;
const PIXELS = 600;
const PATH = COLOURS[1]!;
const ORBIT = COLOURS[0]!;

export function LandscapeMap({ result }: { readonly result: OrbitResult }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const isDark = dark.value;
  const { low, high } = result.grid;
  useEffect(() => {
    const context = canvas.current?.getContext("2d") ?? null;
    if (context !== null) draw(context, result, isDark);
  }, [result, isDark]);
  const range = (axis: 0 | 1): string => `${formatNumber(low[axis])} to ${formatNumber(high[axis])}`;
  return (
    <figure class="chart landscape">
      <figcaption>
        <h3>Landscape and gradient descent</h3>
      </figcaption>
      <p class="chart-axis">↑ second variable, {range(1)}</p>
      <canvas
        ref={canvas}
        width={PIXELS}
        height={PIXELS}
        role="img"
        aria-label={`Levels of the loss over both variables, ${result.iterates.length} iterates of gradient descent, ${result.orbits.length} orbits.`}
      />
      <p class="chart-axis chart-x">first variable, {range(0)} →</p>
      <p class="muted">
        Darker is lower. Circles: the start (open) and the iterates; squares: the points of orbits.
      </p>
    </figure>
  );
}

function draw(context: CanvasRenderingContext2D, result: OrbitResult, isDark: boolean): void {
  const { grid, iterates, orbits } = result;
  const [columns = 1, rows = 1] = grid.size;
  const most = Math.max(...grid.losses) ** 0.25;
  const image = context.createImageData(PIXELS, PIXELS);
  for (let py = 0; py < PIXELS; py++) {
    for (let px = 0; px < PIXELS; px++) {
      const loss = between(
        grid.losses,
        columns,
        (px / (PIXELS - 1)) * (columns - 1),
        (1 - py / (PIXELS - 1)) * (rows - 1),
      );
      const level = Math.min(1, Math.floor((Math.max(0, loss) ** 0.25 / most) * LEVELS) / LEVELS);
      const grey = isDark ? 22 + 70 * level : 150 + 100 * level;
      image.data.set([grey, grey + 3, grey + 8, 255], 4 * (py * PIXELS + px));
    }
  }
  context.putImageData(image, 0, 0);
  const place = (point: readonly number[]): readonly [number, number] => [
    ((point[0]! - grid.low[0]!) / (grid.high[0]! - grid.low[0]!)) * PIXELS,
    (1 - (point[1]! - grid.low[1]!) / (grid.high[1]! - grid.low[1]!)) * PIXELS,
  ];
  drawPath(context, iterates.map(place), onBackground(PATH, isDark));
  context.strokeStyle = onBackground(ORBIT, isDark);
  context.lineWidth = 3;
  for (const { points } of orbits) {
    for (const point of points) {
      const [x, y] = place(point);
      context.strokeRect(x - 7, y - 7, 14, 14);
    }
  }
}

/** Bilinear interpolation in a row-major grid. */
function between(values: Float64Array, columns: number, x: number, y: number): number {
  const rows = values.length / columns;
  const [i, j] = [Math.min(columns - 2, Math.floor(x)), Math.min(rows - 2, Math.floor(y))];
  const [s, t] = [x - i, y - j];
  const at = (di: number, dj: number): number => values[(j + dj) * columns + i + di]!;
  return (1 - t) * ((1 - s) * at(0, 0) + s * at(1, 0)) + t * ((1 - s) * at(0, 1) + s * at(1, 1));
}

function drawPath(
  context: CanvasRenderingContext2D,
  points: readonly (readonly [number, number])[],
  colour: string,
): void {
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = 1.2;
  context.globalAlpha = 0.6;
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.stroke();
  context.globalAlpha = 1;
  for (const [i, [x, y]] of points.entries()) {
    context.beginPath();
    context.arc(x, y, i === 0 ? 6 : 2.5, 0, 2 * Math.PI);
    if (i === 0) context.stroke();
    else context.fill();
  }
}
