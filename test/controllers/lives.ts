import type { NewObject } from "../../src/apiserver/index.ts";
import { type Deployment, objectKey, type Pod } from "../../src/model/index.ts";
import { type ControlPlane, podTemplate } from "./control-plane.ts";

/** A small life in which one client writes. */
export interface Life {
  readonly client: string;
  readonly what: string;
  readonly live: (plane: ControlPlane) => void;
}

const second = 1_000_000;
const selector = (app: string) => ({ matchLabels: { app } });
const inDefault = (name: string) => ({ name, namespace: "default" });
const key = (name: string) => objectKey("default", name);

function workload(kind: string, name: string, spec: object, template: object = podTemplate(name)): NewObject {
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: inDefault(name),
    spec: { selector: selector(name), template, ...spec },
  };
}

function job(name: string, spec: object = {}): NewObject {
  const template = podTemplate(name);
  const podSpec = { ...template.spec, restartPolicy: "Never" };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: inDefault(name),
    spec: { ...spec, template: { ...template, spec: podSpec } },
  };
}

function podsOf(plane: ControlPlane): Pod[] {
  return plane.list<Pod>("Pod");
}

function deletePod(plane: ControlPlane, pod: Pod | undefined): void {
  if (pod === undefined) return;
  plane.api.handle({ verb: "delete", kind: "Pod", key: key(pod.metadata.name) });
}

function rollOut(plane: ControlPlane): void {
  plane.create(workload("Deployment", "web", { replicas: 3 }));
  plane.after(3 * second, () =>
    plane.patch("Deployment", key("web"), "main", (stored: Deployment) => {
      const { containers } = stored.spec.template.spec!;
      const next = { ...stored.spec.template.spec, containers: [{ ...containers[0]!, image: "app:2" }] };
      return { ...stored, spec: { ...stored.spec, template: { ...stored.spec.template, spec: next } } };
    }),
  );
}

/** Three pods that leave a machine which is lost after five seconds, and a pod of every machine. */
function loseMachine(plane: ControlPlane): void {
  const template = podTemplate("web");
  const tolerations = ["not-ready", "unreachable"].map((fact) => ({
    key: `node.kubernetes.io/${fact}`,
    operator: "Exists",
    effect: "NoExecute",
    tolerationSeconds: 10,
  }));
  const spec = { ...template.spec, tolerations };
  plane.create(workload("Deployment", "web", { replicas: 3 }, { ...template, spec }));
  plane.create(workload("DaemonSet", "agent", {}));
  plane.after(5 * second, () => plane.api.leases.end("n1", plane.loop.nowUs));
}

function keepClaims(plane: ControlPlane): void {
  plane.create({
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "fast" },
    provisioner: "disks.example.com",
    volumeBindingMode: "Immediate",
  } as NewObject);
  for (const name of ["kept", "dropped"]) {
    const spec = {
      accessModes: ["ReadWriteOnce"],
      storageClassName: "fast",
      resources: { requests: { storage: "5Gi" } },
    };
    plane.create({ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: inDefault(name), spec });
    const volumes = [{ name: "data", persistentVolumeClaim: { claimName: name } }];
    const user = { ...podTemplate(name).spec, volumes };
    plane.create({ apiVersion: "v1", kind: "Pod", metadata: inDefault(`user-of-${name}`), spec: user });
  }
  plane.after(10 * second, () => {
    plane.api.handle({ verb: "delete", kind: "PersistentVolumeClaim", key: key("dropped") });
    plane.api.handle({ verb: "delete", kind: "Pod", key: key("user-of-dropped") });
  });
}

/** One deletion of each policy: the owner first, the dependents first, the owner alone. */
function deleteOwners(plane: ControlPlane): void {
  plane.create(workload("Deployment", "background", { replicas: 2 }));
  plane.create(workload("Deployment", "foreground", { replicas: 2 }));
  plane.create(workload("ReplicaSet", "orphan", { replicas: 2 }));
  plane.after(3 * second, () => {
    const remove = (kind: string, name: string, propagationPolicy: "Background" | "Foreground" | "Orphan"): void => {
      plane.api.handle({ verb: "delete", kind, key: key(name), options: { propagationPolicy } });
    };
    remove("Deployment", "background", "Background");
    remove("Deployment", "foreground", "Foreground");
    remove("ReplicaSet", "orphan", "Orphan");
  });
}

