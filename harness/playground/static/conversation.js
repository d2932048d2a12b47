// A conversation's page: answers as they come, new turns, votes, all without a reload.
import { prepareForm } from "./ask.js";
import { element, replace, request, send } from "./request.js";

const LATER = 2000; // milliseconds until something that failed is tried again
const PATIENCE = 1500; // milliseconds without the server until it is said

const byId = (id) => document.getElementById(id);

export function openConversation(main) {
  const turns = byId("turns");
  const texts = new Map(); // answer -> newest event about its text
  const loads = new Map(); // answer -> what is loaded for it
  const fetching = new Map(); // turn -> whether it changed once more meanwhile
  const shown = new Map(); // turn -> number of the request whose answer is on the page
  let requests = 0;

  const cardOf = (answer) => turns.querySelector(`[data-answer="${Number(answer)}"]`);
  const named = (card) => card.closest(".turn").hasAttribute("data-named");

  function say(card, words) {
    const status = card.querySelector("[data-status]");
    status.textContent = words;
    status.hidden = !words;
    status.classList.add("working");
  }

  // Runs a change; if the end of the newest turn was in sight, it stays there. A turn that is
  // higher than the window is held at its beginning.
  function following(change) {
    const end = turns.lastElementChild?.getBoundingClientRect().bottom ?? 0;
    const inSight = end <= floor() + 1;
    const result = change();
    if (inSight && end > 0) turns.lastElementChild?.scrollIntoView({ block: "nearest" });
    return result;
  }

  // Text of an answer in the making; what comes late, after its end, changes nothing.
  function showText(event) {
    const card = cardOf(event.answer);
    const place = card?.querySelector('[data-text][aria-busy="true"]');
    if (!place) return;
    place.textContent = event.text;
    say(card, "answering");
  }

  function showLoading(event) {
    const card = cardOf(event.answer);
    if (!card?.querySelector('[aria-busy="true"]')) return;
    say(card, named(card) && event.what ? `loading ${event.what}` : "loading its model");
  }

  // The turn on the page, after a request for it.
  async function load(asking) {
    requests += 1;
    const number = requests;
    const html = await asking();
    return following(() => place(html, number));
  }

  // A request that began earlier than the one that was shown last changes nothing: what that one
  // may lack comes as an event.
  function place(html, number) {
    const fresh = element(html);
    const id = Number(fresh.dataset.turn);
    const old = byId(fresh.id);
    if (number < (shown.get(id) ?? 0)) return old;
    shown.set(id, number);
    if (old) {
      const busy = [...old.querySelectorAll("[aria-busy]")].map((one) => one.closest("[data-answer]").dataset.answer);
      replace(old, fresh);
      const ended = busy.map(cardOf).filter((card) => card && !card.querySelector("[aria-busy]"));
      if (ended.length) {
        byId("aloud").textContent = ended.map((card) => `${card.querySelector("h3").textContent}: answer ended`).join(". ");
      }
    } else {
      const next = [...turns.children].find((one) => Number(one.dataset.turn) > id);
      turns.insertBefore(fresh, next ?? null);
    }
    for (const card of fresh.querySelectorAll("[data-answer]")) {
      const answer = Number(card.dataset.answer);
      const [event, loading] = [texts.get(answer), loads.get(answer)];
      const busy = card.querySelector('[data-text][aria-busy="true"]');
      if (event && busy && event.text.length >= busy.textContent.length) showText(event);
      if (loading && busy) showLoading(loading);
      if (!busy) [texts, loads].forEach((one) => one.delete(answer));
    }
    return fresh;
  }

  async function refresh(id) {
    if (fetching.has(id)) {
      fetching.set(id, true);
      return;
    }
    do {
      fetching.set(id, false);
      try {
        await load(() => request(`/turns/${id}/`));
      } catch (failure) {
        if (failure.status === 404) byId(`turn-${id}`)?.remove();
        else setTimeout(refresh, LATER, id);
      }
    } while (fetching.get(id));
    fetching.delete(id);
  }

  // Title and settings; somebody who types there just now is left alone.
  async function refreshAbout() {
    let html;
    try {
      html = await request(location.pathname);
    } catch {
      setTimeout(refreshAbout, LATER);
      return;
    }
    const page = new DOMParser().parseFromString(html, "text/html");
    const [old, fresh] = [byId("about"), page.getElementById("about")];
    document.title = page.title;
    byId("asked-as").textContent = page.getElementById("asked-as").textContent;
    if (old.contains(document.activeElement) && document.activeElement.matches("input, select")) {
      byId("title").textContent = page.getElementById("title").textContent;
    } else {
      replace(old, document.adoptNode(fresh));
    }
  }

  // Votes, stop, ask again.
  turns.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-in-place]")) return;
    event.preventDefault();
    const button = form.querySelector("button");
    if (button.ariaDisabled === "true") return;
    button.ariaDisabled = "true";
    try {
      await load(() => send(form));
    } catch (failure) {
      const problem = document.createElement("p");
      problem.className = "error";
      problem.role = "alert";
      problem.textContent = failure.message;
      form.querySelector(".error")?.remove();
      form.append(problem);
      button.ariaDisabled = null;
    }
  });

  // A form that was refused is shown under its own address, which nobody can load again.
  if (location.pathname !== main.dataset.page) history.replaceState(null, "", main.dataset.page);

  const stream = listen(main, {
    text: (data) => { loads.delete(data.answer); texts.set(data.answer, data); following(() => showText(data)); },
    loading: (data) => { texts.delete(data.answer); loads.set(data.answer, data); showLoading(data); },
    turn: (data) => { refresh(Number(data.turn)); },
    conversation: refreshAbout,
    gone: () => {
      stream.close();
      byId("gone").hidden = false;
      byId("ask-send").disabled = true;
    },
    restart: () => { location.reload(); },
  });

  keepClear(document.querySelector(".composer"));
  prepareForm(main.dataset.conversation, async (form) => {
    const turn = await load(() => send(form));
    turn?.scrollIntoView({ block: "nearest" });
  });
  const last = turns.lastElementChild;
  const [visit] = performance.getEntriesByType("navigation");
  const wrong = document.querySelector("#about .error");
  if (wrong) wrong.scrollIntoView({ block: "center" });
  else if (last && !location.hash && visit?.type === "navigate") last.scrollIntoView({ block: "end" });
}

