import type { PhotoCard } from "../../platform/backend";

/** Two pictures side by side; `null` where there is none to hang. */
export type Pair = { left: PhotoCard | null; right: PhotoCard | null };

const byTime = (photos: PhotoCard[]) => [...photos].sort((a, b) => a.taken_at - b.taken_at || a.id.localeCompare(b.id));

/** Whether two pictures show the same thing from the same angle. */
export function sameView(a: PhotoCard, b: PhotoCard): boolean {
  return a.region === b.region && a.view === b.view;
}

/**
 * Chooses what hangs first. Without a wish: the first against the latest of the region and view photographed last. With
 * one picture wished for: its counterpart, the first of the same region and view, or the latest where the wish is the
 * first itself. Pictures of another view hang only where no other is left.
 */
export function hang(photos: PhotoCard[], wish: { left?: string; right?: string } = {}): Pair {
  const sorted = byTime(photos);
  const left = sorted.find(({ id }) => id === wish.left);
  const right = sorted.find(({ id }) => id === wish.right && id !== wish.left);
  if (left && right) return { left, right };
  const wished = left ?? right;
  if (!wished) return hangAnew(sorted);
  const others = sorted.filter(({ id }) => id !== wished.id);
  const first = counterpart(others, wished, "first");
  const latest = counterpart(others, wished, "latest");
  if (left) return { left, right: latest };
  // Opening the very first picture means looking at what became of it: it hangs left.
  const isFirst = !first || first.taken_at > wished.taken_at;
  return isFirst ? { left: wished, right: latest } : { left: first, right: wished };
}

function counterpart(others: PhotoCard[], wished: PhotoCard, which: "first" | "latest"): PhotoCard | null {
  const same = others.filter((photo) => sameView(photo, wished));
  const region = others.filter((photo) => photo.region === wished.region);
  const from = same.length > 0 ? same : region.length > 0 ? region : others;
  return (which === "first" ? from[0] : from.at(-1)) ?? null;
}

function hangAnew(sorted: PhotoCard[]): Pair {
  const pairs = sorted.filter((photo) => sorted.some((other) => other.id !== photo.id && sameView(photo, other)));
  const right = pairs.at(-1) ?? sorted.at(-1) ?? null;
  if (!right) return { left: null, right: null };
  const others = sorted.filter(({ id }) => id !== right.id);
  const left = counterpart(others, right, "first");
  return left ? { left, right } : { left: right, right: null };
}

/** The neighbour of a picture in time, `step` places on, without the one that hangs beside it. */
export function neighbour(photos: PhotoCard[], of: string, beside: string | undefined, step: 1 | -1): PhotoCard | null {
  const line = byTime(photos).filter(({ id }) => id === of || id !== beside);
  return line[line.findIndex(({ id }) => id === of) + step] ?? null;
}

/** Whole days between two pictures. */
export function daysApart(pair: Pair): number | null {
  if (!pair.left || !pair.right) return null;
  return Math.round(Math.abs(pair.right.taken_at - pair.left.taken_at) / 86_400_000);
}
