// The map of a run inside this page, and what passes between them; see src/desk-link.ts.

import { make } from "../src/elements";
import type { FromMap, ToMap } from "../src/desk-link";
import { current, say } from "./words";

export class MapFrame {
  readonly element: HTMLIFrameElement;
  private ready = false;
  private readonly waiting: ToMap[] = [];
  onMessage: (message: FromMap) => void = () => undefined;

  constructor(run: string) {
    this.element = make("iframe", { src: `/report/${run}/map.html`, title: `${say("desk.map")}: ${run}`, class: "map" });
    const listen = (event: MessageEvent<FromMap>): void => {
      if (event.source !== this.element.contentWindow || event.origin !== location.origin) {
        // A frame taken off the page has no window any more: nobody needs its listener.
        if (!this.element.isConnected && this.ready) window.removeEventListener("message", listen);
        return;
      }
      if (event.data.kind === "ready") this.begin();
      this.onMessage(event.data);
    };
    window.addEventListener("message", listen);
  }

  send(message: ToMap): void {
    if (this.ready) this.element.contentWindow?.postMessage(message, location.origin);
    else this.waiting.push(message);
  }

  private begin(): void {
    this.ready = true;
    this.send({ kind: "language", language: current() });
    for (const message of this.waiting.splice(0)) this.send(message);
    this.element.dataset.ready = "yes";
  }
}
