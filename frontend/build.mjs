// Builds src/main.ts and src/map.css into the Python package and records what they were built from.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const assets = join(here, "..", "src", "depotopt", "report", "assets");
const olLicence = readFileSync(join(here, "node_modules", "ol", "LICENSE.md"), "utf8").trim();
const olVersion = JSON.parse(readFileSync(join(here, "node_modules", "ol", "package.json"), "utf8")).version;
const banner = `/*! depotopt map, Apache-2.0. Contains OpenLayers ${olVersion} (https://openlayers.org), which is under:\n\n${olLicence}\n\nand rbush 4 (MIT, (c) Vladimir Agafonkin), quickselect 3 (ISC, (c) Vladimir Agafonkin). */`;

await build({
  entryPoints: [join(here, "src", "main.ts")],
  outfile: join(assets, "map.js"),
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome109", "firefox115"],
  charset: "utf8",
  legalComments: "none",
  banner: { js: banner },
  logLevel: "info",
});
await build({
  entryPoints: [join(here, "src", "map.css")],
  outfile: join(assets, "map.css"),
  bundle: true,
  minify: true,
  target: ["chrome109", "firefox115"],
  charset: "utf8",
  logLevel: "info",
});

const sources = [
  ...readdirSync(join(here, "src")).map((name) => `src/${name}`),
  "build.mjs",
  "package-lock.json",
  "package.json",
].sort();
const record = { sources: {}, built: {} };
for (const name of sources) record.sources[name] = hash(join(here, name));
for (const name of ["map.css", "map.js"]) record.built[name] = hash(join(assets, name));
writeFileSync(join(assets, "map.built.json"), JSON.stringify(record, null, 1) + "\n");

function hash(path) {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
