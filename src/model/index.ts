export type * from "./generated/api-types.ts";
export * from "./kinds.ts";
export * from "./object-meta.ts";
export * from "./quantity.ts";
export * from "./quantity-amount.ts";
export * from "./wall-clock.ts";
