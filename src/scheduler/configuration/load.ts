import { decodeConfiguration } from "./decode.ts";
import type { KubeSchedulerConfiguration, SchedulerConfiguration } from "./kube-scheduler-configuration.ts";
import { mergePlugins } from "./merge-plugins.ts";
import { validateConfiguration } from "./validate.ts";

/** The configuration that kube-scheduler starts with when it is given none. */
const defaultConfiguration: KubeSchedulerConfiguration = {
  apiVersion: "kubescheduler.config.k8s.io/v1",
  kind: "KubeSchedulerConfiguration",
};

/** Reads and checks a KubeSchedulerConfiguration, and fills in upstream's defaults. Throws `ConfigurationError`. */
export function loadConfiguration(input: unknown = defaultConfiguration): SchedulerConfiguration {
  const configuration = decodeConfiguration(input);
  validateConfiguration(configuration);
  const profiles = configuration.profiles?.length ? configuration.profiles : [{}];
  return {
    parallelism: configuration.parallelism ?? 16,
    percentageOfNodesToScore: configuration.percentageOfNodesToScore ?? 0,
    podInitialBackoffSeconds: configuration.podInitialBackoffSeconds ?? 1,
    podMaxBackoffSeconds: configuration.podMaxBackoffSeconds ?? 10,
    clientConnection: {
      qps: configuration.clientConnection?.qps || 50,
      burst: configuration.clientConnection?.burst || 100,
    },
    profiles: profiles.map(({ schedulerName, percentageOfNodesToScore, plugins = {}, pluginConfig = [] }) => ({
      schedulerName: schedulerName ?? "default-scheduler",
      ...(percentageOfNodesToScore === undefined ? {} : { percentageOfNodesToScore }),
      ...mergePlugins(plugins),
      pluginConfig: new Map(pluginConfig.map(({ name, args }) => [name, args ?? {}])),
    })),
  };
}
