import { backend, type SyncView } from "../platform/backend";
import { hearEngine } from "./engine-events";
import { session } from "./session.svelte";

/** The state of sync, in one place for the top bar, the screen and the warnings. */
class SyncState {
  view = $state.raw<SyncView | null>(null);

  get waiting(): number {
    return (this.view?.waiting_total ?? 0) + (this.view?.uploads.length ?? 0);
  }

  /** Refused items on which the signed-in person decides, and those of somebody else. */
  get parked(): { mine: number; others: number } {
    const all = this.view?.parked ?? [];
    const mine = all.filter((item) => item.mine).length;
    return { mine, others: all.length - mine };
  }

  async read(): Promise<void> {
    if (!session.signedIn) return;
    try {
      this.view = await backend.syncRead();
    } catch {
      // The bar keeps what it last knew; the screen itself reports failures of its own read.
    }
  }
}

export const sync = new SyncState();

/** Follows sync for as long as the window lives. */
export function followSync(): void {
  hearEngine((event) => {
    if (event.kind === "sync") sync.view = event.sync;
  });
}
