import { definePlugin } from "../framework/plugin.ts";
import { skip } from "../framework/status.ts";

/** Declared features that pods could need are not modelled, so no pod needs any. */
export const nodeDeclaredFeatures = definePlugin({
  name: "NodeDeclaredFeatures",
  create: () => ({ name: "NodeDeclaredFeatures", preFilter: () => skip, filter: () => undefined }),
});
