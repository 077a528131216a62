/** Where in the console a person is. Kept in memory and per person: an address could tell whom they looked at. */
export type Place =
  | { screen: "today" }
  | { screen: "agenda"; day?: string; span?: "day" | "week" }
  | { screen: "clients"; client?: string }
  | { screen: "photos" }
  | { screen: "compare"; client: string; left?: string; right?: string }
  | { screen: "catalogue" }
  | { screen: "performance" }
  | { screen: "sync" }
  | { screen: "settings" };

export type ScreenName = Place["screen"];

const MOST = 50;

class Navigation {
  place = $state.raw<Place>({ screen: "today" });
  #past: Place[] = [];
  #kept = new Map<string, Place>();
  #person: string | null = null;
  /** When the person pressed what led here; screens report the time to their first paint. */
  asked = performance.now();

  go(place: Place): void {
    this.asked = performance.now();
    this.#past = [...this.#past.slice(-MOST), this.place];
    this.place = place;
  }

  /** Changes the place without a step to go back to: a day turned, a client chosen in the same list. */
  replace(place: Place): void {
    this.asked = performance.now();
    this.place = place;
  }

  back(): void {
    const place = this.#past.pop();
    if (place) {
      this.asked = performance.now();
      this.place = place;
    }
  }

  /** Shows a person what they left; somebody else starts at their own beginning. */
  enter(person: string, beginning: Place): void {
    if (person === this.#person) return;
    if (this.#person) this.#kept.set(this.#person, this.place);
    this.#person = person;
    this.#past = [];
    this.place = this.#kept.get(person) ?? beginning;
  }
}

export const navigation = new Navigation();
