// What htmx leaves to do: errors as sentences, photos that are dropped, keys, the slider.
"use strict";

const notice = () => document.getElementById("notice");

const asSentence = (text) => text[0].toUpperCase() + text.slice(1).replace(/[.;:,\s]*$/, "").replace(/[^?!]$/, "$&.");

function say(sentence) {
  const place = notice();
  place.replaceChildren();
  if (!sentence) return;
  const text = document.createElement("p");
  text.textContent = asSentence(sentence);
  const close = document.createElement("button");
  close.type = "button";
  close.className = "quiet";
  close.textContent = "Close";
  close.addEventListener("click", () => say(""));
  place.append(text, close);
  place.scrollIntoView({ block: "nearest" });
}

// What a refusal says: problem details, or nothing that can be read.
function sentenceOf(status, type, body) {
  if (status === 401) {
    return "You are signed out. Sign in again in another tab, then go on here: nothing typed is lost.";
  }
  try {
    if (type.includes("json")) return JSON.parse(body).detail;
  } catch {
    // said below
  }
  return `The server could not do it (${status}). Nothing typed is lost; try again in a while.`;
}

// Where a photo was being looked at: nothing turns for ever, and it can be looked at again.
function offerAgain(element) {
  element.querySelectorAll(".spinner.on").forEach((each) => {
    if (each.closest("[hx-get]") !== element) return; // a photo of this form that is still looked at
    const looking = each.parentElement;
    const again = document.createElement("button");
    again.type = "button";
    again.className = "quiet";
    again.textContent = "Look again";
    again.addEventListener("click", () => {
      again.replaceWith(looking);
      htmx.trigger(element, "again");
    });
    looking.replaceWith(again);
  });
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status < 400) return;
  const type = xhr.getResponseHeader("Content-Type") || "";
  event.detail.isError = false; // it is told to people, and not to a log
  event.detail.shouldSwap = type.startsWith("text/html");
  if (!event.detail.shouldSwap) {
    say(sentenceOf(xhr.status, type, xhr.responseText));
    offerAgain(event.detail.elt);
  }
});
document.addEventListener("htmx:sendError", (event) => {
  say("The server cannot be reached. Nothing typed is lost; try again when it is.");
  offerAgain(event.detail.elt);
});
document.addEventListener("htmx:beforeRequest", () => say(""));
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id !== "main") return;
  const main = document.getElementById("main");
  const first = main.querySelector("[data-doubt]") || main.querySelector("[role=status]");
  if (first && !first.hasAttribute("tabindex")) first.tabIndex = -1;
  (first || main).focus({ preventScroll: Boolean(first && first.matches("[data-doubt]")) });
  if (!first) window.scrollTo(0, 0);
  const heading = main.querySelector("h1");
  if (heading) document.title = `${heading.textContent} · PeKit Agents`;
});

// --- what was typed of a thing, for who comes back to it -------------------------------------------

const TYPED = "typed"; // of this tab: a browser forgets what stood in a page that is loaded anew
const fields = () => [...document.querySelectorAll("#introduction :is(#name, #category, #context):not([type=hidden])")];

document.addEventListener("input", (event) => {
  if (!fields().includes(event.target)) return;
  sessionStorage.setItem(TYPED, JSON.stringify(fields().map((each) => [each.id, each.value])));
});

function typedBefore() {
  // htmx answers Back by loading the page anew; who comes by a link begins another thing.
  const [came] = performance.getEntriesByType("navigation");
  if (!["reload", "back_forward"].includes(came.type) || document.querySelector("input[name=token]")) {
    sessionStorage.removeItem(TYPED);
    return;
  }
  for (const [id, value] of JSON.parse(sessionStorage.getItem(TYPED) || "[]")) {
    const field = fields().find((each) => each.id === id);
    if (field && !field.value) field.value = value;
  }
}
window.addEventListener("load", typedBefore);

// --- photos that are dropped, pasted or chosen ---------------------------------------------------

const TRIES = 6; // where the server is busy

const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

