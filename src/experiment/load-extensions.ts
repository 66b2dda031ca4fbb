import { pathToFileURL } from "node:url";
import type { Extension } from "../extension.ts";
import type { Scenario } from "../scenario/index.ts";

/** Imports the modules that a scenario names. Each default-exports an `Extension`. */
export async function loadExtensions({ extensions }: Pick<Scenario, "extensions">): Promise<Extension[]> {
  const loaded: Extension[] = [];
  for (const path of extensions) {
    const module = (await import(pathToFileURL(path).href)) as { default?: Extension };
    if (module.default === undefined)
      throw new TypeError(
        `${path} has no default export: an extension default-exports { controllers, plugins, policies, invariants }`,
      );
    loaded.push(module.default);
  }
  return loaded;
}
