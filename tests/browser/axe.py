"""What axe-core finds on a page: the grave findings, as lines to read."""

from importlib.resources import files

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "iframes": False,
    "preload": False,  # all styles of our pages stand in them
}
GRAVE = ("serious", "critical")
FIND = """async ([options, part]) => {
  const where = document.querySelector(part || "html");
  const found = await axe.run(where, { ...options, resultTypes: ["violations"] });
  return found.violations.flatMap((rule) => rule.nodes.map((node) =>
    [rule.id, node.impact, node.target.join(" "), node.html.slice(0, 200), node.failureSummary || ""]));
}"""


def grave(frame, part=""):
    """Return the serious and critical findings in a page, or in the part that a selector gives."""
    frame.evaluate(AXE)
    found = frame.evaluate(FIND, [RULES, part])
    return [" | ".join(map(str, one)).replace("\n", " ") for one in found if one[1] in GRAVE]
