// Which runs are drawn: all, all but some, or only some; one list for the address of the page.

/**
 * The list: `[]` shows all, `["-a", "-b"]` all but a and b, `["+", "+c"]` only c. Runs that appear later follow the
 * same rule: where single runs were picked, a new one stays away.
 */
export type Eyes = readonly string[];

export function isShown(eyes: Eyes, id: string): boolean {
  return eyes[0] === "+" ? eyes.includes(`+${id}`) : !eyes.includes(`-${id}`);
}

/** Shows a run that was hidden, hides one that was shown. */
export function toggle(eyes: Eyes, id: string): Eyes {
  const mark = `${eyes[0] === "+" ? "+" : "-"}${id}`;
  return eyes.includes(mark) ? eyes.filter((each) => each !== mark) : [...eyes, mark];
}

export function showAll(): Eyes {
  return [];
}

/** Only these; none when empty. */
export function showOnly(ids: readonly string[]): Eyes {
  return ["+", ...ids.map((id) => `+${id}`)];
}
