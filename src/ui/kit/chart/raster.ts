// Many lines at once: each is reduced to a stretch per pixel column and filled into an image, far faster than strokes.

/** Where a line runs through each pixel column: from `low` to `high`, both NaN where it does not. */
export interface ColumnSpans {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/**
 * The columns that a polyline runs through. `px` and `py` are pixel coordinates, px ascending; a non-finite py breaks
 * the line. O(points + columns passed).
 */
export function columnSpans(px: ArrayLike<number>, py: ArrayLike<number>, width: number): ColumnSpans {
  const low = new Float64Array(width).fill(Number.NaN);
  const high = new Float64Array(width).fill(Number.NaN);
  const cover = (column: number, a: number, b: number): void => {
    if (column < 0 || column >= width) return;
    const [least, greatest] = a < b ? [a, b] : [b, a];
    if (!(low[column]! <= least)) low[column] = least;
    if (!(high[column]! >= greatest)) high[column] = greatest;
  };
  for (let i = 0; i < px.length; i++) {
    const [x, y] = [px[i]!, py[i]!];
    if (!Number.isFinite(y)) continue;
    cover(Math.floor(x), y, y);
    const [toX, toY] = [px[i + 1]!, py[i + 1]!];
    if (i + 1 >= px.length || !Number.isFinite(toY)) continue;
    const at = (place: number): number => y + (toX === x ? 1 : (place - x) / (toX - x)) * (toY - y);
    const last = Math.min(width - 1, Math.floor(toX));
    for (let column = Math.max(0, Math.floor(x)); column <= last; column++) {
      cover(column, at(Math.max(x, column)), at(Math.min(toX, column + 1)));
    }
  }
  return { low, high };
}

/** An image of 8-bit red, green, blue, alpha (not premultiplied), as ImageData is. */
export interface Image {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/**
 * Fills the spans, at least `thickness` pixels high, in a colour of some opacity, over what is there already (the
 * `over` operator of Porter & Duff, "Compositing Digital Images", 1984).
 */
export function fillSpans(
  { data, width, height }: Image,
  { low, high }: ColumnSpans,
  [red, green, blue]: readonly [number, number, number],
  opacity: number,
  thickness: number,
): void {
  for (let column = 0; column < width; column++) {
    const [top, bottom] = [low[column]!, high[column]!];
    if (Number.isNaN(top)) continue;
    const half = Math.max(0, (thickness - (bottom - top)) / 2);
    const from = Math.max(0, Math.round(top - half));
    const to = Math.min(height, Math.max(from + 1, Math.round(bottom + half)));
    for (let row = from; row < to; row++) {
      const at = 4 * (row * width + column);
      const behind = (data[at + 3]! / 255) * (1 - opacity);
      const alpha = opacity + behind;
      data[at] = (red * opacity + data[at]! * behind) / alpha;
      data[at + 1] = (green * opacity + data[at + 1]! * behind) / alpha;
      data[at + 2] = (blue * opacity + data[at + 2]! * behind) / alpha;
      data[at + 3] = 255 * alpha;
    }
  }
}
