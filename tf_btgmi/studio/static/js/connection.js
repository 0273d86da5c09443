// Says when the server is gone, tries to reach it, and says when it is back.

import { api } from "./api.js";
import { $ } from "./dom.js";
import { note } from "./messages.js";

const LOOK_EVERY = 1500; // ms
let looking = null;

window.addEventListener("server-away", () => {
  if (looking) return;
  $("banner").textContent = "The studio's server does not answer. Your work is still here; trying again.";
  $("banner").hidden = false;
  looking = setInterval(async () => {
    try {
      await api.health();
    } catch {
      return;
    }
    clearInterval(looking);
    looking = null;
    $("banner").hidden = true;
    note("Reconnected to the server.");
    window.dispatchEvent(new Event("server-back"));
  }, LOOK_EVERY);
});
