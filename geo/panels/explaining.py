"""A number explained: a button beside it, and a dialog with its terms as a tree, as text and as a table."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from geo.comparison import REGION, Pair
from geo.downloads import to_csv
from geo.explaining import WAYS, explain_breach, explain_standing, table_of_term
from geo.measures import MEASURES
from geo.model.terms import FACTS
from geo.panels import sure
from geo.panels.problems import shown
from geo.panels.questions import (
    Question,
    asked_about,
    of_asked,
    of_place,
    of_row,
    of_sentence,
    of_several,
    row_name,
)
from geo.panels.text import plain
from geo.people import PEOPLE
from geo.report.markup import tag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from geo.comparison import Place
    from geo.comparison import Row as Indicator
    from geo.explaining import Asked
    from geo.limits import Breach, Budget, Standing
    from geo.measures import Effect
    from geo.model.terms import Term
    from geo.outcome import Outcome
    from geo.panels.mapview import MapEvent
    from geo.panels.questions import Views
    from geo.panels.text import Voice
    from geo.region import Region
    from geo.report.markup import Markup
    from geo.several import Several, SeveralRow


__all__ = [
    "ask",
    "draw",
    "offer",
    "offer_asked",
    "offer_breach",
    "offer_counts",
    "offer_effect",
    "offer_rows",
    "offer_several",
    "offer_standings",
    "on_map",
    "show_place",
]

_OPEN_TO = 1  # levels of a tree that are open at first
_STYLE = """
<style>
.jjj-tree, .jjj-tree ul { list-style: none; margin: 0; padding: 0; }
.jjj-tree ul { padding-left: 1.1rem; border-left: 1px solid #d5dade; margin-left: 0.3rem; }
.jjj-tree li { margin: 0.12rem 0; font-size: 0.9rem; line-height: 1.35; overflow-wrap: anywhere; }
.jjj-tree summary { cursor: pointer; padding: 0.1rem 0; }
.jjj-tree summary:focus-visible { outline: 2px solid #1f5f99; outline-offset: 1px; }
.jjj-tree .leaf { padding-left: 1.05rem; }
.jjj-tree small { color: #55626a; font-size: 0.8rem; }
[data-testid="stDialog"] [data-testid="stCaptionContainer"] { color: #55626a; opacity: 1; }
.jjj-tree em { font-style: normal; color: #55626a; }
</style>
"""


# Buttons --------------------------------------------------------------------------------------------


def offer(voice: Voice, label: str, questions: Callable[[], Sequence[Question]], *, key: str) -> None:
    """Draw a button that opens the explanation of some numbers."""
    if st.button(label, key=f"explain_{key}", icon=":material/help:", type="tertiary"):
        ask(voice, {"": questions}, key=key)


def offer_effect(voice: Voice, region: Region, outcome: Outcome, effect: Effect, number: int) -> None:
    """Draw the button of one of the main effects: every number that its sentence says."""
    if effect.numbers:
        label = voice("explain.panel.sentence", n=number)
        made = partial(of_sentence, voice, region, outcome, effect.numbers)
        offer(voice, label, made, key=f"effect_{number}")


def offer_breach(
    voice: Voice, region: Region, outcome: Outcome, breach: Breach, budget: Budget | None
) -> None:
    """Draw the button of a limit: the number that was reached."""
    label = voice("explain.panel.limit", rule=breach.name(voice.language, region))
    name = f"{breach.rule}_{breach.institution}"
    question = Question("", "", partial(explain_breach, breach, outcome, region, budget))
    offer(voice, label, lambda: [question], key=f"limit_{name}")


def offer_standings(voice: Voice, region: Region, outcome: Outcome, found: Iterable[Standing]) -> None:
    """Draw the button of the table of all limits; in the dialog one is chosen."""

    def asked() -> dict[str, Callable[[], Sequence[Question]]]:
        made: dict[str, Callable[[], Sequence[Question]]] = {}
        for one in found:
            question = Question("", "", partial(explain_standing, one, outcome, region))
            made[f"{one.name(voice.language)} · {one.year}"] = partial(list, [question])
        return made

    _offer_table(voice, asked, "limits")


def offer_counts(
    voice: Voice, counts: Callable[[], tuple[int, Mapping[str, Term]]], *, pause: Callable[[], None]
) -> None:
    """Draw the button of the counts of a timeline.

    Parameters
    ----------
    counts
        Returns the year, and what is counted by state, once they are asked for.
    pause
        Called first, so that the years stand still.
    """
    label = voice("explain.panel.of.counts")
    if not st.button(label, key="explain_counts", icon=":material/help:", on_click=pause):
        return
    year, found = counts()
    questions = [
        Question(
            voice("explain.panel.state", state=voice(f"timeline.state.{state}"), year=year), "", _of(tree)
        )
        for state, tree in found.items()
    ]
    ask(voice, {"": lambda: questions}, key="counts")


def _of(tree: Term) -> Callable[[], Views]:
    return lambda: {"terms": tree}


def offer_rows(
    voice: Voice, two: Pair, rows: Callable[[], Iterable[Indicator]], *, measure: str = "", what: str = "rows"
) -> None:
    """Draw the button of a table or chart of two scenarios; in the dialog a row of it is chosen.

    Parameters
    ----------
    rows
        Makes the rows once they are asked for.
    measure
        The one whose row comes first.
    what
        Name of the button in the words (``explain.panel.of``), and of its parts.
    """

    def asked() -> dict[str, Callable[[], Sequence[Question]]]:
        first = sorted(rows(), key=lambda row: row.measure != measure)
        return {row_name(voice, row.measure, row.place): partial(of_row, voice, two, row) for row in first}

    _offer_table(voice, asked, what)


def offer_several(
    voice: Voice, found: Several, rows: Sequence[SeveralRow], measure: str, reference: int
) -> None:
    """Draw the button of the table of all scenarios: each number, and its difference to the reference."""

    def asked() -> dict[str, Callable[[], Sequence[Question]]]:
        first = sorted(rows, key=lambda row: row.measure.id != measure)
        return {
            row_name(voice, row.measure.id, row.place): partial(of_several, voice, found, row, reference)
            for row in first
        }

    _offer_table(voice, asked, "several")


def offer_asked(
    voice: Voice, two: Pair, year: int, questions: Callable[[], Iterable[Asked]], *, what: str
) -> None:
    """Draw the button of a table or chart of other numbers than measures; one is chosen in the dialog.

    Parameters
    ----------
    year
        Of the numbers.
    questions
        Makes what can be asked, once it is asked for.
    what
        Name of the button in the words (``explain.panel.of``), and of its parts.
    """

    def asked() -> dict[str, Callable[[], Sequence[Question]]]:
        return {one.name: partial(of_asked, voice, two, year, one) for one in questions()}

    _offer_table(voice, asked, what)


def _offer_table(
    voice: Voice, asked: Callable[[], Mapping[str, Callable[[], Sequence[Question]]]], what: str
) -> None:
    if st.button(voice(f"explain.panel.of.{what}"), key=f"explain_{what}", icon=":material/help:"):
        ask(voice, asked(), key=what)


def on_map(voice: Voice, region: Region, runs: Sequence[Outcome], event: MapEvent) -> None:
    """Open the explanation of the number that a reader asked about on the map."""
    made = asked_about(voice, region, runs, event)
    if made is None:  # what was asked about has gone since
        st.toast(voice("explain.panel.gone"))
        return
    ask(voice, made, key="map")


# The dialog -----------------------------------------------------------------------------------------


def ask(voice: Voice, asked: Mapping[str, Callable[[], Sequence[Question]]], *, key: str) -> None:
    """Open a dialog that explains numbers; Escape closes it.

    Parameters
    ----------
    asked
        What makes the questions, by the name of their group; of several groups one is chosen first.
    key
        Name of the dialog's parts.
    """

    @st.dialog(voice("explain.panel.title"), width="large", on_dismiss=sure.dialog_closed)
    def box() -> None:
        with shown(voice):
            names = list(asked)
            name = names[0]
            if len(names) > 1:
                name = st.selectbox(voice("explain.panel.row"), names, key=f"explained_{key}_group")
            elif name:
                st.markdown(f"**{plain(name)}**")
            _answer(voice, asked[name](), key=f"explained_{key}_{names.index(name)}")

    sure.dialog_opened()
    box()


def _answer(voice: Voice, questions: Sequence[Question], *, key: str) -> None:
    """Draw the chosen question's answer, and that of a county in it."""
    at = 0
    if len(questions) > 1:
        labels = [question.label for question in questions]
        at = st.selectbox(
            voice("explain.panel.which"),
            range(len(labels)),
            format_func=labels.__getitem__,
            key=f"{key}_which",
        )
    question = questions[at]
    key = f"{key}_{at}"
    tree = _way(voice, question.views(), key=key)
    draw(voice, tree, question.measure, key=key)
    codes = dict.fromkeys(term.code for _, term in tree.walk() if term.code)
    if question.into is None or not codes:
        return
    names = {term.code: term.label[voice.language == "zh"] for _, term in tree.walk() if term.code}
    code = st.selectbox(
        voice("explain.panel.into"),
        ["", *codes],
        format_func=lambda one: names.get(one, voice("explain.panel.into_none")),
        key=f"{key}_into",
    )
    if code:
        inner = _way(voice, question.into(code), key=f"{key}_{code}")
        draw(voice, inner, inner.key if inner.key in MEASURES else question.measure, key=f"{key}_{code}")


def _way(voice: Voice, views: Views, *, key: str) -> Term:
    """Return the tree that the reader asks for: taken apart by terms or by counties."""
    ways = [way for way in WAYS if way in views]
    way = ways[0]
    if len(ways) > 1:
        way = st.radio(
            voice("explain.panel.way"),
            ways,
            format_func=lambda one: voice(f"explain.panel.way_{one}"),
            horizontal=True,
            key=f"{key}_way",
        )
    return views[way]


def show_place(
    voice: Voice, region: Region, outcome: Outcome, measure: str, place: Place, *, year: int, key: str
) -> None:
    """Draw the explanation of a number of a place where it stands, without a dialog."""
    found = measure in outcome.values or (place.id == REGION and measure in outcome.regional)
    if found:
        question = of_place(region, outcome, measure, place, year=year, label="")
        _answer(voice, [question], key=key)


def draw(voice: Voice, term: Term, measure: str, *, key: str) -> None:
    """Draw an explanation: the number, its formula, unit, status and source; the tree; text and table.

    Parameters
    ----------
    measure
        The measure whose unit, status and source it has; empty for none.
    key
        Name of its parts, different from those of others on the page.
    """
    head = term.line(voice.language)
    beside = f"  \n{plain(head.compared)}" if head.compared else ""
    st.markdown(f"**{plain(head.name)} = {plain(head.text)} {plain(head.unit)}**{beside}")
    notes = [voice("explain.panel.formula", formula=head.formula)] if head.formula else []
    if measure:
        one = MEASURES.get(measure) or PEOPLE[measure]
        values = {"unit": head.unit, "status": voice(f"status.{one.status}")}
        notes.append(voice("explain.panel.about", **values, source=one.source_text(voice.language)))
    st.caption("  \n".join(notes))
    if term.parts:
        st.html(_STYLE)
        st.html(str(tag("ul", _branch(term, voice.language, 0), class_="jjj-tree")))
        st.caption(voice(f"explain.panel.hint_{term.sides.words}" if term.sides else "explain.panel.hint"))
    _take(voice, term, key)


def _take(voice: Voice, term: Term, key: str) -> None:
    """Draw what can be taken along: text to copy, and a table."""
    with st.container(horizontal=True, gap="small"):
        with st.popover(voice("explain.panel.text"), key=f"{key}_text"):
            # a code block shows text letter by letter and may be copied
            st.code(term.text(voice.language), language=None, wrap_lines=True)
        # made when it is asked for: one that lies ready is gone from the server when the page is drawn again
        st.download_button(
            voice("explain.panel.csv"),
            lambda: to_csv(table_of_term(term, voice.language)),
            f"jingjinji-{term.key}.csv",
            "text/csv",
            on_click="ignore",
            key=f"{key}_csv",
        )


def _branch(term: Term, language: str, depth: int) -> Markup:
    """Return a term as an item of a list, its parts folded into it; every text is escaped."""
    line = term.line(language)
    sides = f" ({line.compared})" if line.compared else ""
    how = "" if not term.parts or term.how == FACTS else f" {line.how}"
    source = f" {line.source} · {line.status}" if line.source else ""
    head = (
        line.name, " = ", tag("b", f"{line.text} {line.unit}"), sides,
        *((tag("em", how),) if how else ()), *((tag("small", source),) if source else ()),
    )  # fmt: skip
    if not term.parts:
        return tag("li", tag("div", *head, class_="leaf"))
    parts = tag("ul", *(_branch(part, language, depth + 1) for part in term.parts))
    opened = "open" if depth < _OPEN_TO else None
    return tag("li", tag("details", tag("summary", *head), parts, open=opened))
