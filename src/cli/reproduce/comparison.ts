// The table "paper | Brink ± sd | difference" of a reproduced figure, for a terminal and as Markdown.
import type { Statistic } from "../../lab/index.ts";
import { type Column, formatNumber, formatSpread, formatTable } from "../format.ts";

/** What a paper states about a quantity: a number, or words where it gives no number. */
export type Stated = number | string | null;

/** Brink's value of a quantity. */
export interface Found {
  readonly value: number;
  /** Over seeds; null for one seed. */
  readonly sd: number | null;
  /** Seeds; 0 for what follows from the settings alone. */
  readonly n: number;
  /** Ids of the runs behind it. */
  readonly runs: readonly string[];
  /** The value of each of these runs, where it is a mean over them. */
  readonly values?: readonly number[];
  /** 95 % confidence interval, where the value is fitted. */
  readonly interval?: readonly [low: number, high: number];
}

/** One line of the table. */
export interface ComparisonRow {
  readonly quantity: string;
  readonly paper: Stated;
  /** Null where there is none; `remark` then says why. */
  readonly brink: Found | null;
  readonly remark?: string;
}

/** A statistic as a cell; null when it is of no run. */
export function found({ n, mean, sd, runs, values }: Statistic): Found | null {
  return mean === null ? null : { value: mean, sd, n, runs, ...(values.length === 0 ? {} : { values }) };
}

/** Brink − paper, where both are numbers. */
export function differenceOf({ paper, brink }: ComparisonRow): number | null {
  return typeof paper === "number" && brink !== null ? brink.value - paper : null;
}

const columns: readonly Column[] = [
  { title: "quantity" },
  { title: "paper", align: "right" },
  { title: "Brink ± sd", align: "right" },
  { title: "difference", align: "right" },
  { title: "seeds", align: "right" },
  { title: "" },
];

/** Plain text; lines end in remarks such as a confidence interval. */
export function textTable(rows: readonly ComparisonRow[]): string {
  return formatTable(
    columns,
    rows.map((row) => [...cells(row), remarkOf(row)]),
  );
}

/** Markdown, with the runs behind every number. */
export function markdownTable(rows: readonly ComparisonRow[]): string {
  const titles = ["quantity", "paper", "Brink ± sd", "difference", "seeds", "remark", "runs"];
  const line = (values: readonly string[]): string =>
    `| ${values.map((value) => value.replaceAll("|", "\\|")).join(" | ")} |\n`;
  const body = rows.map((row) =>
    line([
      ...cells(row),
      remarkOf(row),
      row.brink === null ? "" : [...new Set(row.brink.runs.flatMap((run) => run.split(" ")))].join(", "),
    ]),
  );
  return line(titles) + line(["---", "--:", "--:", "--:", "--:", "---", "---"]) + body.join("");
}

function cells(row: ComparisonRow): string[] {
  const { quantity, paper, brink } = row;
  const difference = differenceOf(row);
  return [
    quantity,
    paper === null ? "–" : String(paper),
    brink === null ? "–" : formatSpread(brink.value, brink.sd),
    difference === null ? "–" : signed(difference),
    brink === null || brink.n === 0 ? "–" : String(brink.n),
  ];
}

function remarkOf({ brink, remark }: ComparisonRow): string {
  const interval =
    brink?.interval === undefined
      ? []
      : [`95 % CI ${formatNumber(brink.interval[0], 3)} to ${formatNumber(brink.interval[1], 3)}`];
  return [...interval, ...(remark === undefined ? [] : [remark])].join("; ");
}

function signed(value: number): string {
  const text = formatNumber(value, 3);
  return value > 0 ? `+${text}` : text;
}
