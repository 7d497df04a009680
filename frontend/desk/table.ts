// A table that scrolls sideways by itself, its first column naming the rows.

import { make } from "../src/elements";

export function table(head: string[], rows: (Node | string)[][]): HTMLElement {
  const cells = (row: (Node | string)[]) => row.map((cell, n) => make(n === 0 ? "th" : "td", n === 0 ? { scope: "row" } : {}, cell));
  return make(
    "div",
    { class: "scroll", tabindex: "0", role: "group" },
    make(
      "table",
      {},
      make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))),
      make("tbody", {}, ...rows.map((row) => make("tr", {}, ...cells(row)))),
    ),
  );
}
