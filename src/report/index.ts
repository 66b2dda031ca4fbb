export { Collector } from "./collector.ts";
export { renderCsv } from "./render-csv.ts";
export { renderHtml } from "./render-html.ts";
export { renderJunit } from "./render-junit.ts";
export { renderMarkdown } from "./render-markdown.ts";
export { renderTerminal } from "./render-terminal.ts";
export * from "./run-result.ts";
export type { Table } from "./tables.ts";
export { answer, clockText, countText, durationText, percentText, usdText } from "./words.ts";
