"""Feedback tells the learner everything, and nothing of a hostile notebook acts."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from html5lib import HTMLParser

from bmkit import atomic
from bmkit.course.grade import feedback
from bmkit.course.grade.result import Mark, Verdict
from bmkit.course.report import mathml, notebook_view, sanitize
from bmkit.course.report.notebook_view import HANDED_IN
from tests import ROOT

# Each sets window.pwned, opens a dialog or loads something, where a page lets it.
ACT = "window.pwned=1"
FAR = "http://evil.invalid/x"
PAYLOADS = {
    "script": f"<script>{ACT}</script>",
    "script, loaded": f"<script src={FAR}></script>",
    "script, odd case": f"<ScRiPt >{ACT}</sCrIpT >",
    "script in a script": f"<scr<script>ipt>{ACT}</scr</script>ipt>",
    "script, unclosed": f"<script>{ACT}//",
    "module": f'<script type=module>import "{FAR}"</script>',
    "img onerror": f"<img src=x onerror={ACT}>",
    "img, slashes": f"<img/src=x/onerror={ACT}//",
    "img": f'<img src="{FAR}.png">',
    "img srcset": f'<img srcset="{FAR} 1x">',
    "picture": f"<picture><source srcset={FAR}><img></picture>",
    "svg onload": f"<svg onload={ACT}>",
    "svg script": f"<svg><script>{ACT}</script></svg>",
    "svg animate": "<svg><a><animate attributeName=href values=javascript:alert(1) />"
    "<text y=9>x</text></a></svg>",
    "svg use": f'<svg><use href="{FAR}#x"/></svg>',
    "svg image": f'<svg><image href="{FAR}"/></svg>',
    "foreignObject": f"<svg><foreignObject><img src=x onerror={ACT}></foreignObject>",
    "math xlink": f'<math><mi xlink:href="javascript:{ACT}">x</mi></math>',
    "math mXSS": "<math><mtext><table><mglyph><style><!--</style>"
    f'<img title="--&gt;&lt;img src=1 onerror={ACT}&gt;">',
    "noscript mXSS": f'<noscript><p title="</noscript><img src=x onerror={ACT}>">',
    "template mXSS": f"<template><s><template><s><img src=x onerror={ACT}>@shafigullin",
    "title mXSS": f'<svg></p><title><a id="</title><img src=x onerror={ACT}>">',
    "textarea": f"</textarea><textarea><img src=x onerror={ACT}></textarea>",
    "plaintext": "<plaintext>",
    "xmp": f"<xmp></xmp><script>{ACT}</script>",
    "comment": f"<!--><script>{ACT}</script>-->",
    "comment, odd end": f"<!-- --!><img src=x onerror={ACT}> -->",
    "conditional": f"<!--[if gte IE 4]><script>{ACT}</script><![endif]-->",
    "CDATA": f"<![CDATA[<script>{ACT}</script>]]>",
    "processing": f"<?xml-stylesheet href='javascript:{ACT}'?>",
    "doctype": '<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]>&y;',
    "style": f"<style>body{{background:url({FAR})}}</style>",
    "style import": f'<style>@import "{FAR}.css";</style>',
    "style attribute": f'<p style="background:url({FAR});position:fixed">x</p>',
    "style end": f"</style><script>{ACT}</script>",
    "link": f'<link rel=stylesheet href="{FAR}.css">',
    "prefetch": f'<link rel="dns-prefetch preconnect prefetch" href="{FAR}">',
    "base": '<base href="http://evil.invalid/">',
    "refresh": f'<meta http-equiv=refresh content="0;url={FAR}">',
    "policy": "<meta http-equiv=Content-Security-Policy content=''>",
    "iframe": f'<iframe src="{FAR}"></iframe>',
    "srcdoc": f'<iframe srcdoc="&lt;script&gt;parent.{ACT}&lt;/script&gt;"></iframe>',
    "object": f'<object data="{FAR}"></object>',
    "embed": f'<embed src="data:text/html,<script>{ACT}</script>">',
    "form": f'<form action="{FAR}"><input autofocus onfocus={ACT}><button>ok</form>',
    "formaction": f"<button formaction=javascript:{ACT}>ok</button>",
    "isindex": f"<isindex type=image src={FAR} onerror={ACT}>",
    "video": f'<video src="{FAR}" poster="{FAR}" onerror={ACT} autoplay></video>',
    "audio": f"<audio src={FAR} onloadstart={ACT}>",
    "details": f"<details open ontoggle={ACT}><summary>x</summary></details>",
    "marquee": f"<marquee onstart={ACT}>x</marquee>",
    "body": f"<body onload={ACT} background={FAR}>",
    "clobber": "<a id=cell-1 name=title><form id=body><input name=parentNode></form>",
    "quote": f'"><script>{ACT}</script>',
    "apostrophe": f"' onmouseover='{ACT}' x='",
    "backtick": f"` onmouseover=`{ACT}",
    "closing": f"</pre></section></main></body></html><script>{ACT}</script>",
    "null byte": f"<scr\x00ipt>{ACT}</scr\x00ipt><\x00script>{ACT}</script>",
    "controls": f"<img\x0bsrc=x\x0conerror={ACT}>\x1b[31m<b onclick={ACT}>\x1b[0m",
    "ANSI": f"\x1b]8;;javascript:{ACT}\x07click\x1b]8;;\x07\x9b31m\x1b<script>x",
    "bidi": "\u202e<script>\u2066 tricky \u2069",
    "surrogate": f"\ud83d<script>{ACT}</script>\udc00",
    "entities": f"&lt;script&gt;{ACT}&lt;/script&gt; &#60;script&#62;{ACT}",
    "no semicolon": f"&#x3cscript&#x3e{ACT}&#x3c/script&#x3e",
    "UTF-7": f"+ADw-script+AD4-{ACT}+ADw-/script+AD4-",
    "full width": f"＜script＞{ACT}＜/script＞",
    "template syntax": "{{ 7*7 }}{% for x in cells %}{{ x|safe }}{% endfor %}${7*7}",
    "format": "%(x)s {0.__class__} {verdict.key}",
    "a javascript": f'<a href="javascript:{ACT}">x</a><a href=" JAVASCRIPT:1">x</a>',
    "a entities": f"<a href='&#106;ava&Tab;script&colon;{ACT}'>x</a>",
    "a tab": f"<a href='java\tscript:{ACT}'>x</a><a href='\x01javascript:{ACT}'>x</a>",
    "a data": "<a href='data:text/html,<script>1</script>'>x</a>",
    "a relative": "<a href=../x.html>x</a><a href=//evil.invalid>x</a><a href=#cell-1>",
    "a more": f'<a href="{FAR}" ping="{FAR}" target=_blank download onclick=1>x</a>',
    "md javascript": f"[x](javascript:{ACT}) [x](JaVaScRiPt:{ACT})",
    "md entities": f"[x](&#106;avascript:{ACT}) [x](javascript&colon;{ACT})",
    "md tab": f"[x](java\tscript:{ACT}) [x](<java\nscript:1>) [x](&#1;javascript:1)",
    "md vbscript": "[x](vbscript:msgbox) [x](file:///etc/passwd) [x](//evil.invalid)",
    "md percent": f"[x](%6aavascript:{ACT}) [x](javascript%3a{ACT})",
    "md data": "[x](data:text/html;base64,PHNjcmlwdD4=) [x](data:image/svg+xml,<svg>)",
    "md relative": "[x](../other/other.html) [x](#cell-1) [x](/etc/passwd)",
    "md autolink": f"<javascript:{ACT}> <http://evil.invalid/onerror={ACT}>",
    "md quote": f'[x](http://evil.invalid/"onmouseover={ACT}) [x](http://a"b)',
    "md title": f'[x](http://evil.invalid "\\" onmouseover={ACT}")',
    "md reference": f'[x]\n\n[x]: javascript:{ACT} "t"\n',
    "md image": f"![x]({FAR}.png) ![x](javascript:{ACT}) ![<b>]({FAR})",
    "md image alt": f'![x" onerror="{ACT}](x.png "y\' onload=\'{ACT}")',
    "md fence": f'```"><script>{ACT}</script>\ncode\n```',
    "md fence name": f'```python" onclick="{ACT}\n</code></pre><script>1\n```',
    "md table": f"|a|b|\n|:-|-:|\n|<img src=x onerror={ACT}>|`<script>`|",
    "md maths": f"$$</div><script>{ACT}</script>$$ and $\\href{{javascript:1}}{{x}}$",
    "md maths inline": f"so $<img src=x onerror={ACT}>$ and $a</span><script>{ACT}$",
    "md bare tags": f"</details></summary><b onclick={ACT}><b\t/onclick=1>x</b\n>",
    "md broken tag": f'<b <script>{ACT}</script> title="<details>">',
    "md footnote": f"[^1]\n\n[^1]: <script>{ACT}</script>",
}
WORD = "readable7"  # must be seen beside every payload, or the page proves nothing


def cell(kind: str, source: Any, outputs: list[Any] | None = None, **more: Any) -> Any:
    made = {"cell_type": kind, "source": source, "metadata": {}, **more}
    return {**made, "outputs": outputs or []} if kind == "code" else made


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def shown(*bundle: dict[str, Any], **data: Any) -> dict[str, Any]:
    every = {key: value for part in bundle for key, value in part.items()}
    return {"output_type": "display_data", "data": {**every, **data}, "metadata": {}}


def verdict(*cells: Any, lang: str = "en", **more: Any) -> Verdict:
    book = {"cells": list(cells), "metadata": {"bmkit": more.pop("about", {})}}
    more.setdefault("notebook", json.dumps(book))
    return Verdict("ann", "adding", lang, **more)


def png(width: int = 2, height: int = 2) -> str:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * 2) * 2)
    raw = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows)
    return base64.b64encode(raw + chunk(b"IEND", b"")).decode()


def jpeg(width: int, height: int) -> str:
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    raw = b"\xff\xd8\xff\xe0" + struct.pack(">H", 4) + b"JF"
    raw += b"\xff\xc0" + struct.pack(">H", 2 + len(frame)) + frame
    return base64.b64encode(raw).decode()


def hostile(text: str) -> Verdict:
    """A verdict with ``text`` wherever a student's text can stand."""
    markup = "text/html image/svg+xml application/javascript text/latex text/markdown"
    rich = dict.fromkeys(markup.split(), text)
    alone = [shown({kind: text}) for kind in rich]
    named = {"tags": [text], "name": text, text: text, "nbgrader": {"grade_id": text}}
    checked = {"nbgrader": {"grade_id": f"check-{text}", "grade": True}}
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": text}}
    vega = {"application/vnd.vegalite.v5+json": {"$schema": text}}
    alt = {"output_type": "display_data", "data": {"image/png": png()}}
    outputs = [
        *alone,
        shown(rich, **{"text/plain": text}),
        shown({"image/png": text}),
        shown({"image/jpeg": text, "image/png": [text]}),
        {**alt, "metadata": {"image/png": {"alt": text, "width": text}}},
        shown({text: text}),
        shown(widget),
        shown(vega),
        stream(text),
        stream(f"{text}\rbar {text}\n", "stderr"),
        {"output_type": "error", "ename": text, "evalue": text, "traceback": []},
        {"output_type": "error", "traceback": [f"\x1b[0;31m{text}\x1b[0m", text]},
        {"output_type": text, "name": text},
    ]
    cells = [
        cell("markdown", f"{text}\n\n{WORD}", id=text, metadata=named),
        cell("markdown", f"> - a {text}\n>   {text}\n\n# {text}\n\n*{text}*"),
        cell("markdown", text, attachments={text: {"image/svg+xml": text}}),
        cell("raw", text, metadata={"format": "text/html"}),
        cell(text, text),
        cell("code", f"{WORD} = 1\n{text}\n'''{text}'''\nf'{text}'", outputs, id=text),
        cell("code", f'x = "{text}"  # {text}', metadata=checked),
    ]
    marks = [Mark(text, 0, 2, message=text, hint=text, mistake=text)]
    made = verdict(*cells, marks=marks, remarks=[text], person=[text])
    book = json.loads(made.notebook)
    book["metadata"] = {
        "title": text,
        "bmkit": {"title": text},
        "kernelspec": {"language": text},
    }
    made.notebook = json.dumps(book)
    made.student, made.slug = text, text
    return made


