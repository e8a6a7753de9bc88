// Counts visits to the careers pages, for the programme of advocates. No cookie, nothing stored, no fingerprint.
// <script src="https://outspoken.example/careers.js" data-jobs="/jobs" data-apply="/apply" defer></script>
(function () {
  "use strict";
  var script = document.currentScript;
  if (!script || navigator.globalPrivacyControl || navigator.doNotTrack === "1") return;
  var address = new URL("/api/v1/careers/events", script.src).href;
  var asked = new URLSearchParams(location.search);

  function send(kind) {
    var told = { kind: kind, medium: asked.get("utm_medium") || "" };
    if (told.medium === "advocacy" && asked.get("utm_content")) told.content = asked.get("utm_content").slice(0, 40);
    fetch(address, {
      method: "POST",
      mode: "cors",
      credentials: "omit",
      keepalive: true,
      referrerPolicy: "no-referrer",
      headers: { "Content-Type": "text/plain" },
      body: JSON.stringify(told),
    }).catch(function () {});
  }

  function under(path) {
    return path && (location.pathname === path || location.pathname.indexOf(path.replace(/\/$/, "") + "/") === 0);
  }

  send(under(script.dataset.apply) ? "application" : under(script.dataset.jobs) ? "jobs" : "visit");
  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("[data-outspoken-apply]");
    if (button) send("application");
  });
})();
