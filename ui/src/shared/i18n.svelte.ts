import i18next from "i18next";
import en from "../messages/en.json";
import ptBR from "../messages/pt-BR.json";

type Leaves<T> = {
  [K in keyof T & string]: T[K] extends string ? Singular<K> : `${K}.${Leaves<T[K]>}`;
}[keyof T & string];
type Singular<K extends string> = K extends `${infer Base}_one` | `${infer Base}_other` ? Base : K;

/** Every key of the message files; plural forms count as one key. */
export type MessageKey = Leaves<typeof ptBR>;
export type Locale = "pt-BR" | "en";
export type Vars = Record<string, string | number>;

const language = $state({ locale: "pt-BR" as Locale, clientWord: "paciente" });

/** What the clinic calls the people it treats, in every form the sentences need. */
const WORDS: Record<Locale, Record<string, { client: string; clients: string }>> = {
  "pt-BR": {
    paciente: { client: "paciente", clients: "pacientes" },
    cliente: { client: "cliente", clients: "clientes" },
  },
  en: {
    paciente: { client: "patient", clients: "patients" },
    cliente: { client: "client", clients: "clients" },
  },
};

void i18next.init({
  lng: "pt-BR",
  fallbackLng: false,
  initAsync: false,
  resources: { "pt-BR": { translation: ptBR }, en: { translation: en } },
  interpolation: { escapeValue: false },
  returnNull: false,
});

/** Chooses the language of the screen and the word for clients. */
export function speak(locale: string, clientWord: string): void {
  language.locale = locale === "en" ? "en" : "pt-BR";
  language.clientWord = clientWord === "cliente" ? "cliente" : "paciente";
  document.documentElement.lang = language.locale;
}

/** The language in use. */
export function locale(): Locale {
  return language.locale;
}

const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);

function variables(vars?: Vars): Vars {
  const { client, clients } = WORDS[language.locale][language.clientWord] ?? { client: "", clients: "" };
  return { client, clients, Client: capital(client), Clients: capital(clients), ...vars };
}

/** Portuguese counts nothing as one ("0 falta"); on a screen full of numbers none is a plural, as in English. */
function counted(key: string, vars?: Vars): string {
  return vars?.count === 0 && hasMessage(`${key}_other`) ? `${key}_other` : key;
}

/** The message in the chosen language. Reading it in a component keeps it in that language when the choice changes. */
export function t(key: MessageKey, vars?: Vars): string {
  return i18next.t(counted(key, vars), { lng: language.locale, ...variables(vars) });
}

/** Whether there are words for a key that is put together while running. */
export function hasMessage(key: string): boolean {
  return i18next.exists(key, { lng: language.locale });
}

/** The message for a code that comes from the engine: `group.code`, or `fallback` where this version has no words. */
export function tCode(group: string, code: string, fallback: MessageKey | { text: string }, vars?: Vars): string {
  const key = `${group}.${code}`;
  if (hasMessage(key)) return i18next.t(key, { lng: language.locale, ...variables(vars) });
  return typeof fallback === "string" ? t(fallback, { code, ...vars }) : fallback.text;
}