CLASSES = re.compile(r"[a-z]{1,3}[0-9a-z]?|tex|facts dim|card( person)?|marks|said")
MORE_CLASSES = re.compile(
    r"dim( said| hint)?|label dim|code|note|prose|table|verdict said( fail)?"
    r"|out (out|err|error)"
)
LINKS = re.compile(r"https?://[^\s<>\"'`]+|mailto:[^\s<>\"'`]+|#cell-\d+")
PICTURES = re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/]+=*")
PROSE = {*sanitize.TAGS, "caption"}
MATH = "{http://www.w3.org/1998/Math/MathML}"
OURS = {"html", "head", "body", "header", "main", "section", "title", "style"}
OURS |= {"meter", "figure", "img", "bdi"}
META = {
    (("charset", "utf-8"),),
    (("content", "off"), ("http-equiv", "x-dns-prefetch-control")),
    (("content", "no-referrer"), ("name", "referrer")),
    (("content", "width=device-width, initial-scale=1"), ("name", "viewport")),
}


def unsafe(text: str) -> Iterator[str]:
    """Everything in a page that is not known to be harmless."""
    for scripting in (False, True):  # <noscript> reads differently
        tree = HTMLParser(namespaceHTMLElements=False).parse(text, scripting=scripting)
        for node in tree.iter():
            if not isinstance(node.tag, str):
                yield f"a comment: {node.text}"
            elif node.tag == "meta":
                about = tuple(sorted(node.attrib.items()))
                policy = node.get("http-equiv") == "Content-Security-Policy"
                if about not in META and not (policy and node.get("content")):
                    yield f"meta {about}"
            elif node.tag.startswith(MATH):
                yield from _unsafe_formula(node)
            elif node.tag not in PROSE | OURS:
                yield f"<{node.tag}>"
            else:
                yield from _unsafe_attributes(node)
        styles = tree.findall(".//style")
        if len(styles) != 1 or "body {" not in (styles[0].text or ""):
            yield f"{len(styles)} styles"
        if len(tree.findall(".//meta")) != 5 or len(tree.findall(".//title")) != 1:
            yield "a head that is not ours"


