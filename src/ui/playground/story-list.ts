// The stories as data: settings that differ from the defaults, and honest words about what they do.
import type { PlaygroundValues } from "./properties.ts";

export interface Story {
  readonly id: string;
  readonly title: string;
  /** What is trained and why. */
  readonly about: string;
  /** What to see, with numbers as they come out. */
  readonly look: string;
  /** What to try next. */
  readonly then?: string;
  readonly values: Partial<PlaygroundValues>;
}

export const STORIES: readonly Story[] = [
  {
    id: "progressive-sharpening",
    title: "Progressive sharpening",
    about: "x",
    look: "y",
    values: {},
  },
];

/** A story by its id; undefined for none. */
export function storyOf(id: string): Story | undefined {
  return STORIES.find((story) => story.id === id);
}
