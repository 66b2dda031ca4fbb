import {
  type Endpoint,
  type EndpointPort,
  isPodReady,
  isPodTerminal,
  type Node,
  type Pod,
  type Service,
} from "../../model/index.ts";

/** Endpoints of one address family and one set of resolved ports: they share slices. */
export interface EndpointGroup {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

/** What a Service's slices should hold (endpointslice reconciler of kube-controller-manager v1.36). */
export function desiredGroups(
  service: Service,
  pods: Iterable<Pod>,
  nodeOf: (name: string) => Node | undefined,
  known: WeakMap<Pod, Endpoint>,
): ReadonlyMap<string, EndpointGroup> {
  const groups = new Map<string, { ports: readonly EndpointPort[]; endpoints: Endpoint[] }>();
  // Without named ports all pods resolve them alike.
  const named = (service.spec.ports ?? []).some(({ targetPort }) => typeof targetPort === "string");
  const plain = service.spec.publishNotReadyAddresses !== true;
  let shared: { readonly ports: readonly EndpointPort[]; readonly key: string } | undefined;
  for (const pod of pods) {
    if ((pod.status.podIP ?? "") === "" || isPodTerminal(pod)) continue;
    let resolved = shared;
    if (resolved === undefined) {
      const ports = portsOf(service, pod);
      resolved = { ports, key: JSON.stringify(ports) };
      if (!named) shared = resolved;
    }
    const { ports, key } = resolved;
    let group = groups.get(key);
    if (group === undefined) {
      group = { ports, endpoints: [] };
      groups.set(key, group);
    }
    const own = !plain || (pod.spec.subdomain ?? "") !== "";
    group.endpoints.push(own ? endpointOf(service, pod, nodeOf) : knownEndpoint(service, pod, nodeOf, known));
  }
  return groups;
}

/** A pod that has not changed is the same endpoint to all Services that ask nothing special: no new object, nothing to compare. */
function knownEndpoint(
  service: Service,
  pod: Pod,
  nodeOf: (name: string) => Node | undefined,
  known: WeakMap<Pod, Endpoint>,
): Endpoint {
  const before = known.get(pod);
  if (before !== undefined) return before;
  const endpoint = endpointOf(service, pod, nodeOf);
  if (endpoint.zone !== undefined) known.set(pod, endpoint);
  return endpoint;
}

function endpointOf(service: Service, pod: Pod, nodeOf: (name: string) => Node | undefined): Endpoint {
  const serving = isPodReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const { nodeName = "", hostname, subdomain } = pod.spec;
  const zone = nodeOf(nodeName)?.metadata.labels?.["topology.kubernetes.io/zone"];
  const { name, namespace, uid } = pod.metadata;
  return {
    addresses: [pod.status.podIP!],
    conditions: {
      ready: service.spec.publishNotReadyAddresses === true || (serving && !terminating),
      serving,
      terminating,
    },
    ...(hostname !== undefined && hostname !== "" && subdomain === service.metadata.name && { hostname }),
    targetRef: { kind: "Pod", namespace, name, uid },
    nodeName,
    ...(zone !== undefined && { zone }),
  };
}

/** A named target port is looked up in the pod: two revisions may resolve it differently. */
function portsOf(service: Service, pod: Pod): EndpointPort[] {
  const ports: EndpointPort[] = [];
  for (const { name = "", port, targetPort = port, protocol = "TCP", appProtocol } of service.spec.ports ?? []) {
    const resolved = typeof targetPort === "number" ? targetPort : namedPort(pod, targetPort, protocol);
    if (resolved !== undefined) ports.push({ name, port: resolved, protocol, ...(appProtocol && { appProtocol }) });
  }
  return ports;
}

function namedPort({ spec }: Pod, wanted: string, wantedProtocol: string): number | undefined {
  const containers = [...spec.containers, ...(spec.initContainers ?? []).filter((c) => c.restartPolicy === "Always")];
  for (const { ports = [] } of containers) {
    for (const { name, protocol = "TCP", containerPort } of ports) {
      if (name === wanted && protocol === wantedProtocol) return containerPort;
    }
  }
  return undefined;
}