def _unsafe_formula(node: Any) -> Iterator[str]:
    """Elements and attributes of a formula that are not those of `mathml`."""
    if node.tag.removeprefix(MATH) not in mathml.TAGS:
        yield f"<{node.tag}>"
    for name, value in node.attrib.items():
        if not re.fullmatch(r"[a-z-]{1,20}|-?[\d.]{1,9}(em|ex|px|pt|%)?", value):
            yield f"<{node.tag} {name}={value!r}>"
        if name not in mathml.ATTRIBUTES:
            yield f"<{node.tag} {name}>"


def _unsafe_attributes(node: Any) -> Iterator[str]:
    for name, value in node.attrib.items():
        good = {
            "href": node.tag == "a" and LINKS.fullmatch(value),
            "src": node.tag == "img" and PICTURES.fullmatch(value),
            "alt": node.tag == "img",
            "class": CLASSES.fullmatch(value) or MORE_CLASSES.fullmatch(value),
            "id": node.tag == "section" and re.fullmatch(r"cell-\d+", value),
            "lang": node.tag == "html" and value in ("en", "zh-CN"),
            "colspan": value.isdecimal(),
            "rowspan": value.isdecimal(),
            "scope": value in ("col", "row"),
            "max": node.tag == "meter",
            "value": node.tag == "meter",
        }.get(name)
        if not good:
            yield f"<{node.tag} {name}={value!r}>"


