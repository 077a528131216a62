import type { PhotoCard } from "./bindings";

/** Windows' web view serves custom schemes as http hosts; the others by their own name. */
const ORIGIN = navigator.userAgent.includes("Windows") ? "http://photo.localhost" : "photo://localhost";

/**
 * The address of a picture for a box `cssWidth` wide. The engine answers with the nearest rendition; `v` changes with
 * every new rendition, so that a sharper one replaces what is shown.
 */
export function photoUrl(photo: Pick<PhotoCard, "id" | "revision">, cssWidth: number): string {
  const pixels = Math.max(1, Math.ceil(cssWidth * window.devicePixelRatio));
  return `${ORIGIN}/${photo.id}?w=${pixels}&v=${photo.revision}`;
}
