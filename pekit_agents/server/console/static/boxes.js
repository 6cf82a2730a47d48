// A box that is drawn on a photo, with a mouse, a finger or keys; the outline is then asked for anew.
"use strict";

const SMALLEST = 0.02; // of the photo's longer side: less is a slip of the hand
const NUDGE = 0.02; // of the same, for a key

let drawing = null; // {svg, from, box}

const frameOf = (svg) => svg.viewBox.baseVal;

function pointOf(svg, event) {
  const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  const { width, height } = frameOf(svg);
  return [Math.min(Math.max(at.x, 0), width), Math.min(Math.max(at.y, 0), height)];
}

function show(svg, box) {
  const rect = svg.querySelector("rect.box");
  rect.setAttribute("x", box[0]);
  rect.setAttribute("y", box[1]);
  rect.setAttribute("width", box[2] - box[0]);
  rect.setAttribute("height", box[3] - box[1]);
}

function shown(svg) {
  const rect = svg.querySelector("rect.box");
  if (!rect.hasAttribute("width")) return null;
  const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(rect.getAttribute(name)));
  return [x, y, x + width, y + height];
}

// Ask what would be taken inside a box; of the whole photo where there is none.
function ask(place, box) {
  const text = box ? box.map((edge) => edge.toFixed(1)).join(",") : "";
  place.querySelector("input[name=box]").value = text;
  const handle = place.closest("[data-card]").querySelector("input[name=photo]").value;
  place.setAttribute("hx-vals", JSON.stringify({ photo: handle, box: text }));
  htmx.trigger(place, "redraw");
}

document.addEventListener("pointerdown", (event) => {
  const svg = event.target.closest("[data-draw]");
  if (!svg || event.button !== 0) return;
  // A finger scrolls the page unless the button was touched first.
  if (event.pointerType === "touch" && !svg.classList.contains("drawing")) return;
  event.preventDefault();
  svg.focus();
  svg.setPointerCapture(event.pointerId);
  drawing = { svg, from: pointOf(svg, event), box: null };
});

document.addEventListener("pointermove", (event) => {
  if (!drawing) return;
  const [x, y] = pointOf(drawing.svg, event);
  const [a, b] = drawing.from;
  drawing.box = [Math.min(a, x), Math.min(b, y), Math.max(a, x), Math.max(b, y)];
  show(drawing.svg, drawing.box);
});

function finish(event) {
  if (!drawing) return;
  const { svg, box } = drawing;
  drawing = null;
  const place = svg.closest(".outlined");
  const { width, height } = frameOf(svg);
  const least = SMALLEST * Math.max(width, height);
  if (event.type === "pointerup" && box && box[2] - box[0] > least && box[3] - box[1] > least) {
    ask(place, box);
  } else {
    show(svg, [0, 0, 0, 0]);
    svg.querySelector("rect.box").removeAttribute("width");
  }
}
document.addEventListener("pointerup", finish);
document.addEventListener("pointercancel", finish);

document.addEventListener("keydown", (event) => {
  const svg = event.target.closest?.("[data-draw]");
  if (!svg) return;
  const { width, height } = frameOf(svg);
  const step = NUDGE * Math.max(width, height);
  const box = shown(svg);
  if (event.key === "Enter") {
    event.preventDefault();
    if (box) ask(svg.closest(".outlined"), box);
    else show(svg, [width / 4, height / 4, (3 * width) / 4, (3 * height) / 4]);
    return;
  }
  const move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
  if (!move || !box) return;
  event.preventDefault();
  let [x0, y0, x1, y1] = box;
  if (event.shiftKey) {
    x1 = Math.min(Math.max(x1 + move[0], x0 + step), width);
    y1 = Math.min(Math.max(y1 + move[1], y0 + step), height);
  } else {
    const x = Math.min(Math.max(move[0], -x0), width - x1);
    const y = Math.min(Math.max(move[1], -y0), height - y1);
    [x0, y0, x1, y1] = [x0 + x, y0 + y, x1 + x, y1 + y];
  }
  show(svg, [x0, y0, x1, y1]);
});

document.addEventListener("click", (event) => {
  const place = event.target.closest(".outlined");
  if (!place) return;
  if (event.target.matches("[data-leave-out]")) {
    const card = place.closest("[data-card]");
    const next = card.nextElementSibling || card.previousElementSibling;
    card.remove();
    (next?.querySelector("[data-draw]") || document.getElementById("choose")).focus();
  } else if (event.target.matches("[data-no-box]")) {
    ask(place, null);
  } else if (event.target.matches("[data-draw-on]")) {
    const on = place.querySelector("svg").classList.toggle("drawing");
    event.target.setAttribute("aria-pressed", String(on));
    event.target.textContent = on ? "Drag over the photo …" : "Draw a box";
    place.querySelector("svg").focus();
  }
});

// Keep the keyboard where it was when a photo's outline is drawn anew.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target } = event.detail;
  if (target.matches?.(".outlined")) target.hadFocus = target.contains(document.activeElement);
});
document.addEventListener("htmx:afterSettle", (event) => {
  const { target } = event.detail;
  if (target.hadFocus) target.querySelector("[data-draw]")?.focus({ preventScroll: true });
});
