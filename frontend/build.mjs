// Builds the map and the web app into the Python package and records what each was built from.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const TOOLS = ["build.mjs", "package-lock.json", "package.json", "tsconfig.json"];
const ol = join(here, "node_modules", "ol");
const olVersion = JSON.parse(readFileSync(join(ol, "package.json"), "utf8")).version;
const olLicence = readFileSync(join(ol, "LICENSE.md"), "utf8").trim();
const banner = `/*! depotopt map, Apache-2.0. Contains OpenLayers ${olVersion} (https://openlayers.org), which is under:\n\n${olLicence}\n\nand rbush 4 (MIT, (c) Vladimir Agafonkin), quickselect 3 (ISC, (c) Vladimir Agafonkin). */`;

/** Folder of the Python package, name of the bundle, its entry points by file built, options of its own. */
const BUNDLES = [
  ["report", "map", { "map.js": "src/main.ts", "map.css": "src/map.css" }, { legalComments: "none", banner: { js: banner } }],
  ["web", "app", { "app.js": "desk/main.ts", "app.css": "desk/desk.css" }, {}],
];
const OPTIONS = {
  absWorkingDir: here,
  preserveSymlinks: true,
  bundle: true,
  minify: true,
  metafile: true,
  format: "iife",
  target: ["chrome109", "firefox115"],
  charset: "utf8",
  logLevel: "info",
};

for (const [folder, name, entries, options] of BUNDLES) {
  const assets = join(here, "..", "src", "depotopt", folder, "assets");
  const sources = new Set(TOOLS);
  const record = { sources: {}, built: {} };
  for (const [file, entry] of Object.entries(entries)) {
    const result = await build({ ...OPTIONS, ...options, entryPoints: [entry], outfile: join(assets, file) });
    for (const source of Object.keys(result.metafile.inputs)) if (!source.includes("node_modules")) sources.add(source);
  }
  for (const source of [...sources].sort()) record.sources[source] = hash(join(here, source));
  for (const file of Object.keys(entries).sort()) record.built[file] = hash(join(assets, file));
  writeFileSync(join(assets, `${name}.built.json`), JSON.stringify(record, null, 1) + "\n");
}

function hash(path) {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
