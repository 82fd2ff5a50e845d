// Light and dark: by the system's preference until the reader chooses, and what drawings need to know about it.
import { signal } from "@preact/signals";
import type { Signal } from "@preact/signals";
import type { JSX } from "preact";
import { COLOURS } from "../../figures/palette.ts";
import "./kit.css";

export type ThemeChoice = "auto" | "light" | "dark";

const KEY = "brink-theme";
const NEXT: Readonly<Record<ThemeChoice, ThemeChoice>> = { auto: "light", light: "dark", dark: "auto" };
const MARKS: Readonly<Record<ThemeChoice, string>> = { auto: "◐", light: "☀", dark: "☾" };
const system = matchMedia("(prefers-color-scheme: dark)");

const choice: Signal<ThemeChoice> = signal(stored());
/** Whether the page is dark now; drawings that read it are drawn again when it changes. */
export const dark: Signal<boolean> = signal(false);

function stored(): ThemeChoice {
  try {
    const saved = localStorage.getItem(KEY);
    return saved === "light" || saved === "dark" ? saved : "auto";
  } catch {
    // Storage can be forbidden; then the choice lasts as long as the page.
    return "auto";
  }
}

function apply(): void {
  document.documentElement.dataset["theme"] = choice.value;
  dark.value = choice.value === "dark" || (choice.value === "auto" && system.matches);
}

system.addEventListener("change", apply);
apply();

/** Sets and remembers the choice. */
export function chooseTheme(next: ThemeChoice): void {
  choice.value = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // See above.
  }
  apply();
}

/** A button that goes from automatic to light to dark. */
export function ThemeButton(): JSX.Element {
  const now = choice.value;
  return (
    <button
      type="button"
      class="quiet"
      title={`Theme: ${now}`}
      aria-label={`Theme: ${now}. Change it.`}
      onClick={() => chooseTheme(NEXT[now])}
    >
      {MARKS[now]}
    </button>
  );
}

/** A palette colour as it is drawn on this background: the palette's black would vanish on a dark one. */
export function onBackground(colour: string, isDark: boolean): string {
  return isDark && colour === COLOURS.at(-1) ? "#f2f4f7" : colour;
}

/** Whether the reader asked for less motion. */
export function reducedMotion(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
