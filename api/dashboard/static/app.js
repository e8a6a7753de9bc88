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

function setUpCopy() {
  if (!navigator.clipboard) return;
  for (const text of document.querySelectorAll("[data-copy]")) {
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
}

setUpCopy();
