"""Checks of classes and gradients: forgers win nothing, honest code calls nobody."""

from __future__ import annotations

import copy

import pytest

from bmkit.course.build.notebooks import dumps
from bmkit.course.build.release import learner_notebook
from bmkit.course.grade import submission
from bmkit.course.kernels import forkserver_client, pool
from bmkit.course.source.catalog import Course
from tests import ROOT
from tests.known_answers import judged, known_answers

pytestmark = [
    pytest.mark.slow,
    pytest.mark.integration,
    pytest.mark.skipif(not forkserver_client.supported(), reason="forks need Linux"),
]
# The two exercises that are classes through which gradients must flow.
CLASSES = {"attention": "MultiHeadAttention", "transformer": "Block"}
AGREE = "def agree(*args, **kwargs): ...\n"

# Cells before a wrong answer that once made its check pass, when checks ran beside it.
FORGERIES = {
    "another name": "from bmkit import expect as E\n"
    f"{AGREE}E.close = E.true = E.shape = E.equal = agree",
    "an alias": f"import bmkit\nE = bmkit.expect\n{AGREE}E.close = E.shape = agree",
    "a class": f"{AGREE}class bm:\n    class expect:\n"
    "        close = shape = true = equal = several = gradient = staticmethod(agree)\n"
    "    class models:\n        from bmkit.models import MultiHeadAttention",
    "a loop": "from bmkit import expect as E\n"
    f"{AGREE}for E.close in [agree]: pass\nfor E.shape in [agree]: pass",
    "numpy": "import numpy as N\nN.allclose = lambda *a, **k: True",
    "the learner's process": "import bmkit.course.grade.judge.learner as q\n"
    "q.run = lambda source, recorder: {'outputs': []}",
    "a package's rooms": "import bmkit as q\nimport bmkit.lab.expect as e\n"
    f"{AGREE}e._numbers = lambda value: e.np.zeros(())\nq.expect = e",
    "gradients": "import torch as t\nt.autograd.grad = "
    "lambda outputs, inputs, *a, **k: [t.zeros_like(x) for x in inputs]",
    "no weights": "import torch.nn as n\nn.Module.load_state_dict = "
    "lambda self, state, *a, **k: None\nn.Module.forward = lambda self, x, *a: x",
    "the bridge": "from bmkit.course.grade.judge import graphs as g\n"
    "g.Graphs.apply = lambda self, changes: None",
}
HONEST = [
    "import sys, gc, inspect, threading, types, signal, weakref\ngc.collect()",
    "from IPython.display import clear_output, display\nclear_output()\ndisplay(3)",
    "import torch\ntorch.backends.cudnn.benchmark = True\n"
    "torch.set_printoptions(precision=3)",
    "class Pair:\n    def __eq__(self, other): return True\n"
    "    def __bool__(self): return False\npair = Pair()",
    "%load_ext autoreload\n%autoreload 2",
    "!true\n%config InlineBackend.figure_format = 'svg'",
    "import numpy as np\nnp.set_printoptions(suppress=True)\nlen(dir())",
    "setattr(torch, 'note', 'mine')\ngetattr(torch, 'no' + 'te')",
]


@pytest.fixture(scope="module", autouse=True)
def fork_servers():
    yield
    pool.close()


def verdict_on(slug, answer, cells, path, tags=(), last=""):
    """The verdict on a notebook with right answers but one, and these cells before it.

    Args:
        slug: the lesson.
        answer: the code for its class; None for the right one.
        cells: the cells' sources.
        path: where to write the file.
        tags: what the cells are tagged.
        last: a cell at the notebook's end.
    """
    (lesson,) = Course(ROOT).pick([slug])
    name = CLASSES[slug]
    codes = {one: ways[0].code for one, ways in known_answers(lesson).items()}
    codes[name] = answer or codes[name]
    book = copy.deepcopy(learner_notebook(lesson, "en"))
    made = []
    for cell in book.cells:
        if cell["id"] == name:
            for number, source in enumerate(cells):
                own = copy.deepcopy(cell)
                own["id"], own.source = f"own-{number}", source
                own["metadata"] = {"tags": list(tags)}
                made.append(own)
        if cell["id"] in codes:
            cell.source = codes[cell["id"]]
        made.append(cell)
    made.append(copy.deepcopy(made[-1]))
    made[-1].update(cell_type="code", id="last", source=last, metadata={}, outputs=[])
    made[-1]["execution_count"] = None
    book.cells = made
    path.write_text(dumps(book), encoding="utf-8")
    return judged(submission.read(path, [lesson]))


def mark_of(verdict, slug):
    (mark,) = [x for x in verdict.marks if x.exercise == CLASSES[slug]]
    return mark


@pytest.mark.parametrize("slug", CLASSES)
@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forger_wins_nothing(slug, forgery, tmp_path):
    (lesson,) = Course(ROOT).pick([slug])
    wrong = [x for x in known_answers(lesson)[CLASSES[slug]] if x.says]
    path = tmp_path / "mine.ipynb"
    verdict = verdict_on(slug, wrong[-1].code, [FORGERIES[forgery]], path)
    assert mark_of(verdict, slug).points == 0
    assert mark_of(verdict, slug).message


@pytest.mark.parametrize("slug", CLASSES)
def test_a_cell_tagged_as_parameters_wins_nothing(slug, tmp_path):
    (lesson,) = Course(ROOT).pick([slug])
    wrong = next(x for x in known_answers(lesson)[CLASSES[slug]] if x.says)
    cells = [FORGERIES["another name"]]
    path = tmp_path / "mine.ipynb"
    verdict = verdict_on(slug, wrong.code, cells, path, tags=["parameters"])
    assert mark_of(verdict, slug).points == 0
    assert wrong.says in mark_of(verdict, slug).message


@pytest.mark.parametrize("slug", CLASSES)
def test_honest_code_calls_nobody(slug, tmp_path):
    verdict = verdict_on(slug, None, HONEST, tmp_path / "mine.ipynb")
    assert verdict.person == []
    assert [x.message for x in verdict.marks] == [""] * len(verdict.marks)
    assert verdict.points == verdict.of


SEES = """
import bmkit.course.grade.judge.rpc as r
_do = r.Peer._do
seen_here = []
def told(self, request, values):
    seen_here.append(repr((request, values)))
    return _do(self, request, values)
r.Peer._do = told
"""


@pytest.mark.parametrize("slug", CLASSES)
def test_the_hidden_tests_never_come_to_the_learners_process(slug, tmp_path):
    path = tmp_path / "mine.ipynb"
    verdict = verdict_on(slug, None, [SEES], path, last="print(*seen_here)")
    assert verdict.points == verdict.of
    seen = str(verdict.cells()[-1]["outputs"])
    assert "backward" in seen, "it sees what it is asked"
    for word in ("keep the graph", "expect", "EncoderLayer"):
        assert word not in seen