// Where the part of the window ends in which turns are seen; the question form may lie over them.
function floor() {
  const composer = document.querySelector(".composer");
  const over = getComputedStyle(composer).position === "sticky";
  return over ? Math.min(composer.getBoundingClientRect().top, innerHeight) : innerHeight;
}

// What is scrolled into view is not to end up beneath the question form.
function keepClear(composer) {
  const update = () => {
    const over = getComputedStyle(composer).position === "sticky";
    document.documentElement.style.scrollPaddingBottom = over ? `${composer.offsetHeight + 8}px` : "";
  };
  update();
  new ResizeObserver(update).observe(composer);
}

// The stream of changes: closed while nobody looks, and opened again from where it was.
function listen(main, handlers) {
  let source = null;
  let position = main.dataset.after;
  let complaint = 0;
  let retry = 0;
  let ended = false;

  function close() {
    source?.close();
    source = null;
    clearTimeout(complaint);
    clearTimeout(retry);
    complaint = 0;
  }

  function open() {
    if (source || ended || document.hidden) return;
    source = new EventSource(`${main.dataset.events}?after=${encodeURIComponent(position)}`);
    source.onopen = () => {
      clearTimeout(complaint);
      complaint = 0;
      byId("offline").hidden = true;
    };
    source.onerror = () => {
      complaint ||= setTimeout(() => { byId("offline").hidden = false; }, PATIENCE);
      if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      source = null;
      clearTimeout(retry);
      retry = setTimeout(open, LATER);
    };
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => {
        position = event.lastEventId || position;
        handle(JSON.parse(event.data));
      });
    }
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();
  return { close: () => { ended = true; close(); } };
}
