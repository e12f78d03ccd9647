// A slider over stages that are all there already: nothing is asked for while it moves, and nothing jumps.
function show(slider) {
  const stages = element.querySelectorAll("[data-stage]");
  stages.forEach((stage, place) => stage.toggleAttribute("data-shown", place === Number(slider.value)));
  const said = stages[slider.value].dataset.stage;
  slider.setAttribute("aria-valuetext", "step " + said);
  element.querySelector("[data-said]").textContent = said;
  return Number(said);
}
element.addEventListener("input", (event) => { if (event.target.matches("[data-scrub]")) show(event.target); });
element.addEventListener("change", (event) => {
  if (event.target.matches("[data-scrub]")) trigger("click", {step: show(event.target)});
});
