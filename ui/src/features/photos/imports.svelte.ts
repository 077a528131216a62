import { backend, type ImportFile, type ImportView } from "../../platform/backend";
import { hearEngine } from "../../shared/engine-events";

/** The imports of one client as they go on, newest first. Read once, then carried by the engine's events. */
export class Imports {
  list = $state.raw<ImportView[]>([]);

  take(view: ImportView): void {
    const known = this.list.some(({ id }) => id === view.id);
    this.list = known ? this.list.map((one) => (one.id === view.id ? view : one)) : [view, ...this.list];
  }
}

export function importsOf(client: () => string): Imports {
  const imports = new Imports();
  $effect(() => {
    const wanted = client();
    let alive = true;
    imports.list = [];
    backend
      .photosImports()
      .then((views) => {
        if (!alive) return;
        // What an event has brought meanwhile is newer than the answer.
        const newer = new Set(imports.list.map(({ id }) => id));
        for (const view of views) if (view.client_id === wanted && !newer.has(view.id)) imports.take(view);
      })
      .catch(() => undefined);
    const deaf = hearEngine((event) => {
      if (event.kind === "import" && event.import.client_id === wanted) imports.take(event.import);
    });
    return () => {
      alive = false;
      deaf();
    };
  });
  return imports;
}

/** How far a batch is: files that ended well, that failed and that are still on their way. */
export function tally(files: ImportFile[]): { done: number; failed: number; left: number } {
  const failed = files.filter(({ state }) => state.kind === "failed").length;
  const done = files.filter(({ state }) => state.kind === "done" || state.kind === "skipped").length;
  return { done, failed, left: files.length - done - failed };
}

/** A file's progress between 0 and 1. */
export function share({ state }: ImportFile): number {
  switch (state.kind) {
    case "waiting":
      return 0;
    case "reading":
      return 0.1;
    case "optimizing":
      return state.of > 0 ? 0.2 + (0.8 * state.done) / state.of : 0.2;
    default:
      return 1;
  }
}