def reading(text: str) -> str:
    """What someone reads in a page."""
    tree = HTMLParser(namespaceHTMLElements=False).parse(text)
    return "".join(tree.find("body").itertext())


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What one test rendered is not remembered for another."""
    yield
    sanitize.prose.cache_clear()
    sanitize.coloured.cache_clear()


@pytest.mark.parametrize("name", PAYLOADS)
def test_nothing_of_a_hostile_notebook_acts(name):
    text = feedback.page(hostile(PAYLOADS[name]))
    assert list(unsafe(text)) == []
    assert reading(text).count(WORD) == 2, "the text around it must be there"


@pytest.mark.parametrize("name", PAYLOADS)
def test_each_wall_alone_holds(name, monkeypatch):
    payload = PAYLOADS[name]
    if name != "md table":  # its alignment is a style, which the second wall takes
        with monkeypatch.context() as only:
            only.setattr(sanitize, "cleaned", lambda html: html)
            assert list(unsafe(feedback.page(hostile(payload)))) == [], "the first"
    sanitize.prose.cache_clear()
    with monkeypatch.context() as only:
        only.setattr(sanitize, "_markdown", lambda _words: lambda source: source)
        assert list(unsafe(feedback.page(hostile(payload)))) == [], "the second"


def test_all_payloads_at_once():
    text = feedback.page(everything())
    assert list(unsafe(text)) == []


def everything() -> Verdict:
    """Every payload in one notebook."""
    parts = [hostile(payload) for payload in PAYLOADS.values()]
    cells = [one for part in parts for one in json.loads(part.notebook)["cells"]]
    made = verdict(*cells, marks=[mark for part in parts for mark in part.marks])
    made.remarks = made.person = list(PAYLOADS.values())
    made.student = PAYLOADS["quote"]
    return made


@pytest.mark.parametrize(
    "wrong",
    [
        "<script>1</script>",
        "<p onclick=1>",
        "<a href=javascript:1>",
        "<a href=../x.html>",
        "<img src=http://evil.invalid/x.png>",
        "<img src=data:image/svg+xml;base64,AA>",
        "<p style='color:red'>",
        "<p id=cell-1>",
        "<style>body {}</style>",
        "<meta http-equiv=refresh content=0>",
        "<svg></svg>",
        "<!-- x -->",
        "<noscript><p></noscript>",
        "<input>",
    ],
)
def test_the_judge_sees_what_is_wrong(wrong):
    text = feedback.page(verdict(cell("markdown", "here")))
    assert list(unsafe(text)) == []
    assert list(unsafe(text.replace("<p>here</p>", wrong))), "it went unseen"


def test_the_policy_lets_nothing_run_or_load_but_our_style():
    text = feedback.page(verdict())
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    style = re.search(r"<style>(.*)</style>", text, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert rules == {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert text.index("Content-Security-Policy") < text.index("<title>")


def test_the_learner_reads_points_reasons_and_hints():
    marks = [
        Mark("add", 2, 2),
        Mark("swim", 0.5, 3, message="expected 3,\ngot -1 < 0", hint="Kick."),
    ]
    grader = {"nbgrader": {"grade_id": "check-swim", "grade": True}}
    made = verdict(
        cell("markdown", "# Swimming"),
        cell("code", "assert swim()", metadata=grader),
        marks=marks,
        remarks=["add: its check was edited; ours is run"],
        person=["it reached for the grader"],
        about={"title": "Adding"},
    )
    text = feedback.page(made)
    read = reading(text)
    for sentence in ("2.5 of 5 points", "✓ 2 / 2", "◐ 0.5 / 3", "Hint: Kick.", "ann"):
        assert sentence in read
    assert read.count("expected 3,\ngot -1 < 0") == 2, "above and below the check"
    assert "ours is run" in read and "it reached for the grader" in read
    assert re.search(r'<a href="#(cell-\d+)">swim</a>.*<section id="\1">', text, re.S)
    assert "Adding" in read and "<h1>Swimming</h1>" in text
    made.lang = "zh"
    chinese = feedback.page(made)
    assert "2.5 / 5 分" in chinese and 'lang="zh-CN"' in chinese
    assert "points" not in reading(chinese)
    made.lang = "xx"
    assert "2.5 of 5 points" in feedback.page(made)


def test_hidden_tests_stay_hidden():
    source = (
        "assert add(1, 2) == 3\n### BEGIN HIDDEN TESTS\n"
        "assert add(-4, 1) == -3  # secret\n### END HIDDEN TESTS\nlast = 1"
    )
    outputs = [
        stream("called with -4: secret"),
        {"output_type": "error", "ename": "E", "traceback": ["assert secret"]},
        shown({"text/plain": "secret"}),
    ]
    meta = {"nbgrader": {"grade_id": "check-add", "grade": True}}
    made = verdict(
        cell("code", source, outputs, metadata=meta),
        cell("code", source, outputs, metadata={"nbgrader": {"grade": True}}),
        cell("code", source.partition("### END")[0], metadata=meta),
        marks=[Mark("add", 0, 2, message="negative numbers count too")],
    )
    text = feedback.page(made)
    assert "secret" not in text and "HIDDEN" not in text
    read = reading(text)
    assert read.count("assert add(1, 2) == 3") == 3 and "last = 1" in read
    assert "negative numbers count too" in read


def test_only_real_pictures_are_shown():
    good = png()
    wrapped = "\n".join(good[i : i + 20] for i in range(0, len(good), 20))
    html = base64.b64encode(b"<script>1</script>").decode()
    bomb, wide = png(60_000, 60_000), jpeg(60_000, 60_000)
    for data, source in [
        ({"image/png": good}, f"data:image/png;base64,{good}"),
        ({"image/png": wrapped}, f"data:image/png;base64,{good}"),
        ({"image/jpeg": good}, f"data:image/png;base64,{good}"),
        ({"image/jpeg": jpeg(3, 2)}, f"data:image/jpeg;base64,{jpeg(3, 2)}"),
        *[
            ({"image/png": bad}, None)
            for bad in (html, bomb, wide, "", "%%%", good[:20], {"a": 1}, 7)
        ],
        ({"image/jpeg": base64.b64encode(b"\xff\xd8\xff\xd9").decode()}, None),
        ({"image/svg+xml": "<svg/>"}, None),
        ({"image/gif": good}, None),
        ({"image/png": good + '" onerror="1'}, None),
    ]:
        text = feedback.page(verdict(cell("code", "", [shown(data)])))
        found = re.findall(r'<img src="([^"]*)"', text)
        assert found == ([source] if source else []), data
        assert ("left out" in text) == (source is None), data
        assert list(unsafe(text)) == []


def test_a_figure_keeps_its_words():
    output = shown({"image/png": png(), "text/html": "<img>", "text/plain": "plain"})
    text = feedback.page(verdict(cell("code", "", [output])))
    assert 'alt="plain"' in text
    output["metadata"] = {"image/png": {"alt": 'a "line"'}}
    text = feedback.page(verdict(cell("code", "", [output])))
    assert 'alt="a &#34;line&#34;"' in text


def test_outputs_are_shown_as_plain_text():
    frame = {"text/plain": "   a\n0  1"}
    outputs = [
        shown(frame),
        stream("loading 1\rloading 2\rdone\r\n"),
        stream("\x1b[1;31mred\x1b[0m and \x1b]0;title\x07plain"),
        stream("more"),
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": []},
        shown({"text/html": "<b>only</b>"}),
        shown({"application/vnd.jupyter.widget-view+json": {}, "text/plain": "HBox()"}),
    ]
    text = feedback.page(verdict(cell("code", "", outputs)))
    read = reading(text)
    assert "   a\n0  1" in read and "done" in read and "loading" not in read
    assert "red and plainmore" in read and "\x1b" not in text
    assert "E: v" in read and "left out: text/html" in read
    assert "only in a running notebook" in read and "HBox" not in read


def test_a_table_is_shown_with_its_words_alone():
    style = "<style scoped>.dataframe { color: red }</style>"
    frame = (
        f'<div>{style}<table border="1" class="dataframe"><thead><tr><th></th>'
        "<th colspan=2>a &lt; b</th></tr></thead><tbody><tr><th>0</th><td><b>1</b>"
        "<script>act()</script></td><td onclick=act()>2</td></tr></tbody></table></div>"
    )
    outputs = [shown({"text/html": frame, "text/plain": "   a\n0  1"})]
    text = feedback.page(verdict(cell("code", "", outputs)))
    assert list(unsafe(text)) == []
    wanted = '<tr><th></th><th colspan="2">a &lt; b</th></tr><tr><th>0</th><td>1</td>'
    assert wanted in re.sub("</?tbody>", "", text)
    assert "act()" not in text and "color: red" not in text
    many = "<table><tr>" + "<td>x" * 6_000 + "</table>"
    outputs = [shown({"text/html": many, "text/plain": "6000 of them"})]
    assert "6000 of them" in reading(feedback.page(verdict(cell("code", "", outputs))))


def test_what_grading_did_not_run_is_shown_as_handed_in():
    figure = shown({"image/png": png(), "text/plain": "a line"})
    ours, theirs = cell("code", "a", [figure]), cell("code", "b", [figure])
    theirs["metadata"] = {"bmkit": {"outputs": HANDED_IN}}
    text = feedback.page(verdict(ours, theirs))
    assert text.count("<img ") == 2 and text.count("As you handed it in") == 1


def test_hints_are_typeset_and_messages_have_code():
    mark = Mark("swim", 0, 1, message="`y` < 1 was changed", hint="Use $x_1$, *not* y.")
    text = feedback.page(verdict(marks=[mark]))
    assert "<msub><mi>x</mi><mn>1</mn></msub>" in text and "<em>not</em>" in text
    assert "<code>y</code> &lt; 1 was changed" in text


def test_pages_of_two_files_never_share_a_path(tmp_path):
    books = [tmp_path / name / "welcome.ipynb" for name in ("anna", "bob", "x/bob")]
    home = tmp_path / "pages"
    for round_ in range(2):
        for book in books:
            text = feedback.page(verdict(cell("code", str(book))), book)
            path = feedback.page_path(home, book)
            assert path.exists() == bool(round_), "graded again, it keeps its name"
            atomic.write(path, text)
    names = {path.name.removesuffix(".feedback.html") for path in home.iterdir()}
    assert names == {"welcome", "bob-welcome", "bob-welcome-2"}
    long = tmp_path / f"{'长' * 80}.ipynb"
    atomic.write(feedback.page_path(home, long), "x")


def test_much_is_cut_and_said_so():
    full = [cell("code", "1", [stream("§" * 19_000)]) for _ in range(80)]
    many = [stream("xy", name) for _ in range(200) for name in ("stdout", "stderr")]
    for cells, said, letter, most in [
        ([cell("code", "", [stream("§" * 10**6)])], "1,000,000 char", "§", 20_000),
        ([cell("code", "", [stream("§" * 9_999)] * 2 + many)], "", "§", 20_000),
        ([cell("code", "§=1\n" * 10**5)], "400,000 characters in all", "§", 5_000),
        ([cell("markdown", "§ " * 10**5)], "200,000 characters in all", "§", 10_000),
        ([cell("code", "", many)], "more outputs", "xy", 100),
        ([cell("code", "", [shown({f"§{i}": ""}) for i in range(200)])], "", "§", 100),
        ([cell("code", "§")] * 1200, "200 more cells", "§", 1000),
        (full, "the page is full", "§", 1_000_000),
    ]:
        read = reading(feedback.page(verdict(*cells)))
        assert said in read, said
        assert 0.9 * most <= read.count(letter) <= most, said
    pictures = [shown({"image/png": png()}) for _ in range(90)]
    text = feedback.page(verdict(*[cell("code", "", pictures) for _ in range(30)]))
    assert 500 < text.count("<img") <= 1_200 and "left out" in text


def test_colours_end_before_a_page_takes_long(monkeypatch):
    spent = iter(range(0, 1000, 1))
    monkeypatch.setattr(notebook_view.time, "thread_time", lambda: next(spent))
    text = feedback.page(verdict(*[cell("code", f"x = {i}") for i in range(20)]))
    assert text.count('<span class="mi">') == 3, "two seconds' worth and the last"
    assert "x = 19" in reading(text)


@pytest.mark.parametrize(
    "notebook",
    [
        "",
        "{",
        "[]",
        "null",
        '"x"',
        "{}",
        '{"cells": 3}',
        "[" * 100_000,
        '{"cells": ' + "[" * 100_000 + "]" * 100_000 + "}",
        "\ud800",
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_what_is_no_notebook_still_gives_a_page(notebook):
    text = feedback.page(verdict(notebook=notebook, marks=[Mark("add", 1, 2)]))
    assert "1 of 2 points" in text and list(unsafe(text)) == []
    assert "no notebook" in text or "cannot be shown" in text


ODD: list[Any] = [None, 7, -1.5, True, "x", "\ud800"]
ODD += [[], ["x"], [None, 3], [[["x"]]], {}, {"x": {}}]


@pytest.mark.parametrize("odd", ODD, ids=map(ascii, ODD))
def test_odd_types_anywhere_still_give_a_page(odd):
    kinds = ["cell_type", "source", "metadata", "outputs", "id", "input"]
    cells = [odd, *({**cell("code", "x"), kind: odd} for kind in kinds)]
    cells += [cell("code", "x", metadata={"nbgrader": odd})]
    cells += [cell("code", "x", metadata={"nbgrader": {"grade_id": odd}})]
    outputs = [odd]
    for output in (stream("x"), shown({"image/png": odd, "text/plain": odd})):
        outputs += [{**output, key: odd} for key in [*output, "metadata"]]
    outputs += [{"output_type": "error", "ename": odd, "evalue": odd}]
    outputs += [{"output_type": "error", "traceback": odd}]
    cells += [cell("code", WORD, outputs)]
    made = verdict(*cells, about={"title": odd})
    text = feedback.page(made)
    assert WORD in reading(text) and list(unsafe(text)) == []
    text.encode("utf-8")


def test_prose_is_rendered():
    source = (
        "# Head\n\nSome *soft* `code` and $a_1 < b$, then\n\n$$x *y* \\\\\nz$$\n\n"
        "so that\n$$p\n= q$$\nit costs $5 or $6.\n\n"
        "|a|b|\n|-|-|\n|1|2|\n\n<details><summary>Hint 1</summary>\n\n*more*\n\n"
        "</details>\n\n[docs](https://example.org/a?b=1&c=2) ![a cat](cat.png)\n\n"
        "```python\nx < 1\n```\n\n<div class=big>raw</div>"
    )
    text = feedback.page(verdict(cell("markdown", source)))
    for wanted in (
        "<h1>Head</h1>",
        "<em>soft</em>",
        "<msub><mi>a</mi><mn>1</mn></msub><mo>&lt;</mo><mi>b</mi></mrow></math>,",
        '<math display="block"><mrow><mi>x</mi><mo>*</mo><mi>y</mi>',
        '<math display="block"><mrow><mi>p</mi><mo>=</mo><mi>q</mi>',
        "it costs $5 or $6.",
        "<td>1</td>",
        "<details><summary>Hint 1</summary>",
        "<em>more</em>",
        '<a href="https://example.org/a?b=1&amp;c=2">docs</a>',
        "picture not loaded: a cat",
        "<pre><code>x &lt; 1\n</code></pre>",
        "&lt;div class=big&gt;raw&lt;/div&gt;",
    ):
        assert wanted in text, wanted


def test_code_has_colours_and_stays_the_same():
    source = "\n\ndef f(x):\n    return x + 1  # one\n\n"
    text = feedback.page(verdict(cell("code", source)))
    assert '<span class="k">def</span>' in text
    assert source.strip("\n") in reading(text)


def test_what_breaks_a_parser_is_shown_as_it_is(monkeypatch):
    def breaks(*_args: Any) -> str:
        raise RecursionError

    monkeypatch.setattr("pygments.highlight", breaks)
    monkeypatch.setattr(sanitize, "_markdown", breaks)
    cells = [cell("code", "x <= 1"), cell("markdown", "*a* <b>")]
    read = reading(feedback.page(verdict(*cells)))
    assert "x <= 1" in read and "*a* <b>" in read


def test_the_page_lies_where_nbgrader_keeps_it(tmp_path):
    made = verdict(cell("code", "x"))
    path = feedback.write(tmp_path, made)
    assert path == tmp_path / "feedback" / "ann" / "adding" / "adding.html"
    assert path.read_text(encoding="utf-8") == feedback.page(made)
    made.student = ""
    assert feedback.write(tmp_path, made).parts[-3] == "learner"
    made.student = "李雷 o'neil-2@x.y"
    assert feedback.write(tmp_path, made).is_file()


def test_a_page_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = feedback.write(tmp_path, verdict(cell("code", "first")))

    def full(*_args: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(atomic.os, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        feedback.write(tmp_path, verdict(cell("code", "second")))
    assert "first" in path.read_text(encoding="utf-8")
    left = {one.name for one in path.parent.iterdir()}
    ours = {path.name, "timestamp.txt", "submission_secret.txt"}
    assert left == ours, "a draft was left behind"


NAMES = ["..", ".", "../ann", "a/b", "/etc", "a\0b", "\ud800", "a\nb"]
NAMES += ["x" * 300, "字" * 86]


@pytest.mark.parametrize("name", NAMES, ids=lambda text: ascii(text[:20]))
def test_a_name_does_not_lead_out_of_the_folder(name, tmp_path):
    for student, slug in ((name, "adding"), ("ann", name)):
        made = Verdict(student, slug)
        with pytest.raises(ValueError, match="cannot name a folder"):
            feedback.write(tmp_path / "course", made)
    assert list(tmp_path.iterdir()) == []


def test_importing_it_loads_nothing_heavy():
    heavy = "{'jinja2', 'nh3', 'mistune', 'pygments', 'nbformat', 'nbconvert'}"
    code = f"import sys, bmkit.course.grade.feedback; print({heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_a_whole_lesson_is_rendered():
    for lang in ("en", "zh"):
        home = ROOT / "lessons" / lang
        path = sorted(home.rglob("*.ipynb"))[0]
        made = verdict(lang=lang, notebook=path.read_text(encoding="utf-8"))
        text = feedback.page(made)
        assert list(unsafe(text)) == []
        cells = json.loads(made.notebook)["cells"]
        filled = [one for one in cells if "".join(one["source"])]
        assert text.count("<section") == len(filled)
        assert '<section class="prose"><pre>' not in text, "prose was not rendered"
        assert "&lt;details&gt;" not in text and "picture not loaded" not in text
