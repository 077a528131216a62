import { type EngineEvent, onEngineEvent } from "../platform/backend";

const listeners = new Set<(event: EngineEvent) => void>();
let started = false;

/** Hears engine events until the returned function is called. One subscription with the shell serves all. */
export function hearEngine(hear: (event: EngineEvent) => void): () => void {
  if (!started) {
    started = true;
    onEngineEvent((event) => {
      for (const listener of [...listeners]) listener(event);
    });
  }
  listeners.add(hear);
  return () => listeners.delete(hear);
}
