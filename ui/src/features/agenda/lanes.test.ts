import { describe, expect, it } from "vitest";
import type { AppointmentCard, AppointmentStatus } from "../../platform/backend";
import { gaps, place } from "./lanes";

function card(id: string, start: number, length: number, status: AppointmentStatus = "scheduled"): AppointmentCard {
  return { id, staff_id: "s", start_minute: start, duration_minutes: length, status } as AppointmentCard;
}

describe("place", () => {
  it("gives a card alone the whole width", () => {
    expect(place([card("a", 540, 30), card("b", 570, 30)]).map(({ lanes }) => lanes)).toEqual([1, 1]);
  });

  it("puts overlapping cards side by side and never two in one lane at once", () => {
    const placed = place([card("a", 540, 60), card("b", 555, 30), card("c", 585, 30), card("d", 600, 30)]);
    expect(Object.fromEntries(placed.map(({ card, lane, lanes }) => [card.id, [lane, lanes]]))).toEqual({
      a: [0, 2],
      b: [1, 2],
      c: [1, 2],
      d: [0, 2],
    });
  });

  it("puts the cancelled one behind the one that took its place", () => {
    const [first] = place([card("off", 540, 30, "cancelled"), card("on", 540, 30)]);
    expect(first?.card.id).toBe("on");
  });
});

describe("gaps", () => {
  it("finds free stretches, longest first, and counts called-off visits as free", () => {
    const cards = [card("a", 540, 60), card("b", 660, 30, "no_show"), card("c", 720, 60)];
    expect(gaps(cards, ["s"], 480, 900, 60)).toEqual([
      { staff: "s", from: 600, to: 720 },
      { staff: "s", from: 780, to: 900 },
      { staff: "s", from: 480, to: 540 },
    ]);
  });
});
