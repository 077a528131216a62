import type { AppointmentCard } from "../../platform/backend";

/** A card with its place among those that share its time. */
export type Placed = { card: AppointmentCard; lane: number; lanes: number };

/** Puts cards that overlap side by side; called-off ones give way to those that stand. */
export function place(cards: AppointmentCard[]): Placed[] {
  const stands = (card: AppointmentCard) => (card.status === "cancelled" || card.status === "no_show" ? 1 : 0);
  const sorted = [...cards].sort(
    (a, b) => a.start_minute - b.start_minute || stands(a) - stands(b) || b.duration_minutes - a.duration_minutes,
  );
  const placed: Placed[] = [];
  let group: Placed[] = [];
  let ends: number[] = [];
  let groupEnd = -1;
  const close = () => {
    for (const member of group) member.lanes = ends.length;
    placed.push(...group);
    group = [];
    ends = [];
  };
  for (const card of sorted) {
    if (card.start_minute >= groupEnd) close();
    const free = ends.findIndex((end) => end <= card.start_minute);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = card.start_minute + card.duration_minutes;
    groupEnd = Math.max(groupEnd, ends[lane] ?? 0);
    group.push({ card, lane, lanes: 1 });
  }
  close();
  return placed;
}

/** A stretch of a professional's day with nobody in it. */
export type Gap = { staff: string; from: number; to: number };

/** Gaps of at least `least` minutes between `opens` and `closes`, longest first. */
export function gaps(cards: AppointmentCard[], staff: string[], opens: number, closes: number, least: number): Gap[] {
  const found: Gap[] = [];
  for (const person of staff) {
    const busy = cards
      .filter((card) => card.staff_id === person && card.status !== "cancelled" && card.status !== "no_show")
      .sort((a, b) => a.start_minute - b.start_minute);
    let free = opens;
    for (const { start_minute, duration_minutes } of busy) {
      if (start_minute - free >= least) found.push({ staff: person, from: free, to: start_minute });
      free = Math.max(free, start_minute + duration_minutes);
    }
    if (closes - free >= least) found.push({ staff: person, from: free, to: closes });
  }
  return found.sort((a, b) => b.to - b.from - (a.to - a.from));
}
