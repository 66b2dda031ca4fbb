import { definePlugin } from "../framework/plugin.ts";

/** Binds through the API server; the shell around the decisions carries it out. */
export const defaultBinder = definePlugin({
  name: "DefaultBinder",
  create: () => ({ name: "DefaultBinder", bind: () => "bind" }),
});
