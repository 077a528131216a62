import type { Failure } from "../platform/backend";
import { hasMessage, t, tCode } from "./i18n.svelte";

/** What happened, in a few words. A rule of the clinic that said no has its own words, everywhere the same. */
export function failureTitle({ code }: Failure): string {
  if (hasMessage(`error.${code}.title`)) return tCode("error", `${code}.title`, "error.unknown.title");
  return tCode("refused", code, "error.unknown.title");
}

/** What is safe and what to do. */
export function failureHelp({ code }: Failure): string {
  if (hasMessage(`refused.${code}`) && !hasMessage(`error.${code}.help`)) return t("refused.nothingSaved");
  return tCode("error", `${code}.help`, "error.unknown.help");
}
