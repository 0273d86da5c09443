// Says when the server is gone, tries to reach it, and says when it is back.

import { api } from "./api.js";
import { $ } from "./dom.js";
import { note } from "./messages.js";

const LOOK_EVERY = 1500; // ms
let looking = false;

window.addEventListener("server-away", () => {
  if (looking) return;
  looking = true;
  $("banner").textContent = "The studio's server does not answer. Your work is still here; waiting for the server.";
  $("banner").hidden = false;
  setTimeout(look, LOOK_EVERY);
});

async function look() {
  try {
    await api.health();
  } catch {
    setTimeout(look, LOOK_EVERY);
    return;
  }
  looking = false;
  $("banner").hidden = true;
  note("Reconnected to the server.");
  window.dispatchEvent(new Event("server-back"));
}
