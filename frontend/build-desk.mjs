// Builds desk/ into the Python package's web app and records what it was built from.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { writeRecord } from "./record.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const assets = join(here, "..", "src", "depotopt", "web", "assets");
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
  await build({ ...shared, entryPoints: ["desk/main.ts"], outfile: join(assets, "app.js"), format: "iife" }),
  await build({ ...shared, entryPoints: ["desk/desk.css"], outfile: join(assets, "app.css") }),
];
writeRecord("app.built.json", assets, "build-desk.mjs", results, ["app.css", "app.js"]);
