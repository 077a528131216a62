import { Failure, type Outcome } from "../platform/backend";
import { failureTitle } from "./failure-words";
import { t, tCode } from "./i18n.svelte";
import { toasts } from "./toasts.svelte";

/** Says in a toast that something failed, for what has no place of its own on the screen. */
export function tell(thrown: unknown): void {
  const failure = Failure.from(thrown);
  // A lock is shown by the lock screen itself.
  if (failure.code === "locked") return;
  toasts.say(failureTitle(failure), { tone: "bad" });
}

/** Says `done` in a toast with the way back, or why it was refused. Whether it was done. */
export function tellOutcome(outcome: Outcome, done: string, undo?: () => void): boolean {
  if (outcome.kind === "refused") {
    const why = tCode("refused", outcome.refusal.code, "refused.unknown");
    toasts.say(`${t("refused.title")}: ${why}`, { tone: "bad" });
    return false;
  }
  toasts.say(done, { undo });
  return true;
}
