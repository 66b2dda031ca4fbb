import { describe, expect, it } from "vitest";
import {
  applyDefaults,
  type JsonObject,
  prepareForCreate,
  validateCreate,
  validateUpdate,
} from "../../src/model/index.ts";

const creation = { uid: "00000000-0000-0000-0000-000000000001", now: "2026-01-01T00:00:00Z", namespace: "default" };

/** As the server validates a new object: defaulted and prepared, with an identity. */
function stored(object: JsonObject): JsonObject {
  const prepared = prepareForCreate(applyDefaults(object), creation);
  return {
    ...prepared,
    metadata: { ...(prepared["metadata"] as JsonObject), uid: creation.uid, resourceVersion: "1" },
  };
}

const complaints = (object: JsonObject): string[] => validateCreate(stored(object)).map(({ text }) => text);

function complaintsOfUpdate(before: JsonObject, after: JsonObject): string[] {
  return validateUpdate(stored(before), stored(after)).map(({ text }) => text);
}

const pod = (spec: JsonObject, annotations?: JsonObject): JsonObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", ...(annotations && { annotations }) },
  spec: { containers: [{ name: "c", image: "i" }], ...spec },
});
const container = (fields: JsonObject, spec: JsonObject = {}): JsonObject =>
  pod({ containers: [{ name: "c", image: "i", ...fields }], ...spec });
const volume = (source: JsonObject): JsonObject => pod({ volumes: [{ name: "v", ...source }] });
const node = (matchExpressions: JsonObject[], matchFields: JsonObject[] = []): JsonObject =>
  pod({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions, matchFields }] },
      },
    },
  });

