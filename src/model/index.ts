export type * from "./generated/api-types.ts";
export * from "./kinds.ts";
export * from "./object-meta.ts";
export * from "./wall-clock.ts";
