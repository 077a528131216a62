import { describe, expect, it } from "vitest";
import { dropDraft, keepDraft, readDraft } from "./drafts";

describe("drafts", () => {
  it("wait for the person who wrote them and for nobody else", () => {
    keepDraft("ana", "record c1", { notes: "20 U" });
    expect(readDraft("ana", "record c1")).toEqual({ notes: "20 U" });
    expect(readDraft("bia", "record c1")).toBeUndefined();
    expect(readDraft("ana", "record c2")).toBeUndefined();
  });

  it("cannot be reached by a person and a subject that only read alike together", () => {
    keepDraft("a", "b c", 1);
    expect(readDraft("a b", "c")).toBeUndefined();
  });

  it("are gone once dropped", () => {
    keepDraft("ana", "register", { name: "Maria" });
    dropDraft("ana", "register");
    expect(readDraft("ana", "register")).toBeUndefined();
  });
});
