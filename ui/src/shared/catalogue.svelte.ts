import { backend, type CatalogueView, type RoomView, type StaffTile, type TreatmentView } from "../platform/backend";
import { hearEngine } from "./engine-events";
import { session } from "./session.svelte";

/** What can be done, where and by whom: small, asked for everywhere, read once per session and after every change. */
class Catalogue {
  view = $state.raw<CatalogueView | null>(null);
  #read: Promise<void> | null = null;

  /** Starts the first read where none has happened; screens call it when they open. */
  need(): void {
    if (!this.view && !this.#read) void this.read();
  }

  async read(): Promise<void> {
    this.#read = backend
      .catalogue()
      .then((view) => {
        if (session.signedIn) this.view = view;
      })
      .catch(() => undefined)
      .finally(() => (this.#read = null));
    await this.#read;
  }

  forget(): void {
    this.view = null;
  }

  staff(id: string): StaffTile | undefined {
    return this.view?.staff.find((person) => person.id === id);
  }

  room(id: string): RoomView | undefined {
    return this.view?.rooms.find((room) => room.id === id);
  }

  treatment(id: string): TreatmentView | undefined {
    return this.view?.treatments.find((treatment) => treatment.id === id);
  }
}

export const catalogue = new Catalogue();

/** Keeps the catalogue true for as long as the window lives. */
export function followCatalogue(): void {
  hearEngine((event) => {
    if (event.kind === "changed" && event.topics.includes("catalogue") && catalogue.view) void catalogue.read();
  });
}
