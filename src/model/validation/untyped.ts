import type { JsonObject } from "../decode.ts";

/** A list in an object of a kind that has no type of its own here. */
export const list = (value: unknown): JsonObject[] => (value ?? []) as JsonObject[];
