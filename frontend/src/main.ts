// Puts the page together: header, overview and legend, map or tables, card of details.

import { Chart, type Choice } from "./chart";
import { DeskLink, isEmbedded } from "./desk-link";
import { detailCard, type Context } from "./detail";
import { button, make } from "./elements";
import { legend, overview } from "./legend";
import { readModel, type Model } from "./model";
import { boxOf, type Selection } from "./plan";
import { searchBox } from "./search";
import { Streets } from "./streets";
import { tablesView } from "./tables";
import { STATES } from "./theme";
import { Timeline } from "./timeline";
import { current, onLanguage, say, setLanguage } from "./words";

const app = document.getElementById("app")!;

function firstChoice(model: Model): Choice {
  return {
    road: { roads: true, reach: false, contours: false, losses: true, causes: new Set(model.causes.map((_, c) => c)), seconds: model.meta.at_s },
    plan: {
      routes: true,
      vehicles: new Set(model.vehicles.map((_, v) => v)),
      tiers: new Set(model.tiers.map((_, t) => t)),
      unopened: true,
      states: new Set(Object.keys(STATES)),
      labels: true,
      selection: null,
      seconds: null,
    },
  };
}

class Page {
  private readonly choice: Choice;
  private readonly stage = make("div", { class: "stage" });
  private readonly canvas = make("div", { class: "canvas", tabindex: "0", role: "application" });
  private readonly header = make("header", { class: "top" });
  private readonly side = make("aside", { class: "side" });
  private readonly card = make("div", { class: "cards", hidden: true, role: "region" });
  private readonly tables = make("main", { class: "list", hidden: true, id: "tables" });
  private readonly chart: Chart;
  private readonly timeline: Timeline;
  private asTables = false;
  private streets: Streets | null = null;
  private link: DeskLink | null = null;

  constructor(private readonly model: Model) {
    document.documentElement.classList.toggle("narrow", isEmbedded());
    this.choice = firstChoice(model);
    document.title = model.meta.title;
    this.stage.append(this.canvas, this.card);
    app.replaceChildren(this.header, this.side, this.stage, this.tables);
    this.chart = new Chart(model, this.canvas, this.choice, (selection, at) => this.clicked(selection, at));
    this.timeline = new Timeline(model, this.chart.plan, this.choice, (roads) =>
      roads ? this.chart.redraw() : this.chart.redrawPlan(),
    );
    this.stage.append(this.controls(), this.timeline.element, make("p", { class: "source" }, [model.meta.attribution, model.meta.source].filter(Boolean)[0] ?? ""));
    this.write();
    this.chart.fitOperation();
    onLanguage(() => this.write());
    document.addEventListener("keydown", (event) => {
      if (this.chart.drawingKey(event.key)) event.preventDefault();
      else if (event.key === "Escape" && this.choice.plan.selection && !(event.target instanceof HTMLInputElement)) this.select(null);
    });
    window.addEventListener("beforeprint", () => this.print(true));
    window.addEventListener("afterprint", () => this.print(false));
    new ResizeObserver(() => this.chart.map.updateSize()).observe(this.canvas);
  }

  /** For scripts and tests: where things are on the screen, what lies there, how long pictures take. */
  probe(): Record<string, unknown> {
    const { chart, model } = this;
    return {
      chart,
      map: chart.map,
      model,
      complete: () => chart.complete(),
      pick: (pixel: number[]) => {
        const [x, y] = chart.map.getCoordinateFromPixel(pixel);
        return chart.pick(x - model.roads.origin[0], y - model.roads.origin[1]);
      },
      pixelOf: (kind: "site" | "point", index: number) => {
        const xy = kind === "site" ? model.siteXy : model.pointXy;
        return chart.map.getPixelFromCoordinate([xy[2 * index] + model.roads.origin[0], xy[2 * index + 1] + model.roads.origin[1]]);
      },
    };
  }