async function send(form, file) {
  const body = new FormData();
  body.append("photo", file, file.name);
  const strictness = document.getElementById("strictness");
  if (strictness) body.append("strictness", strictness.value);
  for (let tries = 1; ; tries += 1) {
    const answer = await fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } });
    if (![429, 503].includes(answer.status) || tries === TRIES) return answer;
    await pause(Number(answer.headers.get("Retry-After")) || 2);
  }
}

async function sendAll(form, files) {
  const progress = form.querySelector(".progress");
  const refused = form.querySelector(".refused");
  const target = document.querySelector(form.dataset.target);
  form.sending = (form.sending || Promise.resolve()).then(async () => {
    refused.replaceChildren();
    form.classList.add("sending");
    for (const [number, file] of files.entries()) {
      progress.textContent = files.length > 1 ? `Sending ${number + 1} of ${files.length} …` : "Sending …";
      let why = "";
      try {
        const answer = await send(form, file);
        const text = await answer.text();
        if (answer.ok) {
          target.insertAdjacentHTML("beforeend", text);
          htmx.process(target);
        } else {
          why = sentenceOf(answer.status, answer.headers.get("Content-Type") || "", text);
        }
      } catch {
        why = "the server cannot be reached; choose it again when it is";
      }
      if (why) {
        const line = document.createElement("li");
        line.textContent = `${file.name}: ${asSentence(why)}`;
        refused.append(line);
      }
    }
    progress.textContent = "";
    form.classList.remove("sending");
  });
  return form.sending;
}

const looksLikePhoto = (file) => file.type.startsWith("image/") || /\.(heic|heif)$/i.test(file.name);

// The files of what was dropped; of folders, however deep, those that look like photos.
async function filesIn(entry) {
  if (entry.isFile) return [await new Promise((done, failed) => entry.file(done, failed))];
  const reader = entry.createReader();
  const found = [];
  for (;;) { // a reader gives a hundred at a time
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) return found.filter(looksLikePhoto);
    for (const each of some) found.push(...await filesIn(each));
  }
}

async function dropped(transfer) {
  const files = [...transfer.files];
  // Asked at once: after the event a browser has nothing more to tell.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return files;
  return (await Promise.all(entries.map(filesIn))).flat();
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-drop]");
  if (!form || event.target.type !== "file") return;
  const files = [...event.target.files];
  event.target.value = "";
  sendAll(form, files);
});
document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-drop]")) event.preventDefault();
});
const holdsFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    const form = document.querySelector("form[data-drop]");
    if (!form || !holdsFiles(event)) return;
    event.preventDefault();
    form.classList.add("over");
  });
}
document.addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) document.querySelector("form[data-drop]")?.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  const form = document.querySelector("form[data-drop]");
  if (!form || !holdsFiles(event)) return;
  event.preventDefault();
  form.classList.remove("over");
  dropped(event.dataTransfer).then((files) => sendAll(form, files));
});
document.addEventListener("paste", (event) => {
  const form = document.querySelector("form[data-drop]");
  const files = [...(event.clipboardData?.files || [])];
  if (form && files.length) sendAll(form, files);
});

// --- keys of the review --------------------------------------------------------------------------

const isTyping = (element) => element.matches("input, select, textarea");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const cards = [...document.querySelectorAll("[data-doubt]")];
  if (!cards.length) return;
  const at = cards.indexOf(document.activeElement.closest("[data-doubt]"));
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    const next = cards[Math.min(Math.max(at + step, 0), cards.length - 1)];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  } else if (["y", "n"].includes(event.key.toLowerCase())) {
    const key = event.key.toLowerCase();
    cards[Math.max(at, 0)].querySelector(`[data-key=${key}]:not(:disabled)`)?.click();
  }
});

// --- the slider of strictness --------------------------------------------------------------------

function showStep() {
  const slider = document.querySelector("[data-steps]");
  if (!slider) return;
  document.querySelectorAll("[data-step]").forEach((each) =>
    each.classList.toggle("off", each.dataset.step !== slider.value));
  slider.setAttribute("aria-valuetext", slider.list.options[Number(slider.value)].label);
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-steps]")) showStep();
});
document.addEventListener("htmx:afterSettle", showStep);
