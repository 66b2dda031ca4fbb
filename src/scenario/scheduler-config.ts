import { loadConfiguration } from "../scheduler/index.ts";
import { readYaml } from "./yaml-file.ts";

/** A KubeSchedulerConfiguration file, or what is wrong with it in kube-scheduler's words. */
export function readSchedulerConfig(text: string, file: string): string | { readonly config: unknown } {
  const { documents, complaints } = readYaml(file, text, "manifest");
  const [document] = documents;
  if (complaints[0] !== undefined || document === undefined) return complaints[0]?.found ?? "a configuration";
  try {
    loadConfiguration(document.value);
    return { config: document.value };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return `what kube-scheduler accepts (${error.message})`;
  }
}
