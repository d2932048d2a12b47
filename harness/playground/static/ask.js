// The form for the next question: drafts, test items, sending without a reload.
import { Failure, request } from "./request.js";

const LONG = 5000; // characters
const AFTER_TYPING = 250; // milliseconds
const byId = (id) => document.getElementById(id);

// `ask` sends the form and shows the new turn.
export function prepareForm(conversation, ask) {
  const form = byId("ask");
  const draft = draftOf(form, `playground-draft-${conversation}`);
  if (!form.hasAttribute("data-filled")) draft.restore();
  fitAll(form);

  form.addEventListener("input", (event) => {
    fit(event.target);
    unchip(form);
    draft.save();
  });
  form.addEventListener("click", (event) => {
    if (!event.target.closest("[data-unchip]")) return;
    event.preventDefault();
    unchip(form);
    draft.save();
    byId("ask-question").focus();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !event.target.matches("textarea")) return;
    const asks = event.target.id === "ask-context" ? event.ctrlKey || event.metaKey : !event.shiftKey;
    if (!asks) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = byId("ask-send");
    if (button.ariaDisabled === "true" || button.disabled) return;
    button.ariaDisabled = "true";
    complain([]);
    const sent = new Map(questions(form).map((one) => [one, one.value]));
    try {
      await ask(form);
      clear(form, sent);
      draft.save();
      byId("ask-question").focus({ preventScroll: true });
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      complain(failure.sentences);
    } finally {
      button.ariaDisabled = null;
    }
  });
  if (byId("items")) chooseItems(form, draft);
}

function complain(sentences) {
  for (const old of document.querySelectorAll("#ask-fields .error")) old.remove();
  byId("ask-errors").replaceChildren(...sentences.map((text) => {
    const line = document.createElement("p");
    line.className = "error";
    line.textContent = text;
    return line;
  }));
}

// The context stays for the next question about it; an item's other fields do not.
const questions = (form) => [...form.querySelectorAll("textarea:not(#ask-context)")];

// Take away what was sent, and leave what was typed behind it meanwhile.
function clear(form, sent) {
  unchip(form);
  for (const [field, text] of sent) {
    if (field.value.startsWith(text)) field.value = field.value.slice(text.length);
  }
  fitAll(form);
}

function unchip(form) {
  byId("ask-item").value = "";
  form.querySelector("[data-chip]").hidden = true;
}

// As high as its text, up to the limit in the style sheet; measuring a long one takes time.
function fit(field) {
  if (!field.matches("textarea")) return;
  field.style.height = field.value.length > LONG ? "100vh" : "auto";
  if (field.value.length > LONG) return;
  field.style.height = `${field.scrollHeight + 2}px`;
}

function fitAll(form) {
  form.querySelectorAll("textarea").forEach(fit);
}

// What was typed and not sent, kept by this tab over a reload.
function draftOf(form, name) {
  const fields = () => [...form.querySelectorAll("textarea, #ask-item")];
  return {
    save() {
      const values = Object.fromEntries(fields().map((one) => [one.name, one.value]));
      try {
        sessionStorage.setItem(name, JSON.stringify(values));
      } catch { /* no room, or not allowed: a draft is a comfort only */ }
    },
    restore() {
      let values;
      try {
        values = JSON.parse(sessionStorage.getItem(name) ?? "null");
      } catch { return; }
      for (const one of values ? fields() : []) one.value = values[one.name] ?? "";
      const item = byId("ask-item").value;
      const chip = form.querySelector("[data-chip]");
      chip.hidden = !item;
      chip.querySelector("bdi").textContent = item;
    },
  };
}

function chooseItems(form, draft) {
  const [box, search, found] = [byId("items"), byId("items-q"), byId("items-found")];
  const address = box.dataset.items;
  let running = null;
  let timer = 0;

  async function look() {
    running?.abort();
    running = new AbortController();
    try {
      found.innerHTML = await request(`${address}?q=${encodeURIComponent(search.value)}`, { signal: running.signal });
    } catch (failure) {
      if (failure.name !== "AbortError") found.textContent = failure.message;
    }
  }

  async function choose(id) {
    try {
      byId("ask-fields").innerHTML = await request(`${address}?item=${encodeURIComponent(id)}`);
    } catch (failure) {
      complain(failure.sentences);
      return;
    }
    complain([]);
    box.open = false;
    fitAll(form);
    draft.save();
    byId("ask-question").focus();
  }

  box.addEventListener("toggle", () => {
    if (box.open && !found.hasChildNodes()) look();
  });
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, AFTER_TYPING);
  });
  byId("items-form").addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    look();
  });
  found.addEventListener("click", (event) => {
    const link = event.target.closest("[data-item]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    choose(link.dataset.item);
  });
}
