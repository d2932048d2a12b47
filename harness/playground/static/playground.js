// What the pages do beyond plain forms and links; every page works without it.
import { openConversation } from "./conversation.js";

const MINUTES = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" };

// Times in the reader's own zone.
function localTimes() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    time.textContent = new Date(time.dateTime).toLocaleString(undefined, MINUTES);
  }
}

// The arms whose name, ablation or details have all words; chosen ones stay in sight.
function filterArms(box) {
  const input = box.querySelector("input");
  const status = document.querySelector("[data-filter-status]");
  const groups = [...document.querySelectorAll("fieldset.arms")];
  box.hidden = false;
  const update = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const group of groups) {
      const title = `${group.querySelector("legend").textContent} ${group.querySelector(".common")?.textContent}`;
      let some = false;
      for (const arm of group.querySelectorAll(".arm")) {
        const text = `${title} ${arm.textContent}`.toLowerCase();
        const there = words.every((word) => text.includes(word)) || arm.querySelector("input").checked;
        arm.hidden = !there;
        some ||= there;
        shown += there;
      }
      group.hidden = !some;
    }
    status.textContent = `${shown} arms shown`;
  };
  input.addEventListener("input", update);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // it would begin the conversation
  });
  update();
}

// How many arms are chosen, beside the button that begins.
function countArms(place) {
  const form = place.closest("form");
  const update = () => {
    const chosen = form.querySelectorAll(".arms input:checked").length;
    place.textContent = chosen ? `${chosen} ${chosen === 1 ? "arm" : "arms"} chosen` : "no arm chosen yet";
  };
  form.addEventListener("change", update);
  addEventListener("pageshow", update); // with what the browser filled in again
  update();
}

localTimes();
const count = document.querySelector("[data-chosen]");
if (count) countArms(count);
const box = document.querySelector("[data-filter]");
if (box) filterArms(box);
const main = document.querySelector("main[data-conversation]");
if (main) openConversation(main);
