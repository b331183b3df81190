// @ts-check
// Buttons that copy the text of another element. A page over plain HTTP has no clipboard of its own, and elsewhere somebody may
// have forbidden it: then the text is selected and copied the old way.

import { make } from "./trust.js";

// Told to those who do not see the button.
const said = make("div", { class: "unseen", role: "status" });
document.body.append(said);

/** @param {string} text @param {Element} from */
async function copy(text, from) {
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return;
    }
  } catch {
    // It may not; the old way asks nobody.
  }
  const selection = getSelection();
  selection?.selectAllChildren(from);
  document.execCommand("copy");
  selection?.removeAllRanges();
}

document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element ? event.target.closest("button[data-copy]") : null;
  const from = button && document.getElementById(button.getAttribute("data-copy") || "");
  if (!button || !from) return;
  await copy(from.textContent || "", from);
  // Pressed twice, it already says so.
  if (button.textContent === "Copied") return;
  const words = [...button.childNodes];
  button.textContent = said.textContent = "Copied";
  setTimeout(() => { button.replaceChildren(...words); said.textContent = ""; }, 1200);
});
