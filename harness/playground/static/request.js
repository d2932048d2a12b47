// Requests of the page itself, and what to tell a person when they fail.
const FAILED = {
  403: "This page was too old. Reload it: what you typed is kept.",
  404: "This is not there any more. Reload the page.",
  413: "This is too long to be sent. Shorten it, and ask again.",
  429: "Too much at once. Wait a little, and try again.",
};
const SILENT = "The playground does not answer. Is it still running? What you typed is kept.";

export class Failure extends Error {
  constructor(status, sentences) {
    super(sentences.join(" "));
    this.status = status;
    this.sentences = sentences;
  }
}

// The answer's text; throws a Failure with sentences for a person.
export async function request(address, options = {}) {
  let response;
  let text;
  try {
    response = await fetch(address, { ...options, headers: { "X-Requested-With": "fetch" } });
    text = await response.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(0, [SILENT]);
  }
  if (response.ok) return text;
  let sentences = [FAILED[response.status] ?? "The playground made a mistake. Its terminal says what happened."];
  try {
    const told = JSON.parse(text).errors;
    if (Array.isArray(told) && told.length) sentences = told;
  } catch { /* a page, not a list of errors */ }
  throw new Failure(response.status, sentences);
}

export const send = (form) =>
  request(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });

// Markup of our own server, in which everything foreign is escaped, as an element.
export function element(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  return holder.content.firstElementChild;
}

// Put a newer version in the place of an element: what was unfolded stays so, and focus stays near.
export function replace(old, fresh) {
  for (const one of old.querySelectorAll("details[open][id]")) {
    const same = fresh.querySelector(`#${one.id}`);
    if (same) same.open = true;
  }
  const scrolled = [...old.querySelectorAll("details[open] .passage")].map((one) => one.scrollTop);
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const section = focused?.closest(".answer");
  const places = [focused?.id, section?.getAttribute("aria-labelledby"), fresh.getAttribute("aria-labelledby")];
  const index = focused?.matches("summary") ? focused.parentElement.id : "";
  old.replaceWith(fresh);
  [...fresh.querySelectorAll("details[open] .passage")].forEach((one, i) => { one.scrollTop = scrolled[i] ?? 0; });
  if (!focused) return;
  const target = index ? document.querySelector(`#${index} > summary`) : null;
  const near = target ?? places.filter(Boolean).map((id) => document.getElementById(id)).find(Boolean);
  near?.focus({ preventScroll: true });
}
