import { untrack } from "svelte";
import { Failure, type Topic } from "../platform/backend";
import { hearEngine } from "./engine-events";

/** Something read from the engine that stays true: it is read again when the rows behind it change. */
export class Live<T> {
  data = $state.raw<T | undefined>();
  error = $state.raw<Failure | null>(null);
  /** The answer has taken longer than a person notices: time for a skeleton. */
  slow = $state(false);
  /** What is shown is not yet the answer for the present key. */
  loading = $state(false);
  #reload: () => void = () => undefined;

  /** Reads again at once. */
  reload(): void {
    this.#reload();
  }

  /** @internal Wires the resource; only {@link live} calls it. */
  wire(reload: () => void): void {
    this.#reload = reload;
  }
}

/** How long nothing is shown instead of a skeleton, in milliseconds. */
const SKELETON_AFTER = 300;

/**
 * Reads while the component lives. `key` says of what (`undefined`: nothing to read); a changed key drops the old answer
 * unless `keep` is set, so that one client's data never stand under another's name. Changes that arrive during a read
 * cause exactly one more. `every` reads again after so many milliseconds, while the window is looked at.
 */
export function live<K, T>(
  key: () => K | undefined,
  load: (key: K) => Promise<T>,
  options: { topics?: Topic[]; client?: (key: K) => string | undefined; keep?: boolean; every?: number } = {},
): Live<T> {
  const resource = new Live<T>();
  // Derived, so that a place that changes without the key changing reads nothing again.
  const wanted = $derived(key());
  $effect(() => {
    const current = wanted;
    let alive = true;
    let reading = false;
    let again = false;
    if (!options.keep) resource.data = undefined;
    resource.error = null;
    resource.loading = current !== undefined;
    if (current === undefined) return;

    const read = async () => {
      if (reading) {
        again = true;
        return;
      }
      reading = true;
      const timer = setTimeout(() => (resource.slow = alive), SKELETON_AFTER);
      try {
        const data = await load(current);
        if (alive) {
          resource.data = data;
          resource.error = null;
        }
      } catch (thrown) {
        if (alive) resource.error = Failure.from(thrown);
      } finally {
        clearTimeout(timer);
        reading = false;
        if (alive) {
          resource.slow = false;
          resource.loading = false;
          if (again) {
            again = false;
            void read();
          }
        }
      }
    };
    resource.wire(() => void read());
    // What `load` looks at is not what this follows: a list that reads how much of it is shown must not read itself again.
    untrack(() => void read());
    const deaf = hearEngine((event) => {
      if (event.kind !== "changed" || !event.topics.some((topic) => options.topics?.includes(topic))) return;
      const client = options.client?.(current);
      if (client !== undefined && event.clients.length > 0 && !event.clients.includes(client)) return;
      void read();
    });
    const pulse = options.every
      ? setInterval(() => {
          if (document.visibilityState === "visible") void read();
        }, options.every)
      : undefined;
    return () => {
      alive = false;
      clearInterval(pulse);
      deaf();
    };
  });
  return resource;
}
