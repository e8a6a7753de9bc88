"use strict";
// Draws every [data-chart] from the JSON block inside it. Without this file the tables under the charts tell the same.

const PAGE_COLOURS = {
  "#1f2933": "--ink",
  "#6b7280": "--ink-2",
  "#ffffff": "--card",
  "#e2e8f0": "--chart-band",
  "#d1d5db": "--chart-pale",
  "#0f766e": "--chart-accent",
};

function colourOf(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// The charts are drawn in the colours of mails; the page may be dark.
function inPageColours(value) {
  if (typeof value === "string") return (PAGE_COLOURS[value] && colourOf(PAGE_COLOURS[value])) || value;
  if (Array.isArray(value)) return value.map(inPageColours);
  if (value === null || typeof value !== "object") return value;
  const copy = {};
  for (const [key, each] of Object.entries(value)) {
    copy[key] = key === "data" || key === "datasets" ? each : inPageColours(each);
  }
  return copy;
}

// Bars are as wide as a picture of 560 points needs them.
function withBars(part, width) {
  const mark = part.mark;
  const shown = mark && mark.type === "bar" && mark.size ? { ...part, mark: { ...mark, size: Math.max(1, (mark.size * (width - 60)) / 560) } } : part;
  return shown.layer ? { ...shown, layer: shown.layer.map((each) => withBars(each, width)) } : shown;
}

function fitted(spec, width) {
  if (!spec.vconcat) return { ...withBars(spec, width), width: "container" };
  const inside = Math.max(160, width - 80);
  return { ...spec, vconcat: spec.vconcat.map((part) => ({ ...withBars(part, inside), width: inside })) };
}

async function draw(holder) {
  const spec = JSON.parse(holder.querySelector("script").textContent);
  const target = holder.querySelector("[data-chart-target]");
  const shown = fitted(inPageColours(spec), target.clientWidth);
  shown.config = {
    ...shown.config,
    background: "transparent",
    legend: { labelColor: colourOf("--ink-2"), titleColor: colourOf("--ink-2"), columns: target.clientWidth < 420 ? 2 : 0 },
    autosize: { type: "fit-x", contains: "padding" },
  };
  delete shown.background;
  await window.vegaEmbed(target, shown, {
    actions: false,
    ast: true, // expressions are interpreted, since the page forbids eval
    defaultStyle: false,
    logLevel: 1, // errors only: a chart without an expected range is no fault
    renderer: "svg",
    tooltip: { disableDefaultStyle: true },
  });
  holder.dataset.drawn = "true";
}

async function drawAll() {
  for (const holder of document.querySelectorAll("[data-chart]")) {
    try {
      await draw(holder);
    } catch (error) {
      holder.dataset.drawn = "false";
      console.error("A chart could not be drawn:", error);
    }
  }
}

drawAll();
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
