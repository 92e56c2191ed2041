// Written by `hookglass export --with node`. Run with `{{command}}`.
import assert from "node:assert/strict";
import { test } from "node:test";

import { fixtures, flaw } from "./fixtures.mjs";

test("there are fixtures", () => assert.notEqual(fixtures.length, 0));

for (const fixture of fixtures) {
  test(`${fixture.name} is whole and has the signature that it says`, () => {
    assert.equal(flaw(fixture), undefined);
  });
}
