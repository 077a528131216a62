/**
 * What somebody was writing when the console locked or a panel closed. In memory only and per person: a half-written
 * note is clinical content and must not reach the disk unsealed.
 */
const drafts = new Map<string, unknown>();

const name = (person: string, about: string) => `${person}\u0000${about}`;

export function readDraft<T>(person: string, about: string): T | undefined {
  return drafts.get(name(person, about)) as T | undefined;
}

export function keepDraft(person: string, about: string, value: unknown): void {
  drafts.set(name(person, about), value);
}

export function dropDraft(person: string, about: string): void {
  drafts.delete(name(person, about));
}
