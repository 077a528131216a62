import { backend } from "../../platform/backend";
import { t } from "../../shared/i18n.svelte";
import { tell } from "../../shared/tell";
import { toasts } from "../../shared/toasts.svelte";
import { cacheName } from "./advice";

/** Fills a cache with what today needs. */
export async function warm(name: string): Promise<void> {
  try {
    await backend.cacheWarm(name);
    toasts.say(t("perf.warmed", { name: cacheName(name) }));
  } catch (thrown) {
    tell(thrown);
  }
}

/** Empties a cache; what is needed is read again. */
export async function clear(name: string): Promise<void> {
  try {
    await backend.cacheClear(name);
    toasts.say(t("perf.cleared", { name: cacheName(name) }));
  } catch (thrown) {
    tell(thrown);
  }
}
