/**
 * The arithmetic of looking at two pictures under one transform. Lengths are shares of the pane's width and height
 * measured from its centre, so that a picture stays where it is when the window changes size.
 */

/** How a picture lies in its pane: `scale` 1 fits it in, `x` and `y` move it. */
export type Lie = { readonly scale: number; readonly x: number; readonly y: number };

/** A place in the pane: (0, 0) is its centre, ±0.5 its edges. */
export type Spot = { readonly x: number; readonly y: number };

/** Fitted and in the middle. */
export const FIT: Lie = { scale: 1, x: 0, y: 0 };

/** How far both pictures may be brought close or away. */
export const SHARED_SCALE = { least: 0.5, most: 12 } as const;

/** How much larger or smaller one picture may be made than the other: more is no longer the same view. */
export const OWN_SCALE = { least: 0.4, most: 2.5 } as const;

const within = (value: number, least: number, most: number) => Math.min(Math.max(value, least), most);

/** Keeps the middle of the pane covered: a picture can be moved aside, never lost. */
function held(lie: Lie): Lie {
  const most = Math.max(0.5, lie.scale / 2);
  return { scale: lie.scale, x: within(lie.x, -most, most), y: within(lie.y, -most, most) };
}

/** Both pictures moved by a share of the pane. */
export function panned(lie: Lie, by: Spot): Lie {
  return held({ scale: lie.scale, x: lie.x + by.x, y: lie.y + by.y });
}

/** Both pictures scaled around `at`, which stays under the pointer. */
export function zoomed(lie: Lie, factor: number, at: Spot = { x: 0, y: 0 }): Lie {
  return held(scaled(lie, factor, at, SHARED_SCALE));
}

function scaled(lie: Lie, factor: number, at: Spot, limits: { least: number; most: number }): Lie {
  const scale = within(lie.scale * factor, limits.least, limits.most);
  const k = scale / lie.scale;
  return { scale, x: at.x - (at.x - lie.x) * k, y: at.y - (at.y - lie.y) * k };
}

/** How a picture with an offset of its own lies once the shared transform is applied to it. */
export function composed(shared: Lie, own: Lie): Lie {
  return {
    scale: shared.scale * own.scale,
    x: shared.x + shared.scale * own.x,
    y: shared.y + shared.scale * own.y,
  };
}

/**
 * One picture moved alone. Its offset is kept in the picture's own measure, so that it stays registered with the other
 * through every later zoom and pan.
 */
export function movedAlone(shared: Lie, own: Lie, by: Spot): Lie {
  return held({ scale: own.scale, x: own.x + by.x / shared.scale, y: own.y + by.y / shared.scale });
}

/** One picture scaled alone around `at`. */
export function scaledAlone(shared: Lie, own: Lie, factor: number, at: Spot = { x: 0, y: 0 }): Lie {
  const inside = { x: (at.x - shared.x) / shared.scale, y: (at.y - shared.y) / shared.scale };
  return held(scaled(own, factor, inside, OWN_SCALE));
}

/** Whether a picture has been moved alone. */
export function isMoved(own: Lie): boolean {
  return own.scale !== 1 || own.x !== 0 || own.y !== 0;
}

/** The width in CSS pixels of a picture that fits into a pane. */
export function fittedWidth(
  picture: { width: number; height: number },
  pane: { width: number; height: number },
): number {
  if (picture.width <= 0 || picture.height <= 0) return 0;
  return Math.min(pane.width, (pane.height * picture.width) / picture.height);
}
