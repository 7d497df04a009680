// Words of the page in the chosen language; numbers as people write them.

export type Language = "en" | "zh";

let strings: Record<string, Record<Language, string>> = {};
let language: Language = "en";

export async function loadWords(): Promise<void> {
  strings = (await (await fetch("/assets/words.json")).json()) as typeof strings;
  const kept = localStorage.getItem("language");
  const browser = navigator.language.startsWith("zh") ? "zh" : "en";
  setLanguage(kept === "zh" || kept === "en" ? kept : browser);
}

export function current(): Language {
  return language;
}

export function setLanguage(next: Language): void {
  language = next;
  localStorage.setItem("language", next);
  document.documentElement.lang = next === "zh" ? "zh-CN" : "en";
  document.title = say("desk.title");
}

/** A string by its key; a key without string comes back as its last part. */
export function say(key: string, values: Record<string, string | number> = {}): string {
  const text = strings[key]?.[language];
  if (text === undefined) return key.slice(key.indexOf(".") + 1);
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** An object of the server's with its sentences in other languages, see depotopt/web/telling.py. */
export interface Told {
  zh?: Record<string, unknown>;
}

/** A sentence (or a list of them) of an object in the chosen language. */
export function told<T extends Told, K extends keyof T & string>(item: T, key: K): T[K] {
  return (language === "zh" ? (item.zh?.[key] as T[K] | undefined) : undefined) ?? item[key];
}

export function number(value: number, digits = 0): string {
  // What rounds to nothing has no sign.
  const rounded = Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value;
  return rounded.toLocaleString(language === "zh" ? "zh-CN" : "en-GB", { maximumFractionDigits: digits });
}

/** The name of a cost with the money it is in, where the scenario says. */
export const inMoney = (name: string, currency?: string): string => (currency ? `${name} (${currency})` : name);

/** A moment of this machine's clock. */
export function clock(seconds: number): string {
  return new Date(1000 * seconds).toLocaleString(language === "zh" ? "zh-CN" : "en-GB", { dateStyle: "short", timeStyle: "short" });
}

export function percent(value: number): string {
  return `${number(value * 100, value < 0.1 ? 2 : 1)} %`;
}
