import { minutesBetween } from "../../shared/format";
import { t, tCode } from "../../shared/i18n.svelte";

/** How long ago, in the largest unit that fits: `12 min`, `3 h`, `2 d`. */
export function age(at: number, now: number): string {
  const minutes = minutesBetween(at, now);
  if (minutes < 60) return t("syncs.ageMinutes", { n: minutes });
  if (minutes < 24 * 60) return t("syncs.ageHours", { n: Math.floor(minutes / 60) });
  return t("syncs.ageDays", { n: Math.floor(minutes / (24 * 60)) });
}

/** What an action is, in words. */
export function whatWords(what: string): string {
  return tCode("what", what, "what.other");
}
