import { describe, expect, it } from "vitest";
import {
  applyDefaults,
  DecodeError,
  decodeStrictly,
  defaultPod,
  type JsonObject,
  type Pod,
  prepareForCreate,
  validateCreate,
} from "../../src/model/index.ts";

const creation = { uid: "u", now: "2026-01-01T00:00:00Z", namespace: "default" };

function deepFrozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) deepFrozen(inner);
    Object.freeze(value);
  }
  return value;
}

describe("defaults", () => {
  it("leave the input alone and give a second pass nothing to do", () => {
    const input = deepFrozen({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web" },
      spec: {
        selector: { matchLabels: { app: "web" } },
        template: {
          metadata: { labels: { app: "web" } },
          spec: { containers: [{ name: "a", image: "nginx", resources: { limits: { cpu: 0.5 } } }] },
        },
      },
    });
    const once = applyDefaults(input);
    expect(applyDefaults(once)).toEqual(once);
    expect(once).toMatchObject({ spec: { replicas: 1, strategy: { rollingUpdate: { maxSurge: "25%" } } } });
    expect(once).toMatchObject({
      spec: { template: { spec: { containers: [{ resources: { limits: { cpu: "500m" } } }] } } },
    });
  });

  it("keep what custom resources say", () => {
    const widget = {
      apiVersion: "example.com/v1",
      kind: "Widget",
      metadata: { name: "w" },
      spec: { size: 0, tags: [] },
    };
    expect(applyDefaults(widget)).toEqual(widget);
  });
});

describe("a pod made from a template", () => {
  const template = deepFrozen(
    applyDefaults({
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: { name: "web" },
      spec: {
        selector: { matchLabels: { app: "web" } },
        template: {
          metadata: { labels: { app: "web" } },
          spec: { containers: [{ name: "a", image: "nginx:1", resources: { limits: { memory: "64Mi" } } }] },
        },
      },
    }),
  );
  const spec = (template["spec"] as { template: { spec: Pod["spec"] } }).template.spec;
  const pod = (name: string): Pod =>
    ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name },
      spec: { ...spec, nodeName: name },
      status: {},
    }) as unknown as Pod;

  it("has the same content as one that takes the long way", () => {
    expect(defaultPod(pod("a"))).toEqual(applyDefaults(pod("a")));
  });

  it("shares the containers with its siblings", () => {
    expect(defaultPod(pod("a")).spec.containers).toBe(defaultPod(pod("b")).spec.containers);
  });
});

describe("strict decoding", () => {
  it("names unknown fields and fields that stand twice, and keeps the last", () => {
    const { object, strictError } = decodeStrictly(
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","nmae":"d"},"data":{"a":"1","a":"2"}}',
    );
    expect(strictError).toBe('strict decoding error: unknown field "metadata.nmae", duplicate field "data.a"');
    expect(object).toMatchObject({ data: { a: "2" } });
  });

  it("refuses a value of another type in Go's words", () => {
    const text = '{"apiVersion":"apps/v1","kind":"Deployment","spec":{"replicas":"3"}}';
    expect(() => decodeStrictly(text)).toThrow(DecodeError);
    expect(() => decodeStrictly(text)).toThrow("DeploymentSpec.spec.replicas of type int32");
  });
});

describe("validation", () => {
  const errorsOf = (object: JsonObject): string[] =>
    validateCreate(prepareForCreate(applyDefaults(object), creation)).map(({ text }) => text);

  it("finds nothing wrong with a plain pod", () => {
    const spec = { containers: [{ name: "a", image: "nginx" }] };
    expect(errorsOf({ apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec })).toEqual([]);
  });

  it("names every trouble at once, in upstream's order", () => {
    const spec = { containers: [{ name: "A" }], restartPolicy: "Sometimes" };
    const errors = errorsOf({ apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec });
    expect(errors.map((text) => text.slice(0, text.indexOf(":")))).toEqual([
      "spec.containers[0].name",
      "spec.containers[0].image",
      "spec.restartPolicy",
    ]);
  });
});
