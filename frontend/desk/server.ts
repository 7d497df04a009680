// The HTTP interface as typed calls.

export interface Scenario {
  name: string;
  title: string;
  description: string;
  overrides: string[];
  uploaded: boolean;
  readable: boolean;
}
export interface Fault {
  file: string;
  where: string;
  found: string;
  expected: string;
  kind: string;
}
export interface Run {
  name: string;
  scenario: string;
  overrides: string[];
  files: string[];
  modified: number;
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
export interface Progress {
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
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

const json = (body: unknown): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

export const scenarios = () => call<Scenario[]>("/api/scenarios");
export const runs = () => call<Run[]>("/api/runs");
export const jobs = () => call<Job[]>("/api/jobs");
export const job = (id: string) => call<Job>(`/api/jobs/${id}`);
export const start = (request: unknown) => call<Job>("/api/jobs", json(request));
export const stop = (id: string) => call<{ asked: boolean }>(`/api/jobs/${id}/stop`, { method: "POST" });
export const upload = (scenario: string, file: File) =>
  call<{ name: string; faults: Fault[] }>(`/api/scenarios/${scenario}/workbook`, { method: "POST", body: file });

export function faults(scenario: string, overrides: string[]): Promise<Fault[]> {
  const query = overrides.map((name) => `override=${encodeURIComponent(name)}`).join("&");
  return call<Fault[]>(`/api/scenarios/${scenario}/faults${query ? `?${query}` : ""}`);
}

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