describe("kube-apiserver's rules for pods", () => {
  const terms = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]";
  it.each<[what: string, object: JsonObject, expected: string[]]>([
    [
      "a port of the machine wanted twice",
      container({
        ports: [
          { containerPort: 1, hostPort: 80 },
          { containerPort: 2, hostPort: 80 },
        ],
      }),
      ['spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//80"'],
    ],
    [
      "a field that no variable can show",
      container({ env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "status.phase" } } }] }),
      [
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "status.phase": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
      ],
    ],
    [
      "a field that no pod has",
      container({ env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "spec.nothing" } } }] }),
      [
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.nothing": error converting fieldPath: field label not supported: spec.nothing',
      ],
    ],
    [
      "two origins of one variable's value",
      container({
        env: [{ name: "A", value: "x", valueFrom: { configMapKeyRef: { name: "m", key: "k" } } }],
        envFrom: [{}],
      }),
      [
        'spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
        'spec.containers[0].envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`',
      ],
    ],
    [
      "a mount of a volume that is not in order",
      container(
        { volumeMounts: [{ name: "v", mountPath: "/d" }] },
        { volumes: [{ name: "v", hostPath: { path: "../x" } }] },
      ),
      [
        "spec.volumes[0].hostPath.path: Invalid value: \"../x\": must not contain '..'",
        'spec.containers[0].volumeMounts[0].name: Not found: "v"',
      ],
    ],
    [
      "a mount that is shared back without privilege",
      container(
        { volumeMounts: [{ name: "v", mountPath: "/d", mountPropagation: "Bidirectional" }] },
        { volumes: [{ name: "v", emptyDir: {} }] },
      ),
      [
        "spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers",
      ],
    ],
    [
      "two volumes in one",
      volume({ emptyDir: {}, nfs: { server: "s", path: "/" } }),
      ["spec.volumes[0].nfs: Forbidden: may not specify more than 1 volume type"],
    ],
    [
      "a relative path on a file server",
      volume({ nfs: { server: "s", path: "x" } }),
      ['spec.volumes[0].nfs.path: Invalid value: "x": must be an absolute path'],
    ],
    [
      "a mode beyond the bits of a file",
      volume({ secret: { secretName: "s", defaultMode: 512 } }),
      [
        "spec.volumes[0].secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive",
      ],
    ],
    [
      "one path projected twice",
      volume({
        projected: {
          sources: [
            { secret: { name: "s", items: [{ key: "a", path: "x" }] } },
            { configMap: { name: "m", items: [{ key: "a", path: "x" }] } },
          ],
        },
      }),
      ['spec.volumes[0].projected: Invalid value: "m": conflicting duplicate paths'],
    ],
    [
      "a user below zero",
      container({ securityContext: { runAsUser: -1 } }),
      ["spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive"],
    ],
    [
      "the machine's network without the machine's port",
      container({ ports: [{ containerPort: 80, hostPort: 81 }] }, { hostNetwork: true }),
      [
        "spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true",
      ],
    ],
    [
      "a resize that restarts where nothing restarts",
      container(
        { resizePolicy: [{ resourceName: "cpu", restartPolicy: "RestartContainer" }] },
        { restartPolicy: "Never" },
      ),
      [
        "spec.containers[0].resizePolicy: Invalid value: \"RestartContainer\": must be 'NotRequired' when `restartPolicy` is 'Never'",
      ],
    ],
    [
      "a toleration's value that is no label's",
      pod({ tolerations: [{ key: "k", operator: "Equal", value: "a b", effect: "NoSchedule" }] }),
      [
        "spec.tolerations[0].operator: Invalid value: \"a b\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
      ],
    ],
    [
      "a comparison with two numbers",
      node([{ key: "n", operator: "Gt", values: ["1", "2"] }]),
      [
        `${terms}.matchExpressions[0].values: Required value: must be specified single value when \`operator\` is 'Lt' or 'Gt'`,
      ],
    ],
    [
      "a field of nodes that cannot be selected",
      node([], [{ key: "spec.unschedulable", operator: "In", values: ["true"] }]),
      [`${terms}.matchFields[0].key: Invalid value: "spec.unschedulable": not a valid field selector key`],
    ],
    [
      "a spread over keys without a selector",
      pod({
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: "z",
            whenUnsatisfiable: "DoNotSchedule",
            matchLabelKeys: ["k"],
            nodeTaintsPolicy: "No",
          },
        ],
      }),
      [
        'spec.topologySpreadConstraints[0].nodeTaintsPolicy: Unsupported value: "No": supported values: "Honor", "Ignore"',
        "spec.topologySpreadConstraints[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set",
      ],
    ],
    [
      "less for the pod than for its containers",
      container({ resources: { requests: { cpu: "2" } } }, { resources: { requests: { cpu: "1" } } }),
      [
        'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2',
      ],
    ],
    [
      "a deletion cost that is no number",
      pod({}, { "controller.kubernetes.io/pod-deletion-cost": "+1" }),
      [
        'metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "+1": must be a 32bit integer',
      ],
    ],
    [
      "a rule for an exit that says nothing",
      container({
        restartPolicy: "Never",
        restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "Equals", values: [3] } }],
      }),
      [
        'spec.containers[0].restartPolicyRules[0].exitCodes.operator: Unsupported value: "Equals": supported values: "In", "NotIn"',
      ],
    ],
  ])("refuse %s", (_what, object, expected) => {
    expect(complaints(object)).toEqual(expected);
  });

  it("let a pod through that uses all of it well", () => {
    const object = container(
      {
        env: [{ name: "L", valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } }],
        envFrom: [{ configMapRef: { name: "m" } }],
        ports: [
          { containerPort: 80, hostPort: 80 },
          { containerPort: 80, hostPort: 80, protocol: "UDP" },
        ],
        volumeMounts: [{ name: "v", mountPath: "/d", readOnly: true, recursiveReadOnly: "IfPossible" }],
        securityContext: { runAsUser: 0, seccompProfile: { type: "RuntimeDefault" } },
      },
      { volumes: [{ name: "v", projected: { sources: [{ secret: { name: "s" } }, { configMap: { name: "m" } }] } }] },
    );
    expect(complaints(object)).toEqual([]);
  });
});

