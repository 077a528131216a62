/**
 * A system without a locale reports the language "C", which is no language tag: everything that hands it to `Intl` throws.
 * The interface has its own language; this only keeps libraries from failing. Imported before anything else.
 */
function isTag(language: string): boolean {
  try {
    return Intl.getCanonicalLocales(language).length === 1;
  } catch {
    return false;
  }
}

if (!isTag(navigator.language)) {
  Object.defineProperty(navigator, "language", { value: "pt-BR", configurable: true });
  Object.defineProperty(navigator, "languages", { value: ["pt-BR"], configurable: true });
}
