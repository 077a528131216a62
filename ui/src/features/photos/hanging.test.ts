import { describe, expect, it } from "vitest";
import type { PhotoCard } from "../../platform/backend";
import { daysApart, hang, neighbour, type Pair } from "./hanging";

const DAY = 86_400_000;
function photo(id: string, day: number, region = "Face", view = "front"): PhotoCard {
  return { id, region, view, taken_at: day * DAY } as PhotoCard;
}
const ids = ({ left, right }: Pair) => [left?.id, right?.id];

const CLIENT = [
  photo("b", 30),
  photo("a", 1),
  photo("c", 90),
  photo("side-1", 1, "Face", "right"),
  photo("side-2", 40, "Face", "right"),
  photo("hand", 120, "Mãos"),
];

describe("hang", () => {
  it("hangs the first against the latest of the view photographed last, passing over a picture that has no pair", () => {
    expect(ids(hang(CLIENT))).toEqual(["a", "c"]);
  });

  it("gives a wished picture its counterpart of the same region and view", () => {
    expect(ids(hang(CLIENT, { right: "side-2" }))).toEqual(["side-1", "side-2"]);
    expect(ids(hang(CLIENT, { right: "b" }))).toEqual(["a", "b"]);
    expect(ids(hang(CLIENT, { left: "b" }))).toEqual(["b", "c"]);
  });

  it("hangs the very first picture on the left, against the latest", () => {
    expect(ids(hang(CLIENT, { right: "a" }))).toEqual(["a", "c"]);
  });

  it("keeps two wished pictures whatever they show", () => {
    expect(ids(hang(CLIENT, { left: "hand", right: "a" }))).toEqual(["hand", "a"]);
  });

  it("never hangs one picture twice and leaves a place empty rather", () => {
    expect(ids(hang([photo("only", 1)]))).toEqual(["only", undefined]);
    expect(ids(hang([photo("only", 1)], { left: "only", right: "only" }))).toEqual(["only", undefined]);
    expect(ids(hang([]))).toEqual([undefined, undefined]);
  });

  it("falls back to another view only when there is no other", () => {
    expect(ids(hang(CLIENT, { right: "hand" }))).toEqual(["a", "hand"]);
  });

  it("ignores a wish for a picture that has been withdrawn", () => {
    expect(ids(hang(CLIENT, { left: "gone", right: "b" }))).toEqual(["a", "b"]);
  });
});

describe("neighbour", () => {
  it("walks in time and skips the picture beside", () => {
    const line = [photo("a", 1), photo("b", 2), photo("c", 3)];
    expect(neighbour(line, "a", "b", 1)?.id).toBe("c");
    expect(neighbour(line, "c", undefined, -1)?.id).toBe("b");
    expect(neighbour(line, "c", undefined, 1)).toBeNull();
  });
});

describe("daysApart", () => {
  it("counts whole days in either order", () => {
    expect(daysApart({ left: photo("a", 90), right: photo("b", 1) })).toBe(89);
    expect(daysApart({ left: photo("a", 1), right: null })).toBeNull();
  });
});
