// A table that scrolls sideways by itself, its first column naming the rows.

import { make } from "../src/elements";

/** With `groups`, the columns after the first stand under as many heads of equal width. */
export function table(head: (Node | string)[], rows: (Node | string)[][], groups: (Node | string)[] = []): HTMLElement {
  const width = String((head.length - 1) / (groups.length - 1));
  const above = groups.map((text, n) => make("th", n ? { colspan: width, scope: "colgroup", class: "group" } : {}, text));
  const cells = (row: (Node | string)[]) => row.map((cell, n) => make(n === 0 ? "th" : "td", n === 0 ? { scope: "row" } : {}, cell));
  return make(
    "div",
    { class: "scroll", tabindex: "0", role: "group" },
    make(
      "table",
      {},
      make("thead", {}, groups.length > 0 && make("tr", {}, ...above), make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))),
      make("tbody", {}, ...rows.map((row) => make("tr", {}, ...cells(row)))),
    ),
  );
}
