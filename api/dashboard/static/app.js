"use strict";
// Small things a page can do without; every page works with this file missing.

function setUpMenu() {
  const side = document.querySelector("[data-menu]");
  const button = document.querySelector("[data-menu-button]");
  if (!side || !button) return;
  button.addEventListener("click", () => {
    const open = side.dataset.open !== "true";
    side.dataset.open = String(open);
    button.setAttribute("aria-expanded", String(open));
  });
}

function setUpAutoSubmit() {
  for (const field of document.querySelectorAll("[data-submit-on-change]")) {
    field.addEventListener("change", () => field.form.requestSubmit());
  }
}

setUpMenu();
setUpAutoSubmit();

function addCopyButton(text) {
  if (!navigator.clipboard) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button small copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text.textContent.trim());
    button.textContent = "Copied";
  });
  text.after(button);
}

document.querySelectorAll("[data-copy]").forEach(addCopyButton);

// A form whose answer is a page that holds the same section again: only the section is replaced.
function setUpInPlace() {
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-in-place]");
    if (!form) return;
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    button.textContent = "Working it out …";
    const body = new URLSearchParams(new FormData(form));
    putInPlace(form.dataset.inPlace, form.action, { method: "POST", body }, () => form.submit());
  });
}

async function putInPlace(id, address, options, otherwise) {
  try {
    const answer = await fetch(address, options);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const section = page.getElementById(id);
    if (!answer.ok || !section) throw new Error(answer.statusText);
    document.getElementById(id).replaceWith(section);
    history.replaceState(null, "", answer.url.split("#")[0]);
    if ("waiting" in section.dataset) setTimeout(putInPlace, 1500, id, answer.url, {}, () => location.reload());
    else section.querySelector("h2").focus();
  } catch {
    otherwise();
  }
}

setUpInPlace();

function pad(number) {
  return String(number).padStart(2, "0");
}

// Fields for local times come in UTC with a hidden field for the zone; both are told in the zone of the browser.
function setUpZones() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone) return;
  for (const field of document.querySelectorAll("[data-zone]")) field.value = zone;
  for (const words of document.querySelectorAll("[data-zone-name]")) words.textContent = zone;
  for (const field of document.querySelectorAll("input[data-utc]")) {
    const at = new Date(field.dataset.utc);
    if (Number.isNaN(at.getTime())) continue;
    field.value = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}T${pad(at.getHours())}:${pad(at.getMinutes())}`;
  }
}

// Exact times come in UTC and are told in the zone of the browser; UTC stays as the title.
function setUpTimes() {
  const near = new Intl.DateTimeFormat("en-GB", {
    day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
  });
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const words = near.format(at).replace("Sept", "Sep");
    if ("local" in time.dataset) {
      time.title = time.textContent;
      time.textContent = words;
    } else if (time.title) {
      time.title = words;
    }
  }
}

// A link into a closed section opens it, also where the browser does not by itself; a printed page has all sections.
function setUpFolds() {
  const open = () => document.getElementById(location.hash.slice(1))?.closest("details")?.setAttribute("open", "");
  addEventListener("hashchange", open);
  if (location.hash) open();
  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details.fold")) fold.open = true;
  });
}

function setUpPrint() {
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
}

// A form that comes back leads to the first field that was wrong.
function setUpErrors() {
  document.querySelector("[aria-invalid=true]")?.focus();
}

setUpZones();
setUpErrors();
setUpTimes();
setUpFolds();
setUpPrint();
