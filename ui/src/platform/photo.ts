import type { PhotoCard } from "./bindings";

/** Windows' web view serves custom schemes as http hosts; the others by their own name. */
const origin = () => (navigator.userAgent.includes("Windows") ? "http://photo.localhost" : "photo://localhost");

/**
 * The width to ask for when a box needs `pixels` device pixels: the narrowest rendition that fills it, or the widest
 * there is. Asking by rendition keeps the address the same while a box changes size, so that nothing is fetched twice.
 */
export function renditionWidth(widths: number[], pixels: number): number {
  const sorted = [...widths].sort((a, b) => a - b);
  return sorted.find((width) => width >= pixels) ?? sorted.at(-1) ?? pixels;
}

/** The width that a box `cssWidth` wide asks for on this screen. */
export function wantedWidth(photo: Pick<PhotoCard, "widths">, cssWidth: number): number {
  return renditionWidth(photo.widths, Math.max(1, Math.ceil(cssWidth * window.devicePixelRatio)));
}

/**
 * The address of a picture for a box `cssWidth` wide. `v` changes with every new rendition, so that a sharper one
 * replaces what is shown; `tries` tells a repeated request from one the web view has already answered.
 */
export function photoUrl(photo: Pick<PhotoCard, "id" | "revision" | "widths">, cssWidth: number, tries = 0): string {
  const again = tries > 0 ? `&again=${tries}` : "";
  return `${origin()}/${photo.id}?w=${wantedWidth(photo, cssWidth)}&v=${photo.revision}${again}`;
}
