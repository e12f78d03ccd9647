// The live chart: drawn once, then only updated, so that zoom and hidden curves stay (layout.uirevision).
const box = element.querySelector(".plot");
const buttons = [["zoom2d", "pan2d", "resetScale2d", "toImage"]];
const settings = {responsive: true, displaylogo: false, showTips: false, modeBarButtons: buttons};
let waiting = null, listening = false;
function draw() {
  clearTimeout(waiting);
  if (!window.Plotly) { waiting = setTimeout(draw, 40); return; }
  const figure = JSON.parse(props.value || "null");
  if (!figure) return;
  window.Plotly.react(box, figure.data, figure.layout, settings);
  if (!listening) { listening = true; box.on("plotly_click", clicked); }
}
// A click names the point nearest to it: the run that its curve belongs to, and its step.
function clicked(event) {
  const place = event.event.clientY - box.getBoundingClientRect().top;
  const far = (point) => Math.abs(point.yaxis.l2p(point.yaxis.d2l(point.y)) + point.yaxis._offset - place);
  const points = event.points.filter((point) => point.data.meta);
  const nearest = points.sort((one, other) => far(one) - far(other))[0];
  if (nearest) trigger("click", {run: nearest.data.meta, step: nearest.customdata[1]});
}
new ResizeObserver(() => { if (box.data && box.offsetWidth) window.Plotly.Plots.resize(box); }).observe(box);
watch("value", draw);
draw();
