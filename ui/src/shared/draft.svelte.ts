import { dropDraft, keepDraft, readDraft } from "./drafts";
import { session } from "./session.svelte";

/** A form's values that survive a lock and a closed panel, until {@link Draft.drop}. */
export type Draft<T> = { value: T; drop: () => void };

export function draft<T extends object>(about: string, initial: T): Draft<T> {
  const person = session.signedIn?.staff.id ?? "";
  const value: T = $state({ ...initial, ...readDraft<T>(person, about) });
  let dropped = false;
  $effect(() => {
    const now = $state.snapshot(value);
    if (!dropped) keepDraft(person, about, now);
  });
  return {
    value,
    drop() {
      dropped = true;
      dropDraft(person, about);
    },
  };
}
