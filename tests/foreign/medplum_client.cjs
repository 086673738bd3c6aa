// Medplum's client as the EHR: finds the services, fills their prefetch from its FHIR server, and calls them.
// Usage: node medplum_client.cjs < {"fhir", "services", "token", "calls": [{"service", "context"}]}
// Output: {"exchanges": [...], "discovery": {...}, "calls": [{"request", "response"}]}, exchanges as they were sent.
"use strict";

globalThis.WebSocket ??= class {}; // @medplum/core names it when it is loaded; Node.js has it from version 22 on

const { readFileSync } = require("node:fs");
const { MedplumClient, buildCdsRequest } = require("@medplum/core");

const asked = JSON.parse(readFileSync(0, "utf8"));
const user = { resourceType: "Practitioner", id: "example" };
const exchanges = [];

async function main() {
  const medplum = new MedplumClient({
    baseUrl: asked.fhir,
    fhirUrlPath: "",
    cdsServicesUrl: asked.services,
    defaultHeaders: { Authorization: `Bearer ${asked.token}` },
    fetch: listened,
  });
  const discovery = await medplum.getCdsServices();
  const calls = [];
  for (const { service: id, context } of asked.calls) {
    const service = discovery.services.find((found) => found.id === id);
    const request = await buildCdsRequest(medplum, user, service, context);
    calls.push({ request, response: await medplum.callCdsService(service.id, request) });
  }
  process.stdout.write(JSON.stringify({ exchanges, discovery, calls }));
}

async function listened(url, options) {
  const answer = await fetch(url, options);
  if (String(url).startsWith(asked.services)) {
    const { status, headers } = answer;
    const said = { status, type: headers.get("content-type"), body: await answer.clone().text() };
    exchanges.push({ method: options.method, path: new URL(url).pathname, ...said });
  }
  return answer;
}

main();
