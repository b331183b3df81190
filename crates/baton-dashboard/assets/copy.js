// @ts-check
// Buttons that copy the text of another element. A page over plain HTTP has no clipboard of its own, and elsewhere somebody may
// have forbidden it: then the text is selected and copied the old way.

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
  // Pressed twice, it already says "Copied".
  const { dataset } = /** @type {HTMLElement} */ (button);
  dataset.word ??= button.textContent || "";
  await copy(from.textContent || "", from);
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = dataset.word || ""; }, 1200);
});
