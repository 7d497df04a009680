// Builds desk/ into the Python package's web app and records what it was built from.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const assets = join(here, "..", "src", "depotopt", "web", "assets");
const shared = { bundle: true, minify: true, target: ["chrome109", "firefox115"], charset: "utf8", logLevel: "info" };

await build({ ...shared, entryPoints: [join(here, "desk", "main.ts")], outfile: join(assets, "app.js"), format: "iife" });
await build({ ...shared, entryPoints: [join(here, "desk", "desk.css")], outfile: join(assets, "app.css") });

const sources = [...readdirSync(join(here, "desk")).map((name) => `desk/${name}`), "build-desk.mjs"].sort();
const record = { sources: {}, built: {} };
for (const name of sources) record.sources[name] = hash(join(here, name));
for (const name of ["app.css", "app.js"]) record.built[name] = hash(join(assets, name));
writeFileSync(join(assets, "app.built.json"), JSON.stringify(record, null, 1) + "\n");

function hash(path) {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
