import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// Everything the window shows comes out of this build: no inline script, no remote content, fonts as files, so that the
// content security policy can forbid the rest.
export default defineConfig({
  plugins: [svelte()],
  clearScreen: false,
  server: { port: 5173, strictPort: true },
  build: {
    // Both know light-dark(): compiled down to variables it would be settled at the root, and the dark ground of the
    // photo screens would not turn the colours inside it.
    target: ["safari18", "chrome123"],
    outDir: "dist",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
