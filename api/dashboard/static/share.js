"use strict";
// While somebody writes, the server judges the draft and its answer takes the place of the verdict.
// Without this file the button "Check it" does the same. `addCopyButton` stands in app.js.

const PAUSE = 600;

function setUpLiveCheck() {
  const form = document.querySelector("[data-live-check]");
  if (!form) return;
  let waiting = 0;
  let running = null;
  let last = "";

  async function check() {
    const fields = new FormData(form);
    fields.delete("url");
    const body = new URLSearchParams(fields);
    if (body.toString() === last) return;
    last = body.toString();
    running?.abort();
    running = new AbortController();
    try {
      const answer = await fetch(form.action, { method: "POST", body, signal: running.signal });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const verdict = page.getElementById("verdict");
      if (!verdict) throw new Error(answer.statusText);
      document.getElementById("verdict").replaceWith(verdict);
      verdict.querySelectorAll("[data-copy]").forEach(addCopyButton);
    } catch (error) {
      if (error.name === "AbortError") return;
      last = "";
      const words = document.createElement("p");
      words.className = "small over";
      words.textContent = "The check does not answer. Copy your text before you load the page again.";
      document.getElementById("verdict").replaceChildren(words);
    }
  }

  function later() {
    clearTimeout(waiting);
    waiting = setTimeout(check, PAUSE);
  }

  form.elements.text.addEventListener("input", later);
  for (const name of ["platform", "country", "server"]) form.elements[name]?.addEventListener("change", later);
}

setUpLiveCheck();
