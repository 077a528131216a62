import { describe, expect, it, vi } from "vitest";

vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined });
const { keyNames, keyOf } = await import("./actions.svelte");

function press(key: string, held: Partial<Record<"ctrlKey" | "metaKey" | "altKey" | "shiftKey", boolean>> = {}) {
  return keyOf({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held });
}

describe("keyOf", () => {
  it("names keys as actions do", () => {
    expect(press("k", { ctrlKey: true })).toBe("mod+k");
    expect(press("L", { ctrlKey: true, shiftKey: true })).toBe("mod+shift+l");
    expect(press("ArrowLeft", { shiftKey: true })).toBe("shift+arrowleft");
    expect(press(" ")).toBe("space");
  });

  it("takes a sign for itself, with whatever key a keyboard makes it", () => {
    expect(press("?", { shiftKey: true })).toBe("?");
    expect(press("+", { shiftKey: true })).toBe("+");
    expect(press("+")).toBe("+");
  });
});

describe("keyNames", () => {
  it("shows keys as they are printed", () => {
    expect(keyNames("mod+shift+l")).toEqual(["Ctrl", "Shift", "L"]);
    expect(keyNames("+")).toEqual(["+"]);
    expect(keyNames("mod++")).toEqual(["Ctrl", "+"]);
    expect(keyNames("space")).toEqual(["Espaço"]);
    expect(keyNames("f1")).toEqual(["F1"]);
  });
});
