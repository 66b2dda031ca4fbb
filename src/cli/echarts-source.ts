import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** The plotting library as one script, for pages that must stand alone. */
export function echartsSource(): string {
  return readFileSync(createRequire(import.meta.url).resolve("echarts/dist/echarts.common.min.js"), "utf8");
}
