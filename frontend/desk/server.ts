// The HTTP interface as typed calls.

import { say, told, type Told } from "./words";

export interface Scenario {
  name: string;
  title: string;
  description: string;
  overrides: string[];
  saved_overrides: string[];
  override_changes: Record<string, string[]>;
  uploaded: boolean;
  readable: boolean;
}
export interface Fault extends Told {
  file: string;
  where: string;
  found: string;
  expected: string;
  kind: string;
}
export interface Closure {
  street?: string;
  area_wkt?: string;
  lon?: number;
  lat?: number;
  radius_m?: number;
  speed_factor?: number;
  from_s?: number;
  until_s?: number;
}
export interface Run {
  name: string;
  scenario: string;
  overrides: string[];
  files: string[];
  modified: number;
  interrupted: boolean;
  at_h: number;
  replanned_from: string;
  closures: Closure[];
  changed_vehicles: string[];
}
export interface SettingField extends Told {
  key: string;
  block: string;
  title: string;
  kind: "number" | "whole" | "switch" | "text" | "counts";
  value: unknown;
  optional: boolean;
  least: number | null;
  most: number | null;
  above_least: boolean;
  description: string;
}
export interface Job {
  id: string;
  command: string[];
  verb: string;
  run: string | null;
  state: "running" | "ended" | "lost";
  exit_code: number | null;
  result?: unknown;
}
export interface Progress extends Told {
  kind: "progress" | "text" | "end";
  stage?: string;
  elapsed_s?: number;
  objective?: number | null;
  bound?: number | null;
  gap?: number | null;
  message?: string;
  text?: string;
}

async function call<T>(path: string, init: RequestInit = {}): Promise<T> {
  const answer = await fetch(path, { credentials: "same-origin", ...init });
  if (!answer.ok) throw new Error(await refusal(answer));
  return (await answer.json()) as T;
}

/** Why the server would not do it, in words. */
async function refusal(answer: Response): Promise<string> {
  if (answer.status === 404) return say("desk.gone");
  const body = (await answer.json().catch(() => ({}))) as Told & { detail?: unknown };
  return typeof body.detail === "string" ? told(body as Told & { detail: string }, "detail") : say("desk.refused", { status: answer.status });
}

const json = (body: unknown): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

const chosen = (overrides: string[]): string => {
  const query = overrides.map((name) => `override=${encodeURIComponent(name)}`).join("&");
  return query ? `?${query}` : "";
};

export const scenarios = () => call<Scenario[]>("/api/scenarios");
export const runs = () => call<Run[]>("/api/runs");
export const jobs = () => call<Job[]>("/api/jobs");
export const job = (id: string) => call<Job>(`/api/jobs/${id}`);
export const start = (request: unknown) => call<Job>("/api/jobs", json(request));
export const stop = (id: string) => call<{ asked: boolean }>(`/api/jobs/${id}/stop`, { method: "POST" });
export const upload = (scenario: string, file: File) =>
  call<{ name: string; faults: Fault[] }>(`/api/scenarios/${scenario}/workbook`, { method: "POST", body: file });
export const faults = (scenario: string, overrides: string[]) =>
  call<Fault[]>(`/api/scenarios/${scenario}/faults${chosen(overrides)}`);
export const settings = (scenario: string, overrides: string[]) =>
  call<SettingField[]>(`/api/scenarios/${scenario}/settings${chosen(overrides)}`);
export const saveOverride = (scenario: string, name: string, changes: Record<string, unknown>) =>
  call<{ name: string; faults: Fault[] }>(`/api/scenarios/${scenario}/overrides`, json({ name, changes }));
export const explanation = <T>(run: string) => call<T>(`/api/runs/${run}/explanation`);
/** A JSON file of a run, by its name. */
export const runFile = <T>(run: string, file: string) => call<T>(`/report/${run}/${file}`);

/** Follow a job's words until it has ended. */
export function follow(id: string, said: (event: Progress) => void, ended: () => void): () => void {
  const source = new EventSource(`/api/jobs/${id}/events`);
  source.onmessage = (message) => {
    const event = JSON.parse(message.data as string) as Progress;
    if (event.kind === "end") {
      source.close();
      ended();
    } else said(event);
  };
  return () => source.close();
}
