import { describe, expect, it } from "vitest";
import type { CacheView, PerformanceView } from "../../platform/backend";
import { advise } from "./advice";

const cache = (over: Partial<CacheView>): CacheView => ({
  name: "photos",
  entries: 0,
  capacity: 10,
  bytes: 0,
  ttl_seconds: 60,
  hits: 90,
  misses: 10,
  evictions: 0,
  hit_ratio: 0.9,
  load_mean_us: 100,
  ...over,
});
function view(over: Partial<PerformanceView>): PerformanceView {
  return {
    caches: [],
    disk_free_bytes: 100e9,
    photos: { backlog: 0 },
    sync: { parked: 0 },
    ...over,
  } as PerformanceView;
}
const ids = (over: Partial<PerformanceView>) => advise(view(over)).map(({ id }) => id);

describe("advise", () => {
  it("says nothing when nothing is wrong", () => {
    expect(ids({ caches: [cache({})] })).toEqual([]);
  });

  it("names a cold cache only after enough reads to tell, with its warming", () => {
    expect(ids({ caches: [cache({ hits: 2, misses: 8, hit_ratio: 0.2 })] })).toEqual([]);
    const [first] = advise(view({ caches: [cache({ hits: 20, misses: 80, hit_ratio: 0.2 })] }));
    expect(first).toMatchObject({ id: "cold photos", warm: "photos" });
  });

  it("puts what needs a person before what needs space", () => {
    const parked = { parked: 2 } as PerformanceView["sync"];
    expect(ids({ sync: parked, disk_free_bytes: 1e9 })).toEqual(["parked", "disk"]);
  });
});
