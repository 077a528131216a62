import { describe, expect, it } from "vitest";
import type { ImportFile, ImportState } from "../../platform/backend";
import { share, tally } from "./imports.svelte";

const file = (state: ImportState): ImportFile => ({ name: "IMG_0001.JPG", photo_id: null, state });
const WAITING = file({ kind: "waiting" });
const READING = file({ kind: "reading" });
const HALF = file({ kind: "optimizing", done: 2, of: 4 });
const DONE = file({ kind: "done", original_bytes: 9, rendition_bytes: 3 });
const SKIPPED = file({ kind: "skipped", existing: "p" });
const FAILED = file({ kind: "failed", code: "truncated", message: "" });

describe("tally", () => {
  it("counts every file exactly once", () => {
    const files = [WAITING, READING, HALF, DONE, SKIPPED, FAILED];
    expect(tally(files)).toEqual({ done: 2, failed: 1, left: 3 });
    expect(tally([])).toEqual({ done: 0, failed: 0, left: 0 });
  });
});

describe("share", () => {
  it("only grows on the way, and ends at one whatever the end", () => {
    const way = [WAITING, READING, HALF, DONE].map(share);
    expect(way).toEqual([...way].sort((a, b) => a - b));
    expect([DONE, SKIPPED, FAILED].map(share)).toEqual([1, 1, 1]);
    expect(share(file({ kind: "optimizing", done: 0, of: 0 }))).toBeLessThan(1);
  });
});
