import { backend } from "../platform/backend";

/** Reports how long something took from `asked` to the next painted frame; the engine keeps it with its own times. */
export function painted(name: string, asked: number): void {
  requestAnimationFrame(() => {
    requestAnimationFrame(() => {
      const millis = performance.now() - asked;
      void backend.screenPainted({ name, millis }).catch(() => undefined);
    });
  });
}
