// Keeps the page current, and answers who points at a chart. Without it the page reloads itself.
"use strict";

const EVERY_MS = 2000;

async function refresh() {
  let next;
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (answer.status === 401) return location.reload();
    if (!answer.ok) throw new Error(String(answer.status));
    next = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return document.getElementById("lost").removeAttribute("hidden");
  }
  document.getElementById("lost").setAttribute("hidden", "");
  const parts = (page) => page.querySelectorAll("[data-part]").length;
  if (parts(next) !== parts(document)) return location.reload(); // the first look is over
  document.title = next.title;
  for (const part of document.querySelectorAll("[data-part]")) {
    const other = next.getElementById(part.id);
    if (other) replace(part, other);
  }
}

function replace(part, other) {
  const held = document.activeElement;
  const focused = part.contains(held) ? held.id : "";
  for (const open of part.querySelectorAll("details[open]")) {
    keepOpen(other, open.id);
  }
  if (part.innerHTML === other.innerHTML && part.className === other.className) return;
  part.replaceWith(other);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

function keepOpen(other, id) {
  const same = id && other.querySelector(`#${CSS.escape(id)}`);
  if (same) same.setAttribute("open", "");
}

function point(plot, fraction) {
  const points = JSON.parse(plot.dataset.points);
  if (!points.length) return;
  let best = 0;
  points.forEach(([x], i) => { if (Math.abs(x - fraction) < Math.abs(points[best][0] - fraction)) best = i; });
  show(plot, points, best);
}

function show(plot, points, i) {
  const [x, , words] = points[i];
  const svg = plot.querySelector("svg"), cursor = plot.querySelector(".cursor");
  cursor.setAttribute("x1", x * 1000);
  cursor.setAttribute("x2", x * 1000);
  svg.classList.add("pointing");
  plot.dataset.at = i;
  plot.closest("figure").querySelector("output").textContent = words;
}

function step(plot, by) {
  const points = JSON.parse(plot.dataset.points);
  if (!points.length) return;
  const at = plot.dataset.at === undefined ? points.length - 1 : Number(plot.dataset.at) + by;
  show(plot, points, Math.min(Math.max(at, 0), points.length - 1));
}

document.addEventListener("pointermove", (event) => {
  const plot = event.target.closest?.(".plot");
  if (!plot) return;
  const box = plot.getBoundingClientRect();
  point(plot, (event.clientX - box.left) / box.width);
});

document.addEventListener("keydown", (event) => {
  const plot = event.target.closest?.(".plot");
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!plot || !by) return;
  event.preventDefault();
  step(plot, by);
});

if (document.getElementById("lost")) setInterval(refresh, EVERY_MS);
