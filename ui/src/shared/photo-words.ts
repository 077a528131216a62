import type { PhotoCard } from "../platform/backend";
import { dayOf } from "./format";
import { t, tCode } from "./i18n.svelte";

/** The angles offered for new photos; others that arrive from elsewhere are shown as they are. */
export const PHOTO_VIEWS = ["front", "right_oblique", "left_oblique", "right", "left", "back", "detail"] as const;

/** A view in words. */
export function viewWords(view: string): string {
  return tCode("photo.view", view, { text: view });
}

/** What a picture shows, for somebody who does not see it. Never says whom. */
export function photoAlt(photo: PhotoCard): string {
  return t("photo.alt", {
    region: photo.region,
    view: viewWords(photo.view),
    phase: t(`photo.phase.${photo.phase}`),
    day: dayOf(photo.taken_at),
  });
}
