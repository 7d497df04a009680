// Builds src/main.ts and src/map.css into the Python package and records what they were built from.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { writeRecord } from "./record.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const assets = join(here, "..", "src", "depotopt", "report", "assets");
const olLicence = readFileSync(join(here, "node_modules", "ol", "LICENSE.md"), "utf8").trim();
const olVersion = JSON.parse(readFileSync(join(here, "node_modules", "ol", "package.json"), "utf8")).version;
const banner = `/*! depotopt map, Apache-2.0. Contains OpenLayers ${olVersion} (https://openlayers.org), which is under:\n\n${olLicence}\n\nand rbush 4 (MIT, (c) Vladimir Agafonkin), quickselect 3 (ISC, (c) Vladimir Agafonkin). */`;
const shared = {
  absWorkingDir: here,
  preserveSymlinks: true,
  bundle: true,
  minify: true,
  metafile: true,
  target: ["chrome109", "firefox115"],
  charset: "utf8",
  logLevel: "info",
};

const results = [
  await build({
    ...shared,
    entryPoints: ["src/main.ts"],
    outfile: join(assets, "map.js"),
    format: "iife",
    legalComments: "none",
    banner: { js: banner },
  }),
  await build({ ...shared, entryPoints: ["src/map.css"], outfile: join(assets, "map.css") }),
];
writeRecord("map.built.json", assets, "build.mjs", results, ["map.css", "map.js"]);
