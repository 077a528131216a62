import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

/** Forbids imports by pattern, with the reason a reader sees. */
const forbid = (group, message) => ({
  "no-restricted-imports": ["error", { patterns: [{ group, message }] }],
});
const TAURI = { group: ["@tauri-apps/*"], message: "Only src/platform talks to the shell; use its backend." };

export default ts.config(
  { ignores: ["dist", "node_modules", "src/platform/bindings.ts"] },
  js.configs.recommended,
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser, ...globals.node } } },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: [".svelte"], svelteConfig } },
  },
  {
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "svelte/require-each-key": "error",
      "svelte/no-at-html-tags": "error",
      "svelte/prefer-svelte-reactivity": "off",
      "no-undef": "off",
    },
  },
  // The tiers: platform <- shared <- features <- app. A lower tier never imports a higher one, and one feature never
  // imports another: what two of them need lives in shared.
  {
    files: ["src/platform/**"],
    rules: forbid(["**/shared/**", "**/features/**", "**/app/**"], "platform imports no other tier."),
  },
  {
    files: ["src/shared/**"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [{ group: ["**/features/**", "**/app/**"], message: "shared imports platform only." }, TAURI] },
      ],
    },
  },
  {
    files: ["src/features/**"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { group: ["**/app/**"], message: "features never import app." },
            { group: ["../[a-z]*/**", "!../../**", "**/features/*/**"], message: "A feature never imports another." },
            TAURI,
          ],
        },
      ],
    },
  },
  { files: ["src/app/**", "src/main.ts"], rules: { "no-restricted-imports": ["error", { patterns: [TAURI] }] } },
);
