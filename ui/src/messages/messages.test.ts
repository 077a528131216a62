import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import en from "./en.json";
import ptBR from "./pt-BR.json";

type Tree = { [key: string]: string | Tree };
function leaves(tree: Tree, before = ""): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "string" ? [[before + key, value] as [string, string]] : leaves(value, `${before}${key}.`),
  );
}
const portuguese = new Map(leaves(ptBR));
const english = new Map(leaves(en));
const base = (key: string) => key.replace(/_(one|other)$/, "");
const slots = (text: string) => [...new Set(text.match(/\{\{\w+\}\}/g))].sort();

function sources(folder: string): string {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((file) => file.isFile() && /\.(svelte|ts)$/.test(file.name) && !/\.test\.ts$|bindings\.ts$/.test(file.name))
    .map((file) => readFileSync(join(file.parentPath, file.name), "utf8"))
    .join("\n");
}
const code = sources(join(import.meta.dirname, ".."));
const literals = new Set([...code.matchAll(/["'`]([a-z]\w*(?:\.\w+)+)["'`]/gi)].map((match) => match[1] ?? ""));
const templates = [...code.matchAll(/`([a-z]\w*(?:\.[\w.]*)?\.\$\{[^`]*)`/gi)].map(
  ([, text = ""]) => new RegExp(`^${text.replaceAll(".", "\\.").replace(/\$\{[^}]*\}/g, "\\w+")}$`),
);
const groups = [...code.matchAll(/tCode\(\s*["'`]([\w.]+)["'`]/g)].map((match) => `${match[1]}.`);

describe("messages", () => {
  it("have the same keys in both languages", () => {
    expect([...english.keys()].sort()).toEqual([...portuguese.keys()].sort());
  });

  it("say the same things about the same values", () => {
    const differing = [...portuguese].filter(([key, text]) => {
      const other = english.get(key) ?? "";
      // A singular may say "1" itself, or leave the count out.
      const counted = (list: string[]) => list.filter((slot) => slot !== "{{count}}" || !/_one$/.test(key));
      const neutral = (list: string[]) => counted(list).map((slot) => slot.replace(/client/i, "client"));
      return neutral(slots(text)).join() !== neutral(slots(other)).join();
    });
    expect(differing).toEqual([]);
  });

  it("come with a singular and a plural, or with neither", () => {
    const lonely = [...portuguese.keys()].filter((key) => {
      const twin = key.endsWith("_one") ? `${base(key)}_other` : key.endsWith("_other") ? `${base(key)}_one` : key;
      return !portuguese.has(twin);
    });
    expect(lonely).toEqual([]);
  });

  it("are all used", () => {
    const used = (key: string) =>
      literals.has(key) ||
      templates.some((template) => template.test(key)) ||
      groups.some((group) => key.startsWith(group));
    expect([...new Set([...portuguese.keys()].map(base))].filter((key) => !used(key))).toEqual([]);
  });

  it("exist for every key the code names", () => {
    const known = new Set([...portuguese.keys()].map(base));
    const tops = new Set(Object.keys(ptBR));
    const named = [...code.matchAll(/\bt\(\s*["'`]([\w.]+)["'`]/g)].map((match) => match[1] ?? "");
    expect(named.length).toBeGreaterThan(300);
    expect([...new Set(named)].filter((key) => tops.has(key.split(".")[0] ?? "") && !known.has(key))).toEqual([]);
  });

  it("are never empty", () => {
    expect([...portuguese, ...english].filter(([, text]) => text.trim() === "")).toEqual([]);
  });
});
