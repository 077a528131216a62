/** The clinic's minute of day, counted on from what the engine said, so that the line of now moves between reads. */
export function movingNow(said: () => { minute: number } | undefined): { readonly minute: number } {
  const HALF_MINUTE = 30_000;
  let base = { minute: 0, at: Date.now() };
  let clock = $state(Date.now());
  $effect.pre(() => {
    const view = said();
    if (view) base = { minute: view.minute, at: Date.now() };
    clock = Date.now();
  });
  $effect(() => {
    const timer = setInterval(() => (clock = Date.now()), HALF_MINUTE);
    return () => clearInterval(timer);
  });
  return {
    get minute() {
      return base.minute + Math.floor((clock - base.at) / 60_000);
    },
  };
}
