import { expect, it } from "vitest";
import { kindNamed } from "../../src/cli/kind-names.ts";

it.each([
  ["pods", "Pod"],
  ["deploy", "Deployment"],
  ["HPA", "HorizontalPodAutoscaler"],
  ["configmaps", "ConfigMap"],
  ["cm", "ConfigMap"],
  ["resourcequota", "ResourceQuota"],
  ["events", "Event"],
  ["ScaledObject", "ScaledObject"],
  ["constructor", "constructor"],
])("%s means %s", (word, kind) => {
  expect(kindNamed(word)).toBe(kind);
});
