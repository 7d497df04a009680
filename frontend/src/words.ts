// The words of the page in the chosen language, and numbers and times as people write them.

export type Language = "en" | "zh";

const strings = JSON.parse(document.getElementById("strings")!.textContent!) as Record<Language, Record<string, string>>;
const listeners: (() => void)[] = [];
let language: Language = document.documentElement.dataset.language === "zh" ? "zh" : "en";
let startMs = 0;

export function current(): Language {
  return language;
}

export function setStart(iso: string): void {
  startMs = Date.parse(`${iso}Z`);
}

export function onLanguage(listener: () => void): void {
  listeners.push(listener);
}

export function setLanguage(next: Language): void {
  language = next;
  document.documentElement.lang = next === "zh" ? "zh-CN" : "en";
  for (const listener of listeners) listener();
}

/** A string by its key; codes chosen by people (no string) come back as they are. */
export function say(key: string, values: Record<string, string | number> = {}): string {
  const text = strings[language][key];
  if (text === undefined) return key.slice(key.indexOf(".") + 1);
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

export function number(value: number, digits = 0): string {
  return value.toLocaleString(language === "zh" ? "zh-CN" : "en-GB", {
    maximumFractionDigits: digits,
    minimumFractionDigits: 0,
  });
}

export function share(value: number): string {
  const percent = value * 100;
  // 99.96 % is not everything: never round up to the full hundred, nor down to nothing.
  const shown = percent > 99.9 && percent < 100 ? 99.9 : percent > 0 && percent < 0.1 ? 0.1 : percent;
  return `${number(shown, shown >= 10 && shown < 99 ? 0 : 1)} %`;
}

/** Clock time, with the date when it is not the first day's. */
export function moment(seconds: number): string {
  const at = new Date(startMs + Math.round(seconds / 60) * 60_000);
  const clock = at.toISOString().slice(11, 16);
  const day = at.toISOString().slice(0, 10);
  return day === new Date(startMs).toISOString().slice(0, 10) ? clock : `${day.slice(5)} ${clock}`;
}

export function fullMoment(seconds: number): string {
  return new Date(startMs + Math.round(seconds / 60) * 60_000).toISOString().slice(0, 16).replace("T", " ");
}

export function minutes(seconds: number): string {
  const total = Math.round(seconds / 60);
  if (total < 90) return say("map.minutes", { minutes: total });
  return say("map.hours", { hours: number(total / 60, 1) });
}

export function withUnit(value: number, unit: string): string {
  if (unit === "moment") return moment(value);
  if (unit === "share") return share(value);
  const digits = (unit === "t" || unit === "km") && Math.abs(value) < 100 ? 1 : unit === "m3" ? 1 : 0;
  return say(`unit.${unit}`, { value: number(value, digits) });
}

export function metres(value: number): string {
  return value < 1000 ? withUnit(value, "m") : withUnit(value / 1000, "km");
}
