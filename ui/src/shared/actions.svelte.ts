import { type Component, untrack } from "svelte";
import { type MessageKey, t } from "./i18n.svelte";

/** Something a person can do from the keyboard or the palette. One list serves shortcuts, palette and help sheet. */
export type Action = {
  id: string;
  label: MessageKey;
  group: "go" | "do" | "screen";
  /** `mod+k`, `alt+1`, `?`, `arrowleft`. `mod` is Ctrl. */
  keys?: string;
  icon?: Component<{ size?: number | string }>;
  run: () => void;
  /** Whether it makes sense now. */
  when?: () => boolean;
  /** Not offered in the palette. */
  hidden?: boolean;
  /** Not listed among the shortcuts: another way to do what a listed one does. */
  unlisted?: boolean;
};

const store = $state({ singleKeys: localStorage.getItem("single-keys") !== "off" });

/** Registers actions while the component lives. The latest wins where two have the same keys. */
export function useActions(make: () => Action[]): void {
  $effect.pre(() => {
    const own = make();
    lists.add(own);
    untrack(() => (changed.version += 1));
    return () => {
      lists.delete(own);
      untrack(() => (changed.version += 1));
    };
  });
}

const lists = new Set<Action[]>();
const changed = $state({ version: 0 });

/** Every action that makes sense now. */
export function actionsNow(): Action[] {
  void changed.version;
  return [...lists].flat().filter((action) => action.when?.() ?? true);
}

/** Whether shortcuts of one printable key work; some people's speech input types them by accident. */
export function singleKeys(): boolean {
  return store.singleKeys;
}

export function setSingleKeys(on: boolean): void {
  store.singleKeys = on;
  localStorage.setItem("single-keys", on ? "on" : "off");
}

/** The key of an event in the form actions name it. */
export function keyOf(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">): string {
  const key = event.key === " " ? "space" : event.key.toLowerCase();
  const printable = event.key.length === 1;
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("mod");
  if (event.altKey) parts.push("alt");
  if (event.shiftKey && (!printable || /[a-z]/i.test(event.key))) parts.push("shift");
  return [...parts, key].join("+");
}

const typing = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName));

const controlled = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.matches("button:focus-visible, a:focus-visible, [role]:focus-visible");

/** Runs the action of a key press, if there is one that fits. */
export function pressed(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const key = keyOf(event);
  const bare = !/^(mod|alt)\+/.test(key) && !/^f\d+$/.test(key);
  const printable = event.key.length === 1;
  if (bare && (typing(event.target) || (printable && !singleKeys()))) return;
  // Space and Enter belong to a control that the keyboard has reached; a click alone does not give it the keyboard.
  if ((key === "space" || key === "enter") && controlled(event.target)) return;
  const action = actionsNow().findLast((candidate) => candidate.keys === key);
  if (!action) return;
  event.preventDefault();
  action.run();
}

const NAMES: Record<string, string> = {
  mod: "Ctrl",
  alt: "Alt",
  shift: "Shift",
  arrowleft: "←",
  arrowright: "→",
  arrowup: "↑",
  arrowdown: "↓",
  escape: "Esc",
  enter: "Enter",
  backspace: "Backspace",
  pageup: "PgUp",
  pagedown: "PgDn",
};

/** Keys as they are printed on the keyboard: `["Ctrl", "K"]`. */
export function keyNames(keys: string): string[] {
  // The plus sign is a key of its own as well as what joins keys.
  const parts = keys.endsWith("+") ? [...keys.slice(0, -1).split("+").filter(Boolean), "+"] : keys.split("+");
  return parts.map((key) => {
    if (key === "space") return t("key.space");
    return NAMES[key] ?? (key.length === 1 || /^f\d/.test(key) ? key.toUpperCase() : key);
  });
}
