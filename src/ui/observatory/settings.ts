// Everything about the page that its address keeps.
import type {
  ChoiceProperty,
  FlagProperty,
  ListProperty,
  NumbersProperty,
  TextProperty,
} from "../kit/properties.ts";
import type { UrlState } from "../kit/url-state.ts";
import { DEFAULT_CHARTS } from "./quantities.ts";
import type { XAxisName } from "./x-axis.ts";
import { X_AXES } from "./x-axis.ts";

export type TabName = "charts" | "gap" | "compare";

export interface Settings {
  readonly [name: string]:
    | ChoiceProperty<TabName>
    | ChoiceProperty<XAxisName>
    | ChoiceProperty<"" | "controls">
    | ChoiceProperty<"split" | "table" | "charts">
    | TextProperty
    | ListProperty
    | FlagProperty
    | NumbersProperty;
  readonly tab: ChoiceProperty<TabName>;
  readonly q: TextProperty;
  readonly x: ChoiceProperty<XAxisName>;
  readonly colour: TextProperty;
  readonly dash: TextProperty;
  readonly panel: TextProperty;
  readonly mean: FlagProperty;
  readonly marks: FlagProperty;
  readonly settled: FlagProperty;
  readonly charts: ListProperty;
  readonly views: ListProperty;
  readonly zoom: NumbersProperty;
  readonly columns: ListProperty;
  readonly sort: TextProperty;
  readonly eyes: ListProperty;
  readonly paint: ListProperty;
  readonly run: TextProperty;
  readonly layout: ChoiceProperty<"split" | "table" | "charts">;
  readonly hide: ChoiceProperty<"" | "controls">;
}

/** The columns a table starts with. */
export const DEFAULT_COLUMNS: readonly string[] = [
  "status",
  "optimizer.lr",
  "optimizer.batch",
  "seed",
  "last.loss",
  "last.sharpness",
  "max.sharpness",
  "threshold",
];

export const SETTINGS: Settings = {
  tab: { kind: "choice", label: "page", fallback: "charts", choices: ["charts", "gap", "compare"] },
  q: { kind: "text", label: "filter", fallback: "" },
  x: {
    kind: "choice",
    label: "x axis",
    fallback: "step",
    choices: X_AXES.map(({ name }) => name),
    names: Object.fromEntries(X_AXES.map(({ name, label }) => [name, label])),
    help: "What the charts run along",
  },
  colour: { kind: "text", label: "colour by", fallback: "", help: "Setting whose values take the colours" },
  dash: { kind: "text", label: "dash by", fallback: "", help: "Setting whose values take the dash patterns" },
  panel: {
    kind: "text",
    label: "panel by",
    fallback: "",
    help: "A chart of its own for each value of this setting",
  },
  mean: {
    kind: "flag",
    label: "mean over seeds",
    fallback: false,
    help: "Runs that differ in their seed only become one line, ± 1 sd",
  },
  marks: {
    kind: "flag",
    label: "events",
    fallback: true,
    help: "Mark where runs first crossed their threshold, and where η changed",
  },
  settled: {
    kind: "flag",
    label: "S_eq",
    fallback: false,
    help: "Mean sharpness over the last records, ± 1 sd, as a bracket",
  },
  charts: { kind: "list", label: "charts", fallback: DEFAULT_CHARTS },
  views: { kind: "list", label: "views of charts", fallback: [] },
  zoom: { kind: "numbers", label: "zoom", fallback: [] },
  columns: { kind: "list", label: "columns", fallback: DEFAULT_COLUMNS },
  sort: { kind: "text", label: "sort", fallback: "" },
  eyes: { kind: "list", label: "runs drawn", fallback: [] },
  paint: { kind: "list", label: "colours chosen", fallback: [] },
  run: { kind: "text", label: "run shown", fallback: "" },
  layout: { kind: "choice", label: "layout", fallback: "split", choices: ["split", "table", "charts"] },
  hide: { kind: "choice", label: "hidden", fallback: "", choices: ["", "controls"] },
};

export type PageState = UrlState<Settings>;
