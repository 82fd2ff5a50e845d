// The stories: settings worth seeing, with what to look for and how it ends.
import type { JSX } from "preact";
import { defaults } from "../kit/properties.ts";
import type { Lab } from "./lab.ts";
import { PLAYGROUND } from "./properties.ts";
import { STORIES, storyOf } from "./story-list.ts";

export function Stories({ lab }: { readonly lab: Lab }): JSX.Element {
  const chosen = storyOf(lab.state.signals.story.value);
  const choose = (id: string): void => {
    const story = storyOf(id);
    if (story === undefined) return;
    lab.removeAll();
    lab.state.assign({ ...defaults(PLAYGROUND), ...story.values, story: id });
  };
  return (
    <section class="stories panel" aria-label="Stories">
      <div class="story-list" role="group" aria-label="Choose a story">
        {STORIES.map(({ id, title }) => (
          <button key={id} type="button" aria-pressed={id === chosen?.id} onClick={() => choose(id)}>
            {title}
          </button>
        ))}
      </div>
      {chosen === undefined ? (
        <p class="muted">Your own settings. A story puts its settings into the form and clears the curves.</p>
      ) : (
        <div class="story">
          <p>{chosen.about}</p>
          <p>
            <b>Look for:</b> {chosen.look}
          </p>
          {chosen.next === undefined ? null : (
            <p>
              <b>Then:</b> {chosen.next}
            </p>
          )}
        </div>
      )}
    </section>
  );
}
