import type { AppointmentCard, PhotoCard, Refused, SlotView } from "../platform/backend";

/** What the side panel shows. One at a time; it never covers the whole screen. */
export type Panel =
  | { kind: "book"; client?: { id: string; name: string }; slot?: Partial<SlotView>; treatment?: string }
  | { kind: "visit"; id: string; card?: AppointmentCard; refusal?: Refused; move?: boolean }
  | { kind: "register"; name?: string; then?: "book" }
  | { kind: "record"; client: string; name: string; appointment?: string; treatment?: string; addendumTo?: string }
  | { kind: "import"; client: string; name: string; appointment?: string; paths?: string[] }
  | { kind: "photo"; photo: PhotoCard };

class Panels {
  current = $state.raw<Panel | null>(null);
  #before: HTMLElement | null = null;
  #kept = new Map<string, Panel>();

  open(panel: Panel): void {
    const focused = document.activeElement;
    if (!this.current && focused instanceof HTMLElement) this.#before = focused;
    this.current = panel;
  }

  close(): void {
    this.current = null;
    const before = this.#before;
    this.#before = null;
    if (before?.isConnected) before.focus();
  }

  /** Puts the open panel away with the person who leaves it. */
  leave(person: string): void {
    if (this.current) this.#kept.set(person, this.current);
    else this.#kept.delete(person);
    this.current = null;
    this.#before = null;
  }

  /** Brings back what the person left open. */
  enter(person: string): void {
    this.current = this.#kept.get(person) ?? null;
    this.#kept.delete(person);
  }
}

export const panels = new Panels();
