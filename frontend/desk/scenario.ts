// The page of a scenario: overrides, faults at their cells, settings to edit, run, front, upload.

import { button, make, NAME, nameOf } from "../src/elements";
import { SettingsForm } from "./editing";
import * as server from "./server";
import { table } from "./table";
import { say, told } from "./words";

const FIELDS = ["states", "unseen", "site_time", "dispatch_time", "state"] as const;

/** Changes of an override that stand beside its name; the others are in its tooltip. */
const SHOWN_CHANGES = 3;

export interface Desk {
  /** Do it, or say on the page why not. */
  guarded: <T>(work: () => Promise<T>) => Promise<T | null>;
  refresh: () => Promise<void>;
  start: (request: Record<string, unknown>) => void;
  announce: (text: string) => void;
  language: () => string;
  open: (scenario: string) => Promise<void>;
}

export class ScenarioPage {
  readonly element = make("div", { class: "scenario" });
  readonly overrides = new Set<string>();
  private faults: server.Fault[] | null = null;
  private limitsOpen = false;
  private readonly typed: Partial<Record<(typeof FIELDS)[number] | "points", string>> = {};

  constructor(
    private entry: server.Scenario,
    private readonly desk: Desk,
  ) {
    this.draw();
    void this.check();
  }

  renew(entry: server.Scenario): void {
    this.entry = entry;
    this.draw();
  }

  private asked(): string[] {
    return [...this.overrides].sort();
  }

  private async check(): Promise<void> {
    this.faults = null;
    this.draw();
    const asked = this.asked();
    const found = await this.desk.guarded(() => server.faults(this.entry.name, asked));
    if (found === null || asked.join() !== this.asked().join()) return;
    this.faults = found;
    this.desk.announce(found.length ? say("desk.faults", { n: found.length }) : say("desk.no_faults"));
    this.draw();
  }

  private draw(): void {
    const { entry } = this;
    const boxes = [...entry.overrides, ...entry.saved_overrides].map((name) => {
      const box = make("input", { type: "checkbox", checked: this.overrides.has(name) });
      box.addEventListener("change", () => {
        if (box.checked) this.overrides.add(name);
        else this.overrides.delete(name);
        void this.check();
      });
      const mine = entry.saved_overrides.includes(name) && make("small", {}, ` ${say("desk.edited")}`);
      const changes = entry.override_changes[name] ?? [];
      const more = changes.length > SHOWN_CHANGES ? ", …" : "";
      const sets = make("small", { ...NAME, title: changes.join("\n") }, changes.slice(0, SHOWN_CHANGES).join(", ") + more);
      return make("label", { class: "choice" }, box, nameOf(name), mine, sets);
    });
    const file = make("input", { type: "file", accept: ".xlsx", id: "workbook", class: "visually-hidden" });
    file.addEventListener("change", () => void this.upload(file.files?.[0]));
    this.element.replaceChildren(
      make("h1", NAME, entry.title),
      entry.readable ? make("p", { class: "lead", ...NAME }, entry.description) : make("p", { class: "bad" }, say("desk.unreadable")),
      ...(boxes.length > 0 ? [make("fieldset", {}, make("legend", {}, say("desk.overrides")), ...boxes)] : []),
      this.faultPanel(),
      this.runForm(),
      this.frontForm(),
      this.settings(),
      make("p", { class: "upload" }, file, make("label", { for: "workbook", class: "button" }, say("desk.upload"))),
    );
  }

  private faultPanel(): HTMLElement {
    if (this.faults === null) return make("p", { class: "note" }, say("desk.checking"));
    if (!this.faults.length) return make("p", { class: "good" }, say("desk.no_faults"));
    return faultTable(this.faults);
  }

  private field(name: (typeof FIELDS)[number] | "points", least: string): HTMLElement {
    const box = make("input", { type: "number", name, min: least, placeholder: say("desk.default") });
    box.value = this.typed[name] ?? "";
    box.addEventListener("input", () => {
      this.typed[name] = box.value;
    });
    const hint = name === "state" ? make("small", {}, say("desk.state_hint")) : null;
    return make("label", { class: "field" }, make("span", {}, say(`desk.${name}`)), box, hint);
  }

  private ready(): boolean {
    return this.faults !== null && this.faults.length === 0;
  }

  /** Whether every number typed is one; else the first that is none says so. */
  private valid(): boolean {
    const wrong = [...this.element.querySelectorAll<HTMLInputElement>(".form input")].find((box) => !box.checkValidity());
    wrong?.reportValidity();
    return !wrong;
  }

  private runForm(): HTMLElement {
    const go = button(say("desk.run"), { class: "primary", disabled: !this.ready() }, () => {
      if (!this.valid()) return;
      const request: Record<string, unknown> = { verb: "run", scenario: this.entry.name, overrides: this.asked(), language: this.desk.language() };
      for (const name of FIELDS) if (this.typed[name]) request[name] = Number(this.typed[name]);
      this.desk.start(request);
    });
    const limits = make("details", { class: "limits", open: this.limitsOpen }, make("summary", {}, say("desk.limits")));
    limits.append(make("div", { class: "form" }, ...FIELDS.map((name) => this.field(name, name === "state" ? "-1" : "1"))));
    limits.addEventListener("toggle", () => {
      this.limitsOpen = limits.open;
    });
    return make("section", { class: "go-run" }, make("p", { class: "links" }, go, make("span", { class: "note" }, say("desk.run_hint"))), limits);
  }

  private frontForm(): HTMLElement {
    const go = button(say("desk.front"), { disabled: !this.ready() }, () => {
      if (!this.valid()) return;
      const request: Record<string, unknown> = { verb: "pareto", scenario: this.entry.name, overrides: this.asked() };
      for (const name of ["points", "states", "unseen"] as const) if (this.typed[name]) request[name] = Number(this.typed[name]);
      if (this.typed.site_time) request.time = Number(this.typed.site_time);
      this.desk.start(request);
    });
    return make("div", { class: "form" }, this.field("points", "2"), go);
  }

  private settings(): HTMLElement {
    return new SettingsForm(
      () => this.desk.guarded(() => server.settings(this.entry.name, this.asked())),
      async (name, changes) => {
        const made = await this.desk.guarded(() => server.saveOverride(this.entry.name, name, changes));
        if (made === null) return null;
        if (made.faults.length) return made.faults;
        this.overrides.add(name);
        await this.desk.refresh();
        await this.check();
        return [];
      },
      faultTable,
    ).element;
  }

  private async upload(file: File | undefined): Promise<void> {
    if (!file) return;
    const made = await this.desk.guarded(() => server.upload(this.entry.name, file));
    if (made === null) return;
    await this.desk.refresh();
    await this.desk.open(made.name);
  }
}

export function faultTable(faults: server.Fault[]): HTMLElement {
  const rows = faults.map((fault) => [make("span", {}, nameOf(fault.file), ` ${told(fault, "where")}`), told(fault, "found"), told(fault, "expected")]);
  return make(
    "section",
    { class: "faults" },
    make("p", { class: "bad" }, say("desk.faults", { n: faults.length })),
    table([say("desk.place"), say("desk.found"), say("desk.expected")], rows),
  );
}
