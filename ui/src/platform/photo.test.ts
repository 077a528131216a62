import { describe, expect, it } from "vitest";
import { renditionWidth } from "./photo";

describe("renditionWidth", () => {
  it("asks for the narrowest rendition that fills the box", () => {
    expect(renditionWidth([1280, 320, 640], 112)).toBe(320);
    expect(renditionWidth([320, 640, 1280], 640)).toBe(640);
    expect(renditionWidth([320, 640, 1280], 641)).toBe(1280);
  });

  it("asks for the widest there is beyond that, and for the box itself before any is made", () => {
    expect(renditionWidth([320, 640], 4000)).toBe(640);
    expect(renditionWidth([], 224)).toBe(224);
  });
});
