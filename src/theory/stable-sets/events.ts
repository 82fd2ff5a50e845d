// Entrances into a set, exits from it, excursions and returns, counted along a run: resumable, O(1) a step.

/** One stay outside after the first entrance. */
export interface Excursion {
  /** First step outside. */
  readonly exit: number;
  /** Steps until inside again; null while it lasts. */
  readonly length: number | null;
}

/** What happened so far. Steps count from 0, the initial point. */
export interface SetEvents {
  /** Points seen. */
  readonly points: number;
  /** First step inside; null if never. */
  readonly entrance: number | null;
  /** Transitions from inside to outside, each with the time to return. */
  readonly excursions: readonly Excursion[];
  /** Points inside. */
  readonly inside: number;
  /** Share of the points from the entrance on that were inside; null before it. */
  readonly occupancy: number | null;
  /** Steps that raised the loss, by where they started. */
  readonly increases: { readonly inside: number; readonly outside: number };
  /** Steps taken from inside and from outside: what increases and exits are frequencies of. */
  readonly steps: { readonly inside: number; readonly outside: number };
}

/** State of a tracker; plain JSON. */
export interface SetTrackerState extends Omit<SetEvents, "occupancy"> {
  /** Whether the last point was inside, and the logarithm of its loss; null before the first (−∞ as null too). */
  readonly last: { readonly inside: boolean; readonly logLoss: number | null } | null;
}

/** Follows membership in one set along consecutive iterates. */
export class SetTracker {
  #points = 0;
  #entrance: number | null = null;
  #excursions: { exit: number; length: number | null }[] = [];
  #inside = 0;
  #increases = { inside: 0, outside: 0 };
  #steps = { inside: 0, outside: 0 };
  #last: { inside: boolean; logLoss: number } | null = null;

  /** @param state to go on from, as `state` gave it */
  constructor(state?: SetTrackerState) {
    if (state === undefined) return;
    this.#points = state.points;
    this.#entrance = state.entrance;
    this.#excursions = state.excursions.map((excursion) => ({ ...excursion }));
    this.#inside = state.inside;
    this.#increases = { ...state.increases };
    this.#steps = { ...state.steps };
    if (state.last !== null) this.#last = { ...state.last, logLoss: state.last.logLoss ?? -Infinity };
  }

  /** The next iterate: whether it lies in the set, and ln L there (which compares losses too small to represent). */
  push(inside: boolean, logLoss: number): void {
    const step = this.#points++;
    if (inside) this.#inside++;
    const last = this.#last;
    this.#last = { inside, logLoss };
    if (inside) this.#entrance ??= step;
    if (last === null) return;
    const from = last.inside ? "inside" : "outside";
    this.#steps[from]++;
    if (logLoss > last.logLoss) this.#increases[from]++;
    if (last.inside && !inside) this.#excursions.push({ exit: step, length: null });
    const open = this.#excursions.at(-1);
    if (inside && open?.length === null) open.length = step - open.exit;
  }

  get events(): SetEvents {
    const since = this.#entrance === null ? 0 : this.#points - this.#entrance;
    return { ...this.#counts(), occupancy: since === 0 ? null : this.#inside / since };
  }

  get state(): SetTrackerState {
    const last = this.#last;
    if (last === null) return { ...this.#counts(), last };
    const logLoss = last.logLoss === -Infinity ? null : last.logLoss;
    return { ...this.#counts(), last: { inside: last.inside, logLoss } };
  }

  #counts(): Omit<SetEvents, "occupancy"> {
    return {
      points: this.#points,
      entrance: this.#entrance,
      excursions: this.#excursions.map((excursion) => ({ ...excursion })),
      inside: this.#inside,
      increases: { ...this.#increases },
      steps: { ...this.#steps },
    };
  }
}

/** The events of a whole series at once; `logLosses` are ln L of the same points. */
export function setEvents(inside: ArrayLike<boolean>, logLosses: ArrayLike<number>): SetEvents {
  const tracker = new SetTracker();
  for (let t = 0; t < inside.length; t++) tracker.push(inside[t]!, logLosses[t]!);
  return tracker.events;
}
