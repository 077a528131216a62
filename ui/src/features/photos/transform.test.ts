import { describe, expect, it } from "vitest";
import * as look from "./transform";

/** Where a spot of the picture appears in the pane. */
const shown = (lie: look.Lie, spot: look.Spot) => ({ x: lie.x + lie.scale * spot.x, y: lie.y + lie.scale * spot.y });
const close = (a: look.Spot, b: look.Spot) => {
  expect(a.x).toBeCloseTo(b.x, 9);
  expect(a.y).toBeCloseTo(b.y, 9);
};

describe("zoom", () => {
  it("keeps what is under the pointer under the pointer", () => {
    const at = { x: 0.21, y: -0.13 };
    const before = look.panned(look.zoomed(look.FIT, 3), { x: 0.1, y: 0.2 });
    const spot = { x: (at.x - before.x) / before.scale, y: (at.y - before.y) / before.scale };
    close(shown(look.zoomed(before, 1.25, at), spot), at);
  });

  it("stops at its limits and comes back exactly", () => {
    expect(look.zoomed(look.FIT, 1000).scale).toBe(look.SHARED_SCALE.most);
    expect(look.zoomed(look.FIT, 0.001).scale).toBe(look.SHARED_SCALE.least);
    const there = look.zoomed(look.FIT, 2, { x: 0.2, y: 0.1 });
    const back = look.zoomed(there, 0.5, { x: 0.2, y: 0.1 });
    close(back, look.FIT);
    expect(back.scale).toBe(1);
  });
});

describe("pan", () => {
  it("never loses the picture", () => {
    for (const scale of [0.5, 1, 4]) {
      const far = look.panned(look.zoomed(look.FIT, scale), { x: 99, y: -99 });
      expect(Math.abs(far.x)).toBeLessThanOrEqual(Math.max(0.5, scale / 2));
      expect(Math.abs(far.y)).toBeLessThanOrEqual(Math.max(0.5, scale / 2));
    }
  });
});

describe("one picture moved alone", () => {
  it("follows the pointer at every zoom", () => {
    const shared = look.zoomed(look.FIT, 4, { x: 0.1, y: 0.1 });
    const own = look.movedAlone(shared, look.FIT, { x: 0.05, y: -0.02 });
    const before = look.composed(shared, look.FIT);
    const after = look.composed(shared, own);
    close({ x: after.x - before.x, y: after.y - before.y }, { x: 0.05, y: -0.02 });
  });

  it("stays registered with the other through later zooms and pans", () => {
    // The eye corner is at `here` in the left picture and at `there` in the right one; they are laid over each other.
    const here = { x: 0.1, y: -0.2 };
    const there = { x: 0.14, y: -0.17 };
    const own = look.movedAlone(look.FIT, look.FIT, { x: here.x - there.x, y: here.y - there.y });
    let shared = look.FIT;
    for (const step of [3, 0.7, 2.2]) {
      shared = look.panned(look.zoomed(shared, step, { x: -0.2, y: 0.3 }), { x: 0.07, y: -0.11 });
      close(shown(look.composed(shared, own), there), shown(shared, here));
    }
  });

  it("scales around the pointer", () => {
    const shared = look.panned(look.zoomed(look.FIT, 2), { x: 0.2, y: 0 });
    const at = { x: -0.1, y: 0.25 };
    const before = look.composed(shared, look.FIT);
    const spot = { x: (at.x - before.x) / before.scale, y: (at.y - before.y) / before.scale };
    const own = look.scaledAlone(shared, look.FIT, 1.1, at);
    close(shown(look.composed(shared, own), spot), at);
    expect(look.isMoved(own)).toBe(true);
    expect(look.isMoved(look.FIT)).toBe(false);
  });
});

describe("fittedWidth", () => {
  it("is bound by the tighter side", () => {
    expect(look.fittedWidth({ width: 3000, height: 4000 }, { width: 600, height: 600 })).toBe(450);
    expect(look.fittedWidth({ width: 4000, height: 2000 }, { width: 600, height: 600 })).toBe(600);
    expect(look.fittedWidth({ width: 0, height: 0 }, { width: 600, height: 600 })).toBe(0);
  });
});
