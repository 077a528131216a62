import type { PerformanceView } from "../../platform/backend";
import { bytes, number, percent } from "../../shared/format";
import { t, tCode } from "../../shared/i18n.svelte";

/** Something to do about what was measured, with the button that does it where there is one. */
export type Advice = { id: string; text: string; warm?: string; place?: "sync" };

/** Below this share of hits a cache is worth warming, in reads enough to tell. */
const COLD = 0.5;
const ENOUGH = 50;
/** Less free space than this is said, in bytes. */
const LITTLE = 5e9;
/** More pictures waiting than this are said. */
const BACKLOG = 10;

/** A cache's name in words. */
export function cacheName(name: string): string {
  return tCode("perf.cache", name, { text: name });
}

/** What is worth doing now, most pressing first. */
export function advise(view: PerformanceView): Advice[] {
  const found: Advice[] = [];
  if (view.sync.parked > 0) {
    found.push({ id: "parked", text: t("perf.advice.parked", { count: view.sync.parked }), place: "sync" });
  }
  if (view.disk_free_bytes !== null && view.disk_free_bytes < LITTLE) {
    found.push({ id: "disk", text: t("perf.advice.disk", { free: bytes(view.disk_free_bytes) }) });
  }
  for (const cache of view.caches) {
    const reads = cache.hits + cache.misses;
    if (cache.hit_ratio === null || cache.hit_ratio >= COLD || reads < ENOUGH) continue;
    const text = t("perf.advice.cold", { name: cacheName(cache.name), share: percent(cache.hit_ratio) });
    found.push({ id: `cold ${cache.name}`, text, warm: cache.name });
  }
  if (view.photos.backlog > BACKLOG) {
    found.push({ id: "backlog", text: t("perf.advice.backlog", { n: number(view.photos.backlog) }) });
  }
  return found;
}
