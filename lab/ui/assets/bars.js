// A histogram: drawn once, then only updated; a bar that is clicked says between what it stands.
const box = element.querySelector(".bars");
let waiting = null, listening = false;
function draw() {
  clearTimeout(waiting);
  if (!window.Plotly) { waiting = setTimeout(draw, 40); return; }
  const figure = JSON.parse(props.value || "null");
  if (!figure) return;
  const settings = {responsive: true, displayModeBar: false, showTips: false};
  local(() => window.Plotly.react(box, figure.data, figure.layout, settings));
  if (!listening) { listening = true; box.on("plotly_click", clicked); }
}
function clicked(event) {
  const [low, high] = event.points[0].customdata;
  trigger("click", {name: event.points[0].data.meta, low: low, high: high});
}
new ResizeObserver(() => { if (box.data && box.offsetWidth) window.Plotly.Plots.resize(box); }).observe(box);
watch("value", draw);
draw();
