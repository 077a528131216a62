import {
  type AppState,
  backend,
  Failure,
  onFailure,
  type Permission,
  type Preferences,
  type SessionView,
} from "../platform/backend";
import { hearEngine } from "./engine-events";
import { setZone } from "./format";
import { speak } from "./i18n.svelte";

/** Who is at work at this console, and how it looks. The engine decides both; this is what it last said. */
class Session {
  state = $state.raw<AppState | null>(null);
  failure = $state.raw<Failure | null>(null);
  /** Set before the engine has answered a lock: nothing of a client stays on screen meanwhile. */
  veiled = $state(false);

  get signedIn(): SessionView | null {
    const phase = this.state?.phase;
    return phase?.kind === "signed_in" && !this.veiled ? phase.session : null;
  }

  /** Whether the signed-in person may do something. The engine checks again. */
  can(permission: Permission): boolean {
    return this.signedIn?.permissions.includes(permission) ?? false;
  }

  get preferences(): Preferences {
    return (
      this.state?.preferences ?? {
        locale: "pt-BR",
        theme: "system",
        density: "comfortable",
        client_word: "paciente",
        rail_collapsed: false,
      }
    );
  }

  take(state: AppState): void {
    this.state = state;
    this.failure = null;
    if (state.phase.kind !== "signed_in") this.veiled = false;
    setZone(state.zone);
    this.#look(state.preferences);
  }

  async refresh(): Promise<void> {
    try {
      this.take(await backend.appState());
    } catch (thrown) {
      this.failure = Failure.from(thrown);
    }
  }

  async lock(): Promise<void> {
    if (!this.signedIn) return;
    this.veiled = true;
    try {
      await backend.sessionLock();
    } finally {
      await this.refresh();
      this.veiled = false;
    }
  }

  async signOut(): Promise<void> {
    this.veiled = true;
    try {
      await backend.sessionSignOut();
    } finally {
      await this.refresh();
      this.veiled = false;
    }
  }

  async prefer(change: Partial<Preferences>): Promise<void> {
    if (!this.state) return;
    const preferences = { ...this.preferences, ...change };
    this.state = { ...this.state, preferences };
    this.#look(preferences);
    await backend.preferencesSave(preferences);
  }

  #look(preferences: Preferences): void {
    speak(preferences.locale, preferences.client_word);
    const root = document.documentElement.dataset;
    if (preferences.theme === "system") delete root.theme;
    else root.theme = preferences.theme;
    root.density = preferences.density;
  }
}

export const session = new Session();

/** Follows the engine's phase for as long as the window lives. */
export function followSession(): void {
  hearEngine((event) => {
    if (event.kind === "phase") void session.refresh();
  });
  onFailure((failure) => {
    if (failure.code === "locked" && session.signedIn) void session.refresh();
  });
  void session.refresh();
}

/** How often the engine is told that somebody is there, in milliseconds. */
const TOUCH_EVERY = 15_000;

/** Tells the engine of keys and clicks, and locks after the idle time it names. Returns the end of it. */
export function watchIdleness(): () => void {
  let touched = 0;
  let last = Date.now();
  const seen = () => {
    last = Date.now();
    if (!session.signedIn || last - touched < TOUCH_EVERY) return;
    touched = last;
    void backend.sessionTouch().catch(() => undefined);
  };
  const signs = ["pointerdown", "keydown", "wheel", "pointermove"] as const;
  for (const sign of signs) window.addEventListener(sign, seen, { passive: true, capture: true });
  const timer = setInterval(() => {
    const minutes = session.signedIn?.idle_minutes ?? 0;
    if (minutes > 0 && Date.now() - last > minutes * 60_000) void session.lock();
  }, 5_000);
  return () => {
    clearInterval(timer);
    for (const sign of signs) window.removeEventListener(sign, seen, { capture: true });
  };
}
