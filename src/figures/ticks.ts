// Tick positions and number formats for linear and logarithmic axes, and for tables.

/** Multiples of 1, 2 or 5·10^k inside [low, high], about `count` of them. */
export function linearTicks(low: number, high: number, count: number): number[] {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span)) return Number.isFinite(low) ? [low] : [];
  const raw = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((candidate) => candidate >= raw * 0.8)!;
  const ticks: number[] = [];
  for (let k = Math.ceil(low / step - 1e-9) + 0; k * step <= high + step * 1e-9; k++) {
    // (The + 0 above turns −0 into 0.) Dividing by the inverse keeps 0.3 from printing as 0.30000000000000004.
    ticks.push(step < 1 ? k / Math.round(1 / step) : k * step);
  }
  return ticks;
}

/**
 * Ticks of a logarithmic axis over [low, high], 0 < low < high: decades (every k-th when there are many), with
 * 2 and 5 between them under three decades, and linear ticks when the range is too short for those.
 */
export function logTicks(low: number, high: number, count: number): number[] {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const decades = Math.log10(high) - Math.log10(low);
  if (decades >= 3) {
    const stride = Math.ceil((last - first + 1) / Math.max(2, count));
    const ticks: number[] = [];
    for (let k = Math.ceil(first / stride) * stride; k <= last; k += stride) ticks.push(decade(k));
    return ticks;
  }
  const multiples = decades >= 1.8 ? [1, 3] : [1, 2, 5];
  const ticks: number[] = [];
  for (let k = first - 1; k <= last; k++) {
    for (const m of multiples) {
      const tick = Number(`${m}e${k}`);
      if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push(tick);
    }
  }
  return ticks.length >= 3 ? ticks : linearTicks(low, high, Math.min(count, 5));
}

/** 10^k, correctly rounded (10 ** −5 is not 1e-5 on every engine). */
function decade(k: number): number {
  return Number(`1e${k}`);
}

/** A tick as text: 20,000; 0.02; 10⁻⁷; 3·10⁹. */
export function formatTick(value: number): string {
  if (value === 0) return "0";
  const exponent = Math.floor(Math.log10(Math.abs(value)) + 1e-9);
  if (exponent < -3 || exponent > 5) {
    const mantissa = Number((value / decade(exponent)).toPrecision(6));
    const power = `10${superscript(exponent)}`;
    if (mantissa === 1) return power;
    return mantissa === -1 ? `−${power}` : `${signed(String(mantissa))}·${power}`;
  }
  return signed(groupThousands(String(Number(value.toPrecision(12)))));
}

/** A number to `digits` significant digits for tables and labels; non-finite and missing values say so. */
export function formatNumber(value: number | null | undefined, digits = 4): string {
  if (value === undefined) return "–";
  if (value === null || Number.isNaN(value)) return "not finite";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const magnitude = Math.abs(value);
  if (magnitude < 1e-4 || magnitude >= 1e6) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e") as [string, string];
    return `${signed(mantissa)}·10${superscript(Number(exponent))}`;
  }
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(magnitude)));
  return signed(groupThousands(value.toFixed(decimals)));
}

function superscript(value: number): string {
  return String(value).replace(/./g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)]!));
}

function signed(text: string): string {
  return text.replace(/^-/, "−");
}

function groupThousands(text: string): string {
  const [whole, fraction] = text.split(".") as [string, string | undefined];
  const grouped = whole.replace(/(?<=\d)(?=(?:\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
