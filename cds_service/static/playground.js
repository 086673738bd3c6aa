// The page works without this file. It adds: sources beside their fact, dropped files, copying, and feedback.
"use strict";

document.documentElement.classList.add("js");

// --- a fact's resource, shown beside it ---------------------------------------------------------------------------

const dialog = document.getElementById("resource-dialog");

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-resource]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const target = document.getElementById(link.hash.slice(1));
  const resource = target?.closest("[data-resource-of]");
  if (!resource) return;
  event.preventDefault();
  showResource(resource, target);
});

function showResource(resource, target) {
  const shown = dialog.querySelector("pre");
  const copy = resource.querySelector("pre").cloneNode(true);
  shown.replaceChildren(...copy.childNodes);
  dialog.querySelector("h2").textContent = resource.querySelector("summary").textContent;
  // The copy must not repeat identifiers of the page.
  let marked = null;
  for (const element of shown.querySelectorAll("[id]")) {
    if (element.id === target.id) marked = element;
    element.removeAttribute("id");
  }
  dialog.showModal();
  if (!marked) return;
  marked.classList.add("shown");
  marked.scrollIntoView({ block: "center" });
}

// A fragment that leads into a closed part opens it, for links that are opened in another tab.
function openTarget() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  for (let part = target; part; part = part.parentElement) {
    if (part.tagName === "DETAILS") part.open = true;
  }
  if (target?.tagName === "MARK") target.scrollIntoView({ block: "center" });
}
window.addEventListener("hashchange", openTarget);
if (location.hash) openTarget();

// --- a dropped file, anywhere on the page: else the browser would leave the page and show the file -------------------

const record = document.getElementById("document");

for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    if (!isForRecord(event)) return;
    event.preventDefault();
    document.body.classList.toggle("dropping", kind === "dragover");
  });
}
document.addEventListener("drop", async (event) => {
  if (!isForRecord(event)) return;
  const file = event.dataTransfer.files[0];
  record.value = file ? await file.text() : event.dataTransfer.getData("text");
  record.closest("details").open = true;
  record.scrollIntoView({ block: "center" });
  record.focus();
});

// Text that is dragged into another field is left to the browser.
function isForRecord(event) {
  return event.target === record || event.dataTransfer.types.includes("Files");
}

// --- copying ----------------------------------------------------------------------------------------------------------

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copy).textContent;
    const said = button.parentElement.querySelector(".said");
    try {
      await navigator.clipboard.writeText(text);
      say(said, "Copied.", true);
    } catch {
      say(said, "This browser does not allow copying; select the text instead.", false);
    }
  });
}

// --- feedback, as an EHR sends it -----------------------------------------------------------------------------------

for (const card of document.querySelectorAll("[data-card]")) {
  card.addEventListener("click", (event) => {
    const accept = event.target.closest("[data-accept]");
    if (accept) {
      const taken = accept.dataset.accept;
      return send(card, { outcome: "accepted", acceptedSuggestions: taken ? [{ id: taken }] : [] });
    }
    if (event.target.closest("[data-override]")) return send(card, { outcome: "overridden", ...reasonOf(card) });
  });
}

function reasonOf(card) {
  const chosen = card.querySelector("[data-reason]")?.selectedOptions[0];
  if (!chosen) return {};
  return { overrideReason: { reason: { code: chosen.value, system: chosen.dataset.system, display: chosen.text } } };
}

async function send(card, outcome) {
  const said = card.querySelector("footer .said");
  const item = { card: card.dataset.card, outcomeTimestamp: new Date().toISOString(), ...outcome };
  try {
    const answer = await fetch(card.closest("[data-feedback]").dataset.feedback, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ feedback: [item] }),
    });
    const text = answer.ok ? `Sent: ${outcome.outcome}.` : `The service answered ${answer.status}; it was not kept.`;
    say(said, text, answer.ok);
  } catch {
    say(said, "The service did not answer; it was not kept.", false);
  }
}

function say(place, text, good) {
  place.classList.toggle("failed", !good);
  place.textContent = text;
}
