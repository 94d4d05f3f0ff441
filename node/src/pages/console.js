// What makes pages quicker for who has scripts: "/" goes to the line of a search, what policies would say is
// told while a form is filled in, areas are drawn on a map, arrow keys go from sighting to sighting. Without it
// everything is done with the same forms.
"use strict";
(() => {
  const typing = (at) => at.closest("input,select,textarea,[contenteditable]");

  // --- keys
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "/") {
      const line = document.getElementById("line");
      if (line) { event.preventDefault(); line.focus(); }
      return;
    }
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const all = [...document.querySelectorAll("section.sighting")];
    if (!step || !all.length) return;
    const here = all.indexOf(document.activeElement);
    const next = all[Math.min(Math.max(here + step, 0), all.length - 1)];
    next.tabIndex = -1;
    next.focus();
    event.preventDefault();
  });

  // --- what each policy would say
  const form = document.querySelector("form[data-told]");
  if (form) {
    const place = form.querySelector(".told");
    let timer, asked = 0;
    const tell = async () => {
      const mine = ++asked;
      const body = new URLSearchParams(new FormData(form));
      const said = await fetch(form.dataset.told, { method: "POST", body }).catch(() => null);
      if (mine !== asked || !said || !said.ok || said.redirected) return;
      const parsed = new DOMParser().parseFromString(await said.text(), "text/html");
      place.replaceChildren(...parsed.body.childNodes);
      place.hidden = false;
    };
    form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(tell, 500); });
    if (form.elements.plate.value) tell();
  }

  // --- drawing an area
  const drawing = document.querySelector(".drawing");
  if (!drawing || !form) return;
  const NS = "http://www.w3.org/2000/svg";
  const make = (name, of) => {
    const one = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(of)) one.setAttribute(key, value);
    return one;
  };
  const height = (at) => -Math.log(Math.tan(at * Math.PI / 360 + Math.PI / 4)) * 180 / Math.PI;
  const latitude = (y) => (2 * Math.atan(Math.exp(-y * Math.PI / 180)) - Math.PI / 2) * 180 / Math.PI;
  const DEGREE_M = 111195;
  const near = form.elements.near, radius = form.elements.radius, corners = form.elements.polygon;
  const said = (at) => latitude(at.y).toFixed(5) + "," + at.x.toFixed(5);
  const read = (text) => {
    const [at, longitude] = text.split(",").map(Number);
    return Number.isFinite(at) && Number.isFinite(longitude) ? { x: longitude, y: height(at) } : null;
  };
  let how = "circle", view = { x: -119.5, y: height(36), wide: 12 }, middle = null, svg = null, shape = null;
  const show = () => {
    const high = view.wide * 0.6;
    svg.setAttribute("viewBox", [view.x - view.wide / 2, view.y - high / 2, view.wide, high].join(" "));
    shape.replaceChildren();
    const at = read(near.value), metres = Number(radius.value);
    if (at) {
      const degrees = metres / (DEGREE_M * Math.cos(latitude(at.y) * Math.PI / 180));
      shape.append(make("circle", { class: "area", cx: at.x, cy: at.y, r: Math.max(degrees, view.wide / 200) }));
    }
    const points = corners.value.split(/\s+/).map(read).filter(Boolean);
    if (points.length) {
      shape.append(make("polygon", { class: "area", points: points.map((p) => p.x + "," + p.y).join(" ") }));
    }
  };
  const changed = () => { show(); form.dispatchEvent(new Event("input")); };
  const begin = async () => {
    if (svg) return;
    svg = make("svg", { role: "img", "aria-label": "A map to draw on; the fields above it say the same" });
    shape = make("g", {});
    drawing.querySelector(".canvas").append(svg);
    const around = read(drawing.dataset.at || "");
    if (around) view = { x: around.x, y: around.y, wide: 0.3 };
    const lines = await fetch(drawing.dataset.map).then((got) => got.text()).catch(() => "");
    svg.append(make("path", { class: "county", d: lines }), shape);
    show();
    const place = (event) => {
      const box = svg.getBoundingClientRect();
      return {
        x: view.x + (event.clientX - box.left - box.width / 2) * view.wide / box.width,
        y: view.y + (event.clientY - box.top - box.height / 2) * view.wide / box.width,
      };
    };
    let held = null, moved = false;
    svg.addEventListener("pointerdown", (event) => { held = place(event); moved = false; });
    svg.addEventListener("pointermove", (event) => {
      if (!held || !event.buttons) return;
      const here = place(event);
      if (Math.hypot(here.x - held.x, here.y - held.y) < view.wide / 150 && !moved) return;
      moved = true;
      view.x -= here.x - held.x;
      view.y -= here.y - held.y;
      show();
    });
    svg.addEventListener("pointerup", (event) => {
      held = null;
      if (moved) return;
      const at = place(event);
      if (how === "polygon") {
        near.value = radius.value = "";
        corners.value = (corners.value + " " + said(at)).trim();
      } else if (middle) {
        const across = Math.hypot(at.x - middle.x, at.y - middle.y);
        radius.value = Math.max(50, Math.round(across * DEGREE_M * Math.cos(latitude(middle.y) * Math.PI / 180)));
        middle = null;
      } else {
        middle = at;
        corners.value = "";
        near.value = said(at);
        radius.value = radius.value || 1000;
      }
      changed();
    });
  };
  const details = drawing.closest("details");
  drawing.hidden = false;
  const opened = () => { if (details.open) begin(); };
  details.addEventListener("toggle", opened);
  opened();
  for (const field of [near, radius, corners]) field.addEventListener("input", () => svg && show());
  drawing.addEventListener("click", (event) => {
    const act = event.target.dataset.draw;
    if (!act || !svg) return;
    if (act === "in") view.wide /= 2;
    else if (act === "out") view.wide = Math.min(view.wide * 2, 24);
    else if (act === "clear") { near.value = radius.value = corners.value = ""; middle = null; changed(); }
    else {
      how = act;
      middle = null;
      for (const one of drawing.querySelectorAll("[aria-pressed]")) one.setAttribute("aria-pressed", one.dataset.draw === act);
    }
    show();
  });
})();
