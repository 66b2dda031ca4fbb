import { expect, it } from "vitest";
import { Identities } from "../../src/apiserver/identity.ts";

it("gives a million objects a million uids, each in the form of version 4", () => {
  const identities = new Identities("1");
  const uids = new Set<string>();
  for (let index = 0; index < 1_000_000; index += 1) uids.add(identities.uid(`Pod/default/web-${index}`, true));
  expect(uids.size).toBe(1_000_000);
  for (const uid of [...uids].slice(0, 100)) {
    expect(uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  }
});
