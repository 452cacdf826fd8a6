"""Cards, stand-ins and real sets: one schema, the same data every time."""

import os
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bmkit import data
from bmkit.data import cards, store
from tests import ROOT

MIRROR = os.environ.get("BMKIT_TEST_MIRROR") or os.environ.get("BMKIT_MIRROR")
needs_mirror = pytest.mark.skipif(not MIRROR, reason="BMKIT_MIRROR names no mirror")
NAMES = ["news", "plays", "poems"]


def lab(profile="ci", lang="en"):
    return SimpleNamespace(profile=profile, lang=lang, seed=0)


@pytest.fixture(autouse=True)
def _apart(monkeypatch, tmp_path):
    """No data of this machine, and no network."""
    monkeypatch.delenv("BMKIT_MIRROR", raising=False)
    monkeypatch.setenv("BMKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("BMKIT_OFFLINE", "1")


@pytest.fixture
def mirror(monkeypatch):
    monkeypatch.setenv("BMKIT_MIRROR", MIRROR)


def test_every_card_is_complete():
    assert cards.names() == NAMES
    for name in cards.names():
        card = cards.card(name)
        assert set(card.title) == set(card.about) == {"en", "zh"}
        assert card.credit and card.licence and card.mirror and card.files
        for file in card.files:
            assert len(file.sha256) == 64 and file.bytes > 0
            assert file.url.startswith("https://")


def test_unknown_name_says_which_there_are():
    with pytest.raises(data.DataError, match=r"data set 'nws'; .* news, plays, poems"):
        data.load("nws")


def test_broken_card_is_one_line(monkeypatch, tmp_path):
    (tmp_path / "news.toml").write_text("title = 3")
    monkeypatch.setattr(cards, "FOLDER", tmp_path)
    with pytest.raises(data.DataError, match=r"news\.toml cannot be read.*about"):
        data.load("news")


def test_news_stand_in():
    news, again = data.load("news", lab()), data.load("news", lab())
    assert not news.real
    assert news.train_texts == again.train_texts
    assert news.test_texts == again.test_texts
    assert len(news.train_texts) == len(news.test_texts) == 200
    assert len(set(news.train_texts) | set(news.test_texts)) == 400
    for labels in (news.train_labels, news.test_labels):
        assert labels.dtype == np.int64
        assert Counter(labels.tolist()) == dict.fromkeys(range(4), 50)
    assert not any("{" in text for text in news.train_texts + news.test_texts)


def test_news_stand_in_can_be_learnt_but_not_perfectly():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    news = data.load("news", lab())
    model = make_pipeline(
        TfidfVectorizer(analyzer="char", ngram_range=(1, 2)), LogisticRegression(C=10)
    )
    model.fit(news.train_texts, news.train_labels)
    assert 0.7 < model.score(news.test_texts, news.test_labels) < 1


def test_plays_stand_in_is_laid_out_as_a_play():
    plays = data.load("plays", lab())
    assert plays == data.load("plays", lab()) and not plays.real
    assert 20_000 < len(plays.text) < 40_000
    speakers = []
    for speech in plays.text.rstrip("\n").split("\n\n"):
        name, *lines = speech.split("\n")
        assert name.endswith(":") and lines and all(lines)
        speakers.append(name)
    assert len(set(speakers)) > 5
    assert all(one != next_ for one, next_ in pairwise(speakers))


def test_poems_stand_in():
    poems = data.load("poems", lab())
    assert not poems.real and len(poems.poems) >= 12
    assert poems.poems[0].lines == (
        "春眠不覺曉，處處聞啼鳥。",
        "夜來風雨聲，花落知多少。",
    )


@pytest.mark.parametrize("lang, word", [("en", "stand-in"), ("zh", "替代数据")])
def test_one_line_says_it_is_a_stand_in(capsys, lang, word):
    data.load("plays", lab("ci", lang))
    (line,) = capsys.readouterr().out.splitlines()
    assert word in line and "data get" not in line
    data.load("plays", lab("workshop", lang))
    (line,) = capsys.readouterr().out.splitlines()
    assert word in line and "BMKIT_OFFLINE" in line and "bmkit data get plays" in line


def test_ci_takes_the_stand_in_even_beside_a_mirror(monkeypatch):
    def refuse(*_):
        raise AssertionError("profile ci looked for real files")

    monkeypatch.setattr(store, "at_hand", refuse)
    assert not data.load("plays", lab("ci")).real
    assert data.hashes(["plays"], "ci")["plays"].startswith("stand-in:")


def test_importing_data_is_light():
    heavy = "{'numpy', 'pandas', 'pooch', 'requests', 'rich', 'tqdm', 'torch'}"
    program = f"import sys, bmkit.data, bmkit.course.cli.data; print({heavy} & " + (
        "set(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT
    )
    assert run.stdout.strip() == "set()", run.stdout + run.stderr


@needs_mirror
def test_real_news(mirror, capsys):
    news, again = data.load("news"), data.load("news", lab("full"))
    assert news.real and capsys.readouterr().out == ""
    assert news.train_texts == again.train_texts
    assert news.classes == ("politics", "economy", "sports", "entertainment")
    assert Counter(news.train_labels.tolist()) == dict.fromkeys(range(4), 250)
    assert Counter(news.test_labels.tolist()) == dict.fromkeys(range(4), 1000)
    folder = Path(MIRROR) / "thucnews-titles"
    classes = (folder / "class.txt").read_text(encoding="utf-8").split()
    upstream = {"economy": "finance"}
    for texts, labels, name in (
        (news.train_texts, news.train_labels, "dev.txt"),
        (news.test_texts, news.test_labels, "test.txt"),
    ):
        rows = set((folder / name).read_text(encoding="utf-8").splitlines())
        for text, label in zip(texts, labels, strict=True):
            there = upstream.get(news.classes[label], news.classes[label])
            assert f"{text}\t{classes.index(there)}" in rows


@needs_mirror
def test_no_real_headline_to_train_on_is_tested_on(mirror):
    news = data.load("news")
    tested = set(map(data.news.bare, news.test_texts))
    assert tested.isdisjoint(map(data.news.bare, news.train_texts))


@needs_mirror
def test_real_plays_and_poems(mirror):
    plays, poems = data.load("plays"), data.load("poems")
    assert plays.real and len(plays.text) == 1_115_394
    assert poems.real and len(poems.poems) == 366
    # Every character of the stand-in's poems is the collection's own.
    assert set(data.load("poems", lab()).poems) <= set(poems.poems)


def test_a_headline_in_train_and_test_is_dropped_from_train(tmp_path):
    card = cards.card("news")
    card.split.update(train_per_class=2, test_per_class=1)
    order = ["entertainment", "finance", "politics", "sports"]
    texts = {"class.txt": "\n".join(order), "dev.txt": "", "test.txt": ""}
    for number, name in enumerate(order):
        rows = [f"{name} 一", f"{name} 一", f"{name} 二", f"{name}：同题!"]
        texts["dev.txt"] += "".join(f"{row}\t{number}\n" for row in rows)
        texts["test.txt"] += f"{name.upper()}:同题\t{number}\n"
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    news = data.news.read(card, {name: tmp_path / name for name in texts})
    assert sorted(news.train_texts) == sorted(f"{n} {i}" for n in order for i in "一二")
    place = news.train_texts.index("finance 一")
    assert news.classes[news.train_labels[place]] == "economy"
