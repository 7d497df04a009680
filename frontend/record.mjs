// What a bundle was built from and what it became: tests hold both against the files of today.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const TOOLS = ["package-lock.json", "package.json", "record.mjs", "tsconfig.json"];

/** Writes the record of one build: every source esbuild read outside node_modules, the tools, the files built. */
export function writeRecord(file, assets, script, results, built) {
  const read = results.flatMap((result) => Object.keys(result.metafile.inputs));
  const sources = [...new Set([...read.filter((name) => !name.includes("node_modules")), ...TOOLS, script])].sort();
  const record = { sources: {}, built: {} };
  for (const name of sources) record.sources[name] = hash(join(here, name));
  for (const name of built) record.built[name] = hash(join(assets, name));
  writeFileSync(join(assets, file), JSON.stringify(record, null, 1) + "\n");
}

function hash(path) {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
