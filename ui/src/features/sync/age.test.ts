import { describe, expect, it } from "vitest";
import { age, whatWords } from "./age";

const MINUTE = 60_000;

describe("age", () => {
  it("is said in the largest unit that fits", () => {
    const now = 1_000 * 24 * 60 * MINUTE;
    expect(age(now - 59 * MINUTE, now)).toBe("59 min");
    expect(age(now - 60 * MINUTE, now)).toBe("1 h");
    expect(age(now - 23 * 60 * MINUTE, now)).toBe("23 h");
    expect(age(now - 49 * 60 * MINUTE, now)).toBe("2 d");
  });

  it("is never negative when the clocks differ", () => {
    expect(age(10 * MINUTE, 0)).toBe("0 min");
  });
});

describe("whatWords", () => {
  it("names a known action and shows the code of one it does not know", () => {
    expect(whatWords("book_appointment")).toBe("Agendamento");
    expect(whatWords("brand_new")).toContain("brand_new");
  });
});
