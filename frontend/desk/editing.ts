// Edit tier counts, budget and other settings of a scenario, kept as a named override.

import { button, make, NAME } from "../src/elements";
import * as server from "./server";
import { say, told } from "./words";

type Counts = Record<string, string | number>[];
const COUNT_KEYS = ["exact", "min", "max"] as const;

export class SettingsForm {
  readonly element = make("details", { class: "settings" });
  private readonly changes = new Map<string, unknown>();
  private fields: server.SettingField[] | null = null;

  constructor(
    private readonly load: () => Promise<server.SettingField[] | null>,
    private readonly save: (name: string, changes: Record<string, unknown>) => Promise<server.Fault[] | null>,
    private readonly faultTable: (faults: server.Fault[]) => HTMLElement,
  ) {
    this.element.append(make("summary", {}, say("desk.edit")));
    this.element.addEventListener("toggle", () => {
      if (this.element.open && !this.fields) void this.open();
    });
  }

  private async open(): Promise<void> {
    this.fields = await this.load();
    if (this.fields) this.draw([]);
  }

  private draw(faults: server.Fault[]): void {
    const groups = new Map<string, HTMLElement>();
    // Tiers first: their counts are what planners change most.
    const ordered = [...this.fields!].sort((a, b) => Number(!a.title) - Number(!b.title));
    for (const field of ordered) {
      const row = this.row(field);
      const title = field.title || say(`block.${field.block}`);
      if (!groups.has(field.block)) groups.set(field.block, make("fieldset", { class: "settings-block" }, make("legend", field.title ? NAME : {}, title)));
      groups.get(field.block)!.append(row);
    }
    const name = make("input", { type: "text", name: "override", pattern: "[A-Za-z0-9_][A-Za-z0-9_\\-]*", maxlength: "60", placeholder: "more_depots" });
    const keep = button(say("desk.save_override"), { class: "primary" }, () => void this.keep(name));
    this.element.replaceChildren(
      make("summary", {}, say("desk.edit")),
      ...groups.values(),
      ...(faults.length ? [this.faultTable(faults)] : []),
      make("p", { class: "links" }, make("label", {}, say("desk.override_name"), " ", name), keep),
    );
  }

  private async keep(name: HTMLInputElement): Promise<void> {
    if (!name.value || !name.checkValidity() || this.changes.size === 0) {
      name.focus();
      name.setCustomValidity(this.changes.size ? "" : say("desk.nothing_changed"));
      name.reportValidity();
      name.setCustomValidity("");
      return;
    }
    const faults = await this.save(name.value, Object.fromEntries(this.changes));
    if (faults?.length) this.draw(faults);
  }

  private row(field: server.SettingField): HTMLElement {
    const label = say(`field.${field.key.slice(field.key.lastIndexOf(".") + 1)}`);
    const value = this.changes.has(field.key) ? this.changes.get(field.key) : field.value;
    if (field.kind === "counts") return this.counts(field, label, value as Counts);
    const attributes: Record<string, string | boolean> = { title: told(field, "description"), name: field.key };
    if (field.kind === "switch") Object.assign(attributes, { type: "checkbox", checked: value === true });
    else if (field.kind === "text") attributes.type = "text";
    else {
      Object.assign(attributes, { type: "number", step: field.kind === "whole" ? "1" : "any" });
      if (field.least !== null) attributes.min = String(field.least);
      if (field.most !== null) attributes.max = String(field.most);
      if (field.optional) attributes.placeholder = say("desk.no_bound");
    }
    const box = make("input", attributes);
    if (field.kind !== "switch") box.value = value === null ? "" : String(value);
    box.addEventListener("change", () => {
      const now = field.kind === "switch" ? box.checked : field.kind === "text" ? box.value : box.value === "" ? null : Number(box.value);
      if (now === field.value || (now === null && !field.optional)) this.changes.delete(field.key);
      else this.changes.set(field.key, now);
      box.closest("label")?.classList.toggle("changed", this.changes.has(field.key));
    });
    return make("label", { class: this.changes.has(field.key) ? "field changed" : "field" }, make("span", {}, label), box);
  }

  /** One line per rule: exactly, at least, at most; of which kind and zone is told, not edited. */
  private counts(field: server.SettingField, label: string, value: Counts): HTMLElement {
    const rules: Counts = value.length ? value.map((rule) => ({ ...rule })) : [{}];
    const lines = rules.map((rule) => {
      const boxes = COUNT_KEYS.map((key) => {
        const box = make("input", { type: "number", min: "0", step: "1", name: `${field.key}.${key}` });
        box.value = rule[key] === undefined ? "" : String(rule[key]);
        box.addEventListener("change", () => {
          if (box.value === "") delete rule[key];
          else rule[key] = Number(box.value);
          const kept = rules.filter((one) => COUNT_KEYS.some((part) => one[part] !== undefined));
          if (JSON.stringify(kept) === JSON.stringify(field.value)) this.changes.delete(field.key);
          else this.changes.set(field.key, kept);
          box.closest(".counts")?.classList.toggle("changed", this.changes.has(field.key));
        });
        return make("label", {}, say(`field.${key}`), " ", box);
      });
      const which = [rule.kind, rule.zone === "*" ? say("desk.each_zone") : rule.zone].filter(Boolean).join(", ");
      return make("p", {}, ...boxes, which ? make("small", {}, ` ${which}`) : null);
    });
    return make("div", { class: this.changes.has(field.key) ? "counts changed" : "counts", title: told(field, "description") }, make("span", {}, label), ...lines);
  }
}
