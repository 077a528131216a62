/**
 * Numbers, days and times as a Brazilian clinic writes them, in both languages of the interface: the people and the
 * papers around the screen are the same. Only names of days and months follow the language.
 */

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
let zone: string | undefined;

/** Sets the clinic's time zone; the machine's serves until it is known. */
export function setZone(name: string | null | undefined): void {
  zone = name ?? undefined;
}

/** `1.234,5` with at most `digits` decimals. */
export function number(value: number, digits = 0): string {
  return new Intl.NumberFormat("pt-BR", { maximumFractionDigits: digits }).format(value);
}

/** `R$ 1.234,56`. */
export function money(cents: number): string {
  return new Intl.NumberFormat("pt-BR", { style: "currency", currency: "BRL" }).format(cents / 100);
}

/** `99,2 %`; two places beyond 99 and below 1, so that a bad tail or a few errors are not rounded away. */
export function percent(share: number): string {
  const value = share * 100;
  return `${number(value, (value > 99 && value < 100) || (value > 0 && value < 1) ? 2 : value < 10 ? 1 : 0)} %`;
}

/** `3,4 MB`. */
export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = value;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${number(size, size < 10 && unit > 0 ? 1 : 0)} ${units[unit] ?? ""}`;
}

/** A latency: `84 µs`, `1,2 ms`, `3,4 s`. */
export function micros(value: number): string {
  if (value < 1000) return `${number(value)} µs`;
  if (value < 1_000_000) return `${number(value / 1000, value < 10_000 ? 2 : 1)} ms`;
  return `${number(value / 1_000_000, 2)} s`;
}

/** Minutes from midnight as `14:05`. */
export function clock(minute: number): string {
  const within = ((minute % 1440) + 1440) % 1440;
  return `${String(Math.floor(within / 60)).padStart(2, "0")}:${String(within % 60).padStart(2, "0")}`;
}

/** `14:05`, `14h05`, `1405`, `14` or `9` as minutes from midnight. */
export function parseClock(text: string): number | null {
  const match = /^\s*(\d{1,2})\s*(?:[:hH.]?\s*(\d{2}))?\s*[hH]?\s*$/.exec(text);
  if (!match) return null;
  const hours = Number(match[1]);
  const minutes = Number(match[2] ?? 0);
  return hours < 24 && minutes < 60 ? hours * 60 + minutes : null;
}

/** An ISO day as `22/11/2026`. */
export function day(iso: string): string {
  const [year, month, date] = iso.split("-");
  return `${date}/${month}/${year}`;
}

/** `22/11/2026`, `22112026`, `22/11/26` as an ISO day; `null` for what is no day of the calendar. */
export function parseDay(text: string): string | null {
  const trimmed = text.trim();
  const match = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})$/.exec(trimmed) ?? /^(\d{2})(\d{2})(\d{4})$/.exec(trimmed);
  if (!match) return null;
  const date = Number(match[1]);
  const month = Number(match[2]);
  const short = Number(match[3]);
  const year = (match[3] ?? "").length === 2 ? short + (short > 30 ? 1900 : 2000) : short;
  const made = new Date(Date.UTC(year, month - 1, date));
  const exists = made.getUTCFullYear() === year && made.getUTCMonth() === month - 1 && made.getUTCDate() === date;
  return exists ? made.toISOString().slice(0, 10) : null;
}

/** The ISO day `days` later. */
export function addDays(iso: string, days: number): string {
  return new Date(Date.parse(`${iso}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);
}

/** The Monday of the week of an ISO day. */
export function mondayOf(iso: string): string {
  const weekday = new Date(`${iso}T00:00:00Z`).getUTCDay();
  return addDays(iso, -((weekday + 6) % 7));
}

/** `domingo, 22 de novembro`, or in short `dom., 22/11`. */
export function dayName(iso: string, locale: string, style: "long" | "short" = "long"): string {
  const at = new Date(`${iso}T00:00:00Z`);
  if (style === "short") {
    const weekday = new Intl.DateTimeFormat(locale, { weekday: "short", timeZone: "UTC" }).format(at);
    return `${weekday} ${iso.slice(8)}/${iso.slice(5, 7)}`;
  }
  const long = { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" } as const;
  return new Intl.DateTimeFormat(locale === "en" ? "en-GB" : locale, long).format(at);
}

/** An instant's time of day in the clinic: `14:05`. */
export function timeOf(at: number): string {
  const parts = { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: zone } as const;
  return new Intl.DateTimeFormat("pt-BR", parts).format(at);
}

/** An instant's day in the clinic: `22/11/2026`. */
export function dayOf(at: number): string {
  return new Intl.DateTimeFormat("pt-BR", { dateStyle: "short", timeZone: zone })
    .format(at)
    .replace(/\/(\d{2})$/, "/20$1");
}

/** An instant as `22/11/2026 14:05`. */
export function instant(at: number): string {
  return `${dayOf(at)} ${timeOf(at)}`;
}

/** Whole minutes between two instants, never negative. */
export function minutesBetween(from: number, to: number): number {
  return Math.max(0, Math.floor((to - from) / MINUTE));
}

/** Text as search compares it: no accents, no capitals. */
export function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** The name to call somebody by: the first, which stands out in lists. */
export function firstName(name: string): string {
  return name.split(" ")[0] ?? name;
}

/** The rest of the name after the first. */
export function restOfName(name: string): string {
  return name.split(" ").slice(1).join(" ");
}

/** `AB` of a name. */
export function initials(name: string): string {
  const words = name.split(" ").filter((word) => word.length > 2);
  const first = words[0]?.charAt(0) ?? name.charAt(0);
  const last = words.length > 1 ? (words.at(-1)?.charAt(0) ?? "") : "";
  return (first + last).toUpperCase();
}

/** A CPF while it is typed: digits with the punctuation they have reached. */
export function cpfAsTyped(text: string): string {
  const digits = text.replace(/\D/g, "").slice(0, 11);
  return digits
    .replace(/^(\d{3})(\d)/, "$1.$2")
    .replace(/^(\d{3})\.(\d{3})(\d)/, "$1.$2.$3")
    .replace(/\.(\d{3})(\d)/, ".$1-$2");
}

/** Whether the check digits of a CPF fit (Receita Federal's modulo 11); the engine decides, this answers while typing. */
export function cpfFits(text: string): boolean {
  const digits = text.replace(/\D/g, "");
  if (digits.length !== 11 || /^(\d)\1{10}$/.test(digits)) return false;
  const check = (length: number) => {
    let sum = 0;
    for (let at = 0; at < length; at += 1) sum += Number(digits[at]) * (length + 1 - at);
    return ((sum * 10) % 11) % 10;
  };
  return check(9) === Number(digits[9]) && check(10) === Number(digits[10]);
}

/** A Brazilian phone number while it is typed; anything that begins with `+` is left alone. */
export function phoneAsTyped(text: string): string {
  if (text.trimStart().startsWith("+")) return text;
  const digits = text.replace(/\D/g, "").slice(0, 11);
  if (digits.length < 3) return digits;
  const number = digits.slice(2);
  const head = digits.length > 10 ? 5 : 4;
  return `(${digits.slice(0, 2)}) ${number.length > head ? `${number.slice(0, head)}-${number.slice(head)}` : number}`;
}