/** A life for every client of kube-controller-manager that writes. */
export const lives: readonly Life[] = [
  { client: "deployment-controller", what: "rolls out", live: rollOut },
  { client: "replicaset-controller", what: "rolls out", live: rollOut },
  {
    client: "replication-controller",
    what: "replaces a pod",
    live: (plane) => {
      const spec = { replicas: 2, selector: { app: "old" }, template: podTemplate("old") };
      plane.create({ apiVersion: "v1", kind: "ReplicationController", metadata: inDefault("old"), spec });
      plane.after(3 * second, () => deletePod(plane, podsOf(plane)[0]));
    },
  },
  {
    client: "statefulset-controller",
    what: "starts in order",
    live: (plane) => plane.create(workload("StatefulSet", "db", { replicas: 2, serviceName: "db" })),
  },
  {
    client: "daemonset-controller",
    what: "covers the nodes",
    live: (plane) => plane.create(workload("DaemonSet", "agent", {})),
  },
  {
    client: "job-controller",
    what: "completes",
    live: (plane) => plane.create(job("job", { parallelism: 2, completions: 3 })),
  },
  {
    client: "cronjob-controller",
    what: "starts Jobs and forgets old ones",
    live: (plane) => {
      const { spec } = job("tick");
      plane.create({
        apiVersion: "batch/v1",
        kind: "CronJob",
        metadata: inDefault("tick"),
        spec: { schedule: "* * * * *", successfulJobsHistoryLimit: 1, jobTemplate: { spec } },
      });
    },
  },
  {
    client: "ttl-after-finished-controller",
    what: "removes a Job that has ended",
    live: (plane) => plane.create(job("short", { ttlSecondsAfterFinished: 5 })),
  },
  {
    client: "endpointslice-controller",
    what: "follows the pods of a Service",
    live: (plane) => {
      const spec = { selector: { app: "web" }, ports: [{ port: 80 }] };
      plane.create({ apiVersion: "v1", kind: "Service", metadata: inDefault("web"), spec });
      plane.create(workload("Deployment", "web", { replicas: 2 }));
      plane.after(3 * second, () => deletePod(plane, podsOf(plane)[0]));
    },
  },
  {
    client: "disruption-controller",
    what: "counts what may be disrupted",
    live: (plane) => {
      const spec = { maxUnavailable: 1, selector: selector("web") };
      plane.create({ apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: inDefault("web"), spec });
      plane.create(workload("Deployment", "web", { replicas: 3 }));
      plane.after(3 * second, () =>
        plane.api.handle({ verb: "evict", key: key(podsOf(plane)[0]?.metadata.name ?? "") }),
      );
    },
  },
  { client: "generic-garbage-collector", what: "follows three policies", live: deleteOwners },
  {
    client: "pod-garbage-collector",
    what: "takes the pods of a Node that is gone",
    live: (plane) => {
      for (const name of ["a", "b"])
        plane.create({ apiVersion: "v1", kind: "Pod", metadata: inDefault(name), spec: podTemplate(name).spec });
      plane.create(workload("ReplicaSet", "web", { replicas: 2 }));
      plane.after(5 * second, () =>
        plane.api.handle({ verb: "delete", kind: "Node", key: objectKey(undefined, "n1") }),
      );
    },
  },
  { client: "node-lifecycle-controller", what: "finds a machine lost", live: loseMachine },
  { client: "taint-eviction-controller", what: "evicts from a lost machine", live: loseMachine },
  {
    client: "namespace-controller",
    what: "empties a namespace",
    live: (plane) => {
      plane.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "doomed" } });
      const metadata = { name: "web", namespace: "doomed" };
      plane.create({ apiVersion: "v1", kind: "ConfigMap", metadata });
      plane.create({ ...workload("Deployment", "web", { replicas: 2 }), metadata });
      const remove = () => plane.api.handle({ verb: "delete", kind: "Namespace", key: objectKey(undefined, "doomed") });
      plane.after(3 * second, remove);
    },
  },
  {
    client: "resourcequota-controller",
    what: "counts what is used",
    live: (plane) => {
      const spec = { hard: { pods: "3", "count/replicasets.apps": "5" } };
      plane.create({ apiVersion: "v1", kind: "ResourceQuota", metadata: inDefault("small"), spec });
      plane.create(workload("ReplicaSet", "web", { replicas: 2 }));
      plane.after(3 * second, () => deletePod(plane, podsOf(plane)[0]));
      plane.after(6 * second, () => plane.api.handle({ verb: "delete", kind: "ReplicaSet", key: key("web") }));
    },
  },
  {
    client: "service-account-controller",
    what: "keeps an account in every namespace",
    live: (plane) => {
      plane.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "team" } });
      const account = objectKey("team", "default");
      plane.after(3 * second, () => plane.api.handle({ verb: "delete", kind: "ServiceAccount", key: account }));
    },
  },
  { client: "persistentvolume-controller", what: "binds and releases", live: keepClaims },
  { client: "attachdetach-controller", what: "attaches and detaches", live: keepClaims },
  { client: "disks.example.com", what: "makes, attaches and deletes", live: keepClaims },
  { client: "pvc-protection-controller", what: "lets a claim go", live: keepClaims },
  { client: "pv-protection-controller", what: "lets a volume go", live: keepClaims },
  {
    client: "ephemeral-volume-controller",
    what: "makes a pod's claims",
    live: (plane) => {
      const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
      const volumes = ["a", "b"].map((name) => ({ name, ephemeral: { volumeClaimTemplate: { spec } } }));
      for (const name of ["kept", "dropped"])
        plane.create({
          apiVersion: "v1",
          kind: "Pod",
          metadata: inDefault(name),
          spec: { ...podTemplate(name).spec, volumes },
        });
      plane.after(10 * second, () => plane.api.handle({ verb: "delete", kind: "Pod", key: key("dropped") }));
    },
  },
  {
    client: "horizontal-pod-autoscaler",
    what: "scales to the work",
    live: (plane) => {
      const template = podTemplate("web");
      const [container] = template.spec.containers;
      const containers = [{ ...container, resources: { requests: { cpu: "500m" } } }];
      plane.create(workload("Deployment", "web", { replicas: 1 }, { ...template, spec: { containers } }));
      const target = { type: "Utilization", averageUtilization: 50 };
      const spec = {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
        minReplicas: 1,
        maxReplicas: 8,
        metrics: [{ type: "Resource", resource: { name: "cpu", target } }],
      };
      plane.create({
        apiVersion: "autoscaling/v2",
        kind: "HorizontalPodAutoscaler",
        metadata: inDefault("web"),
        spec,
      });
    },
  },
];
