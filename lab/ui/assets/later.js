// A card that asks for its content anew once nothing more has been asked for a moment, and only while it can be seen.
let due = null;
window.labDue = window.labDue || {};
window.labDue[element.parentElement.closest("[id]").id] = () => {
  clearTimeout(due);
  due = setTimeout(() => { if (element.offsetParent) trigger("click", {}); }, 350);
};