  async ready(): Promise<void> {
    await this.chart.complete();
    document.documentElement.dataset.ready = "yes";
    performance.mark("depotopt-complete");
    setTimeout(() => this.chart.roads.warmUp(), 50);
    // Nobody has clicked a road yet: what only clicks need is read when the picture stands.
    this.streets = await Streets.read(this.model.roads.count);
    this.link = DeskLink.open(this.model, this.chart, this.streets, () => this.select(null));
    document.documentElement.dataset.clickable = "yes";
  }

  private languageSwitch(): HTMLElement {
    const [next, lang] = current() === "en" ? (["zh", "zh-CN"] as const) : (["en", "en"] as const);
    return button(say("map.language"), { class: "quiet", "aria-label": say("map.language_label"), lang }, () => setLanguage(next));
  }

  private saveSvg(): void {
    const address = URL.createObjectURL(new Blob([this.chart.svg()], { type: "image/svg+xml" }));
    make("a", { href: address, download: `${this.model.meta.id}.svg` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }

  /** Paper has another shape than the screen: draw what is in view anew to fit it, and undo that afterwards. */
  private print(begin: boolean): void {
    const view = this.chart.map.getView();
    const seen = view.calculateExtent(this.chart.map.getSize());
    document.documentElement.classList.toggle("printing", begin);
    this.chart.map.updateSize();
    view.fit(seen);
    this.chart.map.renderSync();
  }

  /** Everything in words; written anew when the language changes. */
  private write(): void {
    const { meta } = this.model;
    const view = (tables: boolean): HTMLButtonElement =>
      button(say(tables ? "map.tables" : "map.map"), { class: "tab", "aria-pressed": String(this.asTables === tables) }, () => this.show(tables));
    this.header.replaceChildren(
      make("a", { href: "#tables", class: "skip" }, say("map.skip")),
      make("div", { class: "title", title: meta.description }, make("h1", {}, meta.title), meta.description ? make("p", {}, meta.description) : null),
      searchBox(this.model, (selection) => this.select(selection, true)),
      make("nav", {}, view(false), view(true)),
      ...(isEmbedded() ? [this.legendSwitch()] : []),
      button(say("map.print"), { class: "quiet" }, () => window.print()),
      button(say("map.save_svg"), { class: "quiet" }, () => this.saveSvg()),
      // The app around the map has a switch of its own.
      ...(isEmbedded() ? [] : [this.languageSwitch()]),
    );
    this.header.querySelector<HTMLAnchorElement>(".skip")!.addEventListener("click", (event) => {
      event.preventDefault();
      this.show(true);
      this.tables.querySelector<HTMLElement>("button")?.focus();
    });
    this.side.replaceChildren(overview(this.model), legend(this.model, this.choice, () => this.chart.redraw()));
    this.canvas.setAttribute("aria-label", say("map.canvas_label"));
    this.stage.querySelectorAll<HTMLButtonElement>(".zoom button").forEach((element) => {
      element.title = say(element.dataset.say!);
      element.setAttribute("aria-label", element.title);
    });
    this.timeline.write();
    if (this.asTables) this.show(true);
    this.fillCard(false);
  }

  /** Inside the web app room is scarce: the legend shows when asked for. */
  private legendSwitch(): HTMLElement {
    const root = document.documentElement;
    const toggle = button(say("map.legend"), { class: "quiet", "aria-pressed": String(!root.classList.contains("narrow")) }, () => {
      toggle.setAttribute("aria-pressed", String(!root.classList.toggle("narrow")));
      this.chart.map.updateSize();
    });
    return toggle;
  }

  private controls(): HTMLElement {
    const control = (text: string, key: string, action: () => void): HTMLButtonElement =>
      button(text, { "data-say": key, title: say(key), "aria-label": say(key) }, action);
    return make(
      "div", { class: "zoom" },
      control("+", "map.zoom_in", () => this.chart.zoomBy(2)),
      control("−", "map.zoom_out", () => this.chart.zoomBy(0.5)),
      control("⤢", "map.fit", () => this.chart.fit()),
    );
  }

  private show(tables: boolean): void {
    this.asTables = tables;
    this.stage.hidden = tables;
    this.tables.hidden = !tables;
    if (tables)
      this.tables.replaceChildren(
        tablesView(this.model, (selection) => {
          this.show(false);
          this.select(selection, true);
        }),
      );
    this.header.querySelectorAll(".tab").forEach((tab, k) => tab.setAttribute("aria-pressed", String((k === 1) === tables)));
  }

  private clicked(selection: Selection, at: [number, number]): void {
    this.select(selection);
    // Roads with a truck on them are those an officer closes: the app is told the road under a route, too.
    if (selection?.kind === "vehicle") this.link?.selected(this.chart.roadAt(...at));
  }

  private select(selection: Selection, focus = false): void {
    this.choice.plan.selection = selection;
    this.link?.selected(selection);
    if (focus && this.asTables) this.show(false);
    this.fillCard(focus);
    this.chart.redrawPlan();
    if (focus && selection) this.zoomTo(selection);
  }

  private fillCard(focus: boolean): void {
    const { selection } = this.choice.plan;
    this.card.hidden = !selection;
    this.card.replaceChildren();
    if (!selection) return;
    const context: Context = {
      model: this.model,
      seconds: this.choice.road.seconds,
      select: (next) => this.select(next, true),
      zoomTo: (box) => this.chart.show(box, this.padding()),
      streetOf: (piece) => this.streets?.ident(piece) ?? null,
      vehiclesOn: (piece) => this.chart.plan.vehiclesNear(...this.chart.roads.middle(piece), 5),
    };
    const close = button("×", { class: "close", "aria-label": say("map.close"), title: say("map.close") }, () => {
      this.select(null);
      this.canvas.focus();
    });
    this.card.setAttribute("aria-label", say("map.overview"));
    this.card.append(close, detailCard(context, selection));
    this.card.scrollTop = 0;
    if (focus) this.card.querySelector<HTMLElement>("h2")?.focus({ preventScroll: true });
  }

  private padding(): number[] {
    return [40, this.card.hidden ? 40 : 400, 40, 40];
  }

  private zoomTo(selection: NonNullable<Selection>): void {
    const { model } = this;
    // A district in a city, a county where roads are far between.
    const [west, , east] = model.roads.extent;
    const reach = Math.max(4000, 0.03 * (east - west));
    const around = (x: number, y: number): [number, number, number, number] => [x - reach, y - reach, x + reach, y + reach];
    if (selection.kind === "site") this.chart.show(around(model.siteXy[2 * selection.index], model.siteXy[2 * selection.index + 1]), this.padding());
    else if (selection.kind === "point") this.chart.show(around(model.pointXy[2 * selection.index], model.pointXy[2 * selection.index + 1]), this.padding());
    else if (selection.kind === "road") {
      const { first, xy } = model.roads;
      this.chart.show(boxOf(xy.subarray(2 * first[selection.index], 2 * first[selection.index + 1])), this.padding());
    } else {
      const boxes = this.chart.plan.legs.filter((leg) => leg.vehicle === selection.index).map((leg) => leg.box);
      this.chart.show(
        [Math.min(...boxes.map((b) => b[0])), Math.min(...boxes.map((b) => b[1])), Math.max(...boxes.map((b) => b[2])), Math.max(...boxes.map((b) => b[3]))],
        this.padding(),
      );
    }
  }
}

async function start(): Promise<void> {
  app.append(make("p", { class: "loading", role: "status" }, say("map.loading")));
  if (!("DecompressionStream" in window)) {
    app.replaceChildren(make("p", { class: "loading", role: "alert" }, say("map.unsupported")));
    return;
  }
  try {
    const model = await readModel();
    performance.mark("depotopt-read");
    const page = new Page(model);
    performance.mark("depotopt-built");
    Object.assign(window, { depotopt: page.probe() });
    await page.ready();
  } catch (error) {
    app.replaceChildren(make("p", { class: "loading", role: "alert" }, say("map.error", { message: String(error) })));
    throw error;
  }
}

void start();
