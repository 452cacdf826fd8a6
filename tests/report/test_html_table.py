"""What is read of a stranger's HTML, and that reading it takes no time to speak of."""

from __future__ import annotations

import time

import pytest

from bmkit.course.report.html_table import LONGEST, MOST, tables

ROW = "<table><tr><td>{}</td></tr></table>"


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("a < b", "a &lt; b"),
        ("a <b> c", "a  c"),
        ("a<!-- no -->b", "ab"),
        ("a<!-- b", "a"),  # a comment without end takes the rest
        ("<a title='x>y'>link</a>", "&lt;a title=&#x27;x&gt;y&#x27;&gt;link"),
        ("&lt;script&gt;", "&lt;script&gt;"),
        ("<script>alert(1)</script>b", "b"),
        ("<style>td {}</style>b", "b"),
    ],
)
def test_words_stay_and_markup_goes(source, made):
    found = tables(ROW.format(source))
    assert found.replace("</tr>", "") == ROW.format(made).replace("</tr>", "")


def test_a_table_as_pandas_writes_one_stays_as_it_is():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2], "<b>": ["x & y", "<i>z</i>"]})
    found = tables(frame._repr_html_())
    for word in (
        "<th>a</th>",
        "<th>&lt;b&gt;</th>",
        "x &amp; y",
        "&lt;i&gt;z&lt;/i&gt;",
    ):
        assert word in found


ENDLESS = ("<", "</", "<!", "<?", "<!--", "<table a='", '<td a="', "<![CDATA[", "&#")


@pytest.mark.parametrize("sign", [*ENDLESS, "<table>", "<tr><td>", "<div>", "<style>"])
def test_reading_takes_time_as_the_length(sign):
    """html.parser looks for the end of each sign through all the rest."""
    source = ROW.format("x") + sign * ((LONGEST - 100) // len(sign))
    before = time.process_time()
    tables(source)
    assert time.process_time() - before < 2


def test_there_is_a_most():
    assert tables(ROW.format("<td>a" * (MOST - 1)))
    assert not tables(ROW.format("<td>a" * MOST))
    assert not tables(ROW.format("a" * LONGEST))
