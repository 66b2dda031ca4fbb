import { checkFields } from "./known-fields.ts";
import { ConfigurationError, type KubeSchedulerConfiguration } from "./kube-scheduler-configuration.ts";

/** Takes parsed YAML or JSON for a configuration; refuses another kind or version, and fields that are not known. */
export function decodeConfiguration(input: unknown): KubeSchedulerConfiguration {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw new ConfigurationError("decode", "", "couldn't get version/kind; json parse error: not an object");
  }
  const { apiVersion, kind } = input as KubeSchedulerConfiguration;
  if (kind !== "KubeSchedulerConfiguration" || apiVersion !== "kubescheduler.config.k8s.io/v1") {
    const message = `no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/scheduler/apis/config/scheme/scheme.go:30"`;
    throw new ConfigurationError("decode", kind === "KubeSchedulerConfiguration" ? "apiVersion" : "kind", message);
  }
  checkFields(input);
  return input as KubeSchedulerConfiguration;
}
