// Search over depots, points, vehicles and roads by name or identifier; a list for mouse, keyboard and reader.

import { make } from "./elements";
import type { Model } from "./model";
import type { Selection } from "./plan";
import { say } from "./words";

const MOST = 12;

interface Entry { text: string; folded: string; kind: string; selection: NonNullable<Selection> }

export function searchBox(model: Model, select: (selection: Selection) => void): HTMLElement {
  let entries: Entry[] | null = null; // Made when first needed: a million roads take a while.
  const list = make("ul", { id: "search-list", role: "listbox", hidden: true });
  const input = make("input", {
    type: "search", role: "combobox", "aria-expanded": "false", "aria-controls": "search-list", "aria-autocomplete": "list",
    placeholder: say("map.search"), "aria-label": say("map.search"), autocomplete: "off", spellcheck: "false",
  });
  const status = make("p", { class: "unseen", role: "status" });
  let found: Entry[] = [];
  let at = -1;

  const close = (): void => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (entry: Entry): void => {
    close();
    input.value = entry.text;
    select(entry.selection);
  };
  const mark = (): void => {
    [...list.children].forEach((child, k) => child.setAttribute("aria-selected", String(k === at)));
    if (at >= 0) input.setAttribute("aria-activedescendant", `search-${at}`);
  };
  input.addEventListener("input", () => {
    const wanted = fold(input.value);
    at = -1;
    entries ??= index(model);
    found = wanted ? entries.filter((entry) => entry.folded.includes(wanted)).slice(0, 400) : [];
    found.sort((a, b) => Number(b.folded.startsWith(wanted)) - Number(a.folded.startsWith(wanted)));
    list.replaceChildren(
      ...found.slice(0, MOST).map((entry, k) => {
        const item = make("li", { role: "option", id: `search-${k}` }, make("span", {}, entry.text), make("small", {}, entry.kind));
        item.addEventListener("pointerdown", (event) => {
          event.preventDefault();
          choose(entry);
        });
        return item;
      }),
    );
    if (wanted && !found.length) list.append(make("li", { class: "none" }, say("map.search_none")));
    status.textContent = wanted ? (found.length ? say("map.results", { count: found.length }) : say("map.search_none")) : "";
    list.hidden = !wanted;
    input.setAttribute("aria-expanded", String(!list.hidden));
  });
  input.addEventListener("keydown", (event) => {
    const shown = Math.min(MOST, found.length);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      at = shown ? (at + (event.key === "ArrowDown" ? 1 : shown - (at < 0 ? 0 : 1))) % shown : -1;
      mark();
    } else if (event.key === "Enter" && found.length) choose(found[Math.max(0, at)]);
    else if (event.key === "Escape") close();
  });
  input.addEventListener("blur", close);
  return make("div", { class: "search" }, input, list, status);
}

function index(model: Model): Entry[] {
  const entries: Entry[] = [];
  const add = (text: string, other: string, kind: string, selection: NonNullable<Selection>): void => {
    entries.push({ text, folded: fold(`${text} ${other}`), kind, selection });
  };
  const sites = (open: boolean): void =>
    model.sites.forEach((site, j) => {
      if (site.open === open) add(site.name, site.id, say(open ? "detail.depot" : "detail.site"), { kind: "site", index: j });
    });
  sites(true);
  model.points.forEach((point, i) => add(point.name, point.id, say("detail.point"), { kind: "point", index: i }));
  model.vehicles.forEach((vehicle, v) => add(vehicle, "", say("detail.vehicle"), { kind: "vehicle", index: v }));
  sites(false);
  const pieceOf = new Map<number, number>();
  for (let piece = 0; piece < model.roads.count; piece++) {
    const name = model.roads.name[piece];
    if (name && !pieceOf.has(name)) pieceOf.set(name, piece);
  }
  for (const [name, piece] of pieceOf) add(model.names[name], "", say("detail.road"), { kind: "road", index: piece });
  return entries;
}

/** Letters without accents, in lower case. */
function fold(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
}