describe("kube-apiserver's rules for other kinds", () => {
  const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } };
  const job = (spec: JsonObject): JsonObject => ({
    ...{ apiVersion: "batch/v1", kind: "Job", metadata: { name: "j" } },
    spec: { template: { spec: { ...template.spec, restartPolicy: "Never" } }, ...spec },
  });
  const workload = (kind: string, spec: JsonObject): JsonObject => ({
    ...{ apiVersion: "apps/v1", kind, metadata: { name: "w" } },
    spec: { selector: { matchLabels: { a: "b" } }, template, ...spec },
  });
  const hpa = (metrics: JsonObject[]): JsonObject => ({
    ...{ apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler", metadata: { name: "h" } },
    spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "d" }, metrics },
  });
  it.each<[what: string, object: JsonObject, expected: string[]]>([
    [
      "a strategy that nobody knows",
      workload("Deployment", { strategy: { type: "Foo" } }),
      [
        'spec.strategy: Unsupported value: {"Type":"Foo","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate"',
      ],
    ],
    [
      "a surge and a gap at once in a DaemonSet that has neither",
      workload("DaemonSet", {
        updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 0 } },
      }),
      ["spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"],
    ],
    [
      "exit codes out of order",
      job({ podFailurePolicy: { rules: [{ action: "FailJob", onExitCodes: { operator: "In", values: [3, 2, 2] } }] } }),
      [
        "spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Duplicate value: 2",
        "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [3,2,2]: must be ordered",
      ],
    ],
    [
      "more failed indexes than there are",
      job({ completionMode: "Indexed", completions: 2, backoffLimitPerIndex: 1, maxFailedIndexes: 3 }),
      ["spec.maxFailedIndexes: Invalid value: 3: must be less than or equal to completions"],
    ],
    [
      "a metric of one kind that says it is of another",
      hpa([{ type: "Pods", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } }]),
      ["spec.metrics[0].pods: Required value: must populate information for the given metric source"],
    ],
    [
      "a target of no kind",
      hpa([{ type: "Resource", resource: { name: "cpu", target: { type: "Foo", averageUtilization: 50 } } }]),
      [
        'spec.metrics[0].resource.target.type: Invalid value: "Foo": must be either Utilization, Value, or AverageValue',
      ],
    ],
    [
      "one port of a Service twice",
      {
        ...{ apiVersion: "v1", kind: "Service", metadata: { name: "s" } },
        spec: {
          ports: [
            { name: "a", port: 80 },
            { name: "b", port: 80 },
          ],
        },
      },
      [
        'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
      ],
    ],
    [
      "a quota of the best effort for cpu",
      {
        ...{ apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "q" } },
        spec: {
          hard: { cpu: "1" },
          scopeSelector: { matchExpressions: [{ scopeName: "BestEffort", operator: "Exists" }] },
        },
      },
      [
        'spec.scopeSelector.matchExpressions: Invalid value: {"MatchExpressions":[{"ScopeName":"BestEffort","Operator":"Exists","Values":null}]}: unsupported scope applied to resource',
      ],
    ],
    [
      "a budget of both kinds",
      {
        ...{ apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: { name: "b" } },
        spec: { minAvailable: 1, maxUnavailable: "101%", selector: { matchLabels: { a: "b" } } },
      },
      [
        'spec: Invalid value: {"MinAvailable":1,"Selector":{"matchLabels":{"a":"b"}},"MaxUnavailable":"101%","UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set',
        'spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
      ],
    ],
    [
      "a class of the system with another value",
      {
        ...{ apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", metadata: { name: "system-node-critical" } },
        value: 7,
      },
      [
        "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: value of system-node-critical PriorityClass must be 2000001000",
      ],
    ],
    [
      "an endpoint that means the machine itself",
      {
        ...{ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", metadata: { name: "e" } },
        ...{ addressType: "IPv4", endpoints: [{ addresses: ["127.0.0.1"] }] },
      },
      [
        'endpoints[0].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      ],
    ],
    [
      "a binding to a role of nobody's group",
      {
        ...{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", metadata: { name: "r" } },
        ...{ roleRef: { apiGroup: "x", kind: "Role", name: "r" }, subjects: [{ kind: "Robot", name: "n" }] },
      },
      [
        'roleRef.apiGroup: Unsupported value: "x": supported values: "rbac.authorization.k8s.io"',
        'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
      ],
    ],
  ])("refuse %s", (_what, object, expected) => {
    expect(complaints(object)).toEqual(expected);
  });

  const suspended = (nodeSelector: JsonObject | undefined, suspend: boolean): JsonObject =>
    job({
      suspend,
      template: { spec: { ...template.spec, restartPolicy: "Never", ...(nodeSelector && { nodeSelector }) } },
    });

  it("let a Job be told where to run only while it is suspended", () => {
    expect(complaintsOfUpdate(suspended(undefined, true), suspended({ disk: "ssd" }, true))).toEqual([]);
    const [complaint] = complaintsOfUpdate(suspended(undefined, false), suspended({ disk: "ssd" }, false));
    expect(complaint).toMatch(/^spec\.template: Invalid value: .*: field is immutable$/);
  });

  it("let a pod at a gate ask for more of its node, and for nothing else", () => {
    const gated = (nodeSelector: JsonObject): JsonObject => pod({ schedulingGates: [{ name: "g" }], nodeSelector });
    expect(complaintsOfUpdate(gated({ a: "b" }), gated({ a: "b", c: "d" }))).toEqual([]);
    expect(complaintsOfUpdate(gated({ a: "b" }), gated({ a: "c" }))).toEqual([
      'spec.nodeSelector: Invalid value: {"a":"c"}: only additions are allowed (no mutations or deletions)',
    ]);
  });

  it("let a bound claim grow and not shrink", () => {
    const claim = (storage: string): JsonObject => ({
      ...{ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "c" } },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } },
    });
    const bound = (storage: string): JsonObject => ({
      ...stored(claim(storage)),
      status: { phase: "Bound", capacity: { storage: "2Gi" } },
    });
    const change = (storage: string): string[] => validateUpdate(bound("2Gi"), bound(storage)).map(({ text }) => text);
    expect(change("3Gi")).toEqual([]);
    expect(change("1Gi")).toEqual([
      "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity",
    ]);
  });
});
