/** A short word about something that was done, with the way back where there is one. */
export type Toast = { id: number; text: string; tone: "good" | "attention" | "bad"; undo?: () => void };

/** Long enough to be read and reached with the keyboard, in milliseconds. */
const STAYS = 8_000;

class Toasts {
  list = $state.raw<Toast[]>([]);
  #next = 1;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  say(text: string, options: { tone?: Toast["tone"]; undo?: () => void } = {}): void {
    const toast: Toast = { id: this.#next++, text, tone: options.tone ?? "good", undo: options.undo };
    this.list = [...this.list.slice(-2), toast];
    this.resume(toast.id);
  }

  /** A toast that is looked at stays. */
  pause(id: number): void {
    clearTimeout(this.#timers.get(id));
  }

  resume(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.set(
      id,
      setTimeout(() => this.drop(id), STAYS),
    );
  }

  drop(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.list = [];
  }

  /** Undoes the newest thing that can be. */
  undoLast(): void {
    const toast = this.list.findLast((candidate) => candidate.undo);
    if (!toast) return;
    this.drop(toast.id);
    toast.undo?.();
  }
}

export const toasts = new Toasts();
