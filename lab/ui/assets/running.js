// A card that says that something is at work counts its seconds, and the button that began it waits: it keeps the focus,
// which a disabled one would lose.
let counting = null;
function show() {
  clearInterval(counting);
  const count = element.querySelector("[data-running]");
  document.getElementById(element.querySelector("[data-button]").dataset.button)
    ?.setAttribute("aria-disabled", String(Boolean(count)));
  if (!count) return;
  const began = performance.now();
  counting = setInterval(() => { count.textContent = Math.floor((performance.now() - began) / 1000) + " s"; }, 200);
}
watch("value", show);
