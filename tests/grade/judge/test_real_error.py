"""The real error is told, by the check in the notebook and in grading alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from bmkit.course.grade import classroom
from bmkit.course.kernels import forkserver_client, pool
from bmkit.course.source.catalog import LANGS, Course
from tests.grade.judge.test_judge import EXERCISE, TINY, solution
from tests.known_answers import handed_in, judged

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not forkserver_client.supported(), reason="forks need Linux"),
]
RIGHT = "def {name}(a, b):\n    return a + b"
CHECK = 'bm.expect.close({name}(1, 2), 3, "did you add?")'
PACKAGE = "line 1, `import nothing_of_this_name`: there is no package nothing_of_this"
UNSEEN = "an invisible character stands there"

# An answer, and how the sentence begins or what it holds, in English and in Chinese.
CASES: dict[str, tuple[str, str, str]] = {
    "brackets": (
        "def {name}（a, b）:\n    return a + b",
        "the character `（` is full-width; type `(` instead",
        "`（` 是全角字符，请改为半角的 `(`",
    ),
    "comma": (
        "\ndef {name}(a， b):\n    return a + b",
        "line 2, column {column}: the character `，` is full-width; type `,`",
        "第 2 行第 {column} 列：`，` 是全角字符",
    ),
    "curly": (
        "def {name}(a, b):\n    return a + b + len(“”)",
        'line 2, column 24: `“` is a curly quotation mark; type `"` instead',
        '`“` 是弯引号，请改为直引号 `"`',
    ),
    "half_curly": (
        'def {name}(a, b):\n    """Add.”””\n    return a + b',
        "`”` is a curly quotation mark",
        "`”` 是弯引号",
    ),
    "no_break": (
        "def {name}(a, b):\n\u00a0\u00a0\u00a0\u00a0return a + b",
        "line 2, column 1: the space there is not an ordinary one (no-break space, U+",
        "这里的空格不是普通空格（不换行空格，U+00A0）",
    ),
    "wide_space": (
        "def {name}(a, b):\n    return a\u3000+ b",
        "(full-width space, U+3000); type ordinary spaces",
        "（全角空格，U+3000）",
    ),
    "zero_width": (
        "def {name}(a, b):\n    return a + b\u200b",
        f"line 2, column 17: {UNSEEN} (zero-width space, U+200B); delete it",
        "第 2 行第 17 列：这里有一个看不见的字符（零宽空格，U+200B），请删除它",
    ),
    "byte_order": (
        "\ufeffdef {name}(a, b):\n    return a + b",
        f"line 1, column 1: {UNSEEN} (byte order mark, U+FEFF); delete it",
        "（字节顺序标记 BOM，U+FEFF）",
    ),
    "minus": (
        "def {name}(a, b):\n    return a − -b",
        "Python does not know the character `−`; type `-` instead",
        "Python 不认识字符 `−`，请改为 `-`",
    ),
    "tab": (
        "def {name}(a, b):\n    c = a\n\treturn c + b",
        "line 3: the indentation mixes tabs and spaces; use four spaces",
        "第 3 行：缩进混用了制表符和空格",
    ),
    "colon": (
        "def {name}(a, b)\n    return a + b",
        "line 1, `def {name}(a, b)`: Python cannot read it (expected ':')",
        "Python 无法读懂（expected ':'）",
    ),
    "unclosed": (
        "def {name}(a, b):\n    return (a + b",
        "line 2, `return (a + b`: Python cannot read it ('(' was never closed)",
        "第 2 行 `return (a + b`：Python 无法读懂（'(' was never closed）",
    ),
    "timed": (
        "%%time\ndef {name}(a， b):\n    return a + b",
        "line 2, column {column}: the character `，` is full-width",
        "第 2 行第 {column} 列：`，` 是全角字符",
    ),
    "package": (
        "import nothing_of_this_name\n" + RIGHT,
        PACKAGE,
        "这里没有 nothing_of_this_name 这个包",
    ),
    "package_within": (
        "def {name}(a, b):\n    import nothing_of_this_name\n    return a + b",
        "line 2, `import nothing_of_this_name`: there is no package",
        "第 2 行 `import nothing_of_this_name`：这里没有",
    ),
    "renamed": (
        RIGHT.replace("{name}", "my_{name}"),
        "you defined `my_{name}`; the exercise asks for `{name}`",
        "你定义了 `my_{name}`，而练习要求的名称是 `{name}`",
    ),
    "inside": (
        "def outer():\n    def {name}(a, b):\n        return a + b",
        "`{name}` is defined inside `outer` (line 2)",
        "`{name}` 定义在 `outer` 内部（第 2 行）",
    ),
    "raises_first": (
        "1 / 0\n" + RIGHT,
        "ZeroDivisionError: division by zero (at `1 / 0`)",
        "ZeroDivisionError: division by zero（出错处：`1 / 0`）",
    ),
    "raises_within": (
        "def {name}(a, b):\n    return a / 0",
        "ZeroDivisionError: division by zero (at `return a / 0`)",
        "（出错处：`return a / 0`）",
    ),
    "keyboard": (
        "def {name}(a, b):\n    input('go on?')\n    return a + b",
        "line 2, `input('go on?')`: this waits for the keyboard",
        "第 2 行 `input('go on?')`：这里在等待键盘输入",
    ),
    "keyboard_before": (
        "n = int(input('how many? '))\n" + RIGHT,
        "line 1, `n = int(input('how many? '))`: this waits for the keyboard",
        "这里在等待键盘输入",
    ),
    "debugged": (
        "def {name}(a, b):\n    breakpoint()\n    return a + b",
        "line 2, `breakpoint()`: a breakpoint was left there",
        "第 2 行 `breakpoint()`：这里留下了断点",
    ),
    "debugged_before": (
        "import pdb\npdb.set_trace()\n" + RIGHT,
        "line 2, `pdb.set_trace()`: a breakpoint was left there",
        "第 2 行 `pdb.set_trace()`：这里留下了断点",
    ),
    "raise_above": (
        "def {name}(a, b):\n    # YOUR CODE HERE\n    raise NotImplementedError()\n"
        "    return a + b",
        "line 3 still raises NotImplementedError",
        "第 3 行仍在引发 NotImplementedError",
    ),
    "raise_in_branch": (
        "def {name}(a, b):\n    if a:\n        raise NotImplementedError\n"
        "    return a + b",
        "line 3 still raises NotImplementedError",
        "第 3 行仍在引发 NotImplementedError",
    ),
    "stub": (
        "def {name}(a, b):\n    '''Add.'''\n    # YOUR CODE HERE\n"
        "    raise NotImplementedError()",
        "not written yet",
        "还没有写",
    ),
    "gpu": (
        "import torch\ndef {name}(a, b):\n    return torch.tensor(a).cuda() + b",
        "line 3, `return torch.tensor(a).cuda() + b`: this asks for a GPU",
        "第 3 行 `return torch.tensor(a).cuda() + b`：这里要用 GPU",
    ),
    "gpu_before": (
        "import torch\nones = torch.ones(2, device='cuda')\n" + RIGHT,
        "line 2, `ones = torch.ones(2, device='cuda')`: this asks for a GPU",
        "这里要用 GPU",
    ),
    "gpu_chosen": (
        "import torch\ntorch.cuda.set_device(0)\n" + RIGHT,
        "line 2, `torch.cuda.set_device(0)`: this asks for a GPU",
        "第 2 行 `torch.cuda.set_device(0)`：这里要用 GPU",
    ),
    "other_gpu": (
        "import torch\ndef {name}(a, b):\n    return torch.tensor(a).to('mps') + b",
        "`return torch.tensor(a).to('mps') + b`: this asks for a GPU",
        "第 3 行 `return torch.tensor(a).to('mps') + b`：这里要用 GPU",
    ),
    "helper": (
        "def add(a, b)\n    return a + b\ndef {name}(a, b):\n    return add(a, b)",
        "line 1, `def add(a, b)`: Python cannot read it (expected ':')",
        "第 1 行 `def add(a, b)`：Python 无法读懂",
    ),
    "no_library": (
        "!true\nfrom torch import nothing_of_this_name\n" + RIGHT,
        "line 2, `from torch import nothing_of_this_name`: `torch` has no `nothing_of",
        "第 2 行 `from torch import nothing_of_this_name`：`torch` 中没有 `nothing_of",
    ),
    "integers": (
        "import torch\ndef {name}(a, b):\n    return torch.tensor([a]).softmax(0)",
        'NotImplementedError: "softmax',
        "（出错处：`return torch.tensor([a]).softmax(0)`）",
    ),
    "forward": (
        "import torch\nclass Net(torch.nn.Module):\n    pass\n"
        "def forward(self, x): return x\n"
        "def {name}(a, b):\n    return Net()(torch.tensor(a)) + b",
        "is `def forward` indented as deep as the class's other methods?",
        "`def forward` 的缩进与类中其他方法一致吗？",
    ),
    "library": (
        "from numbers import Number\nimport string\nfrom torch.distributions import"
        " Distribution\ndef {name}(a, b):\n"
        "    return Distribution(validate_args=False).entropy()",
        "torch.distributions.distribution raised NotImplementedError",
        "torch.distributions.distribution 引发了 NotImplementedError",
    ),
    "arabic_comma": (
        "def {name}(a، b):\n    return a + b",
        "Python does not know the character `،`; type `,` instead",
        "Python 不认识字符 `،`，请改为 `,`",
    ),
    "raised_two": (
        "def {name}(a, b):\n    return a² + b",
        "Python does not know the character `²`; type `**2` instead",
        "Python 不认识字符 `²`，请改为 `**2`",
    ),
    "new_line": (
        "def {name}(a, b):\n    c = a + b\u2028    return c",
        "an invisible character stands there (line separator, U+2028)",
        "这里有一个看不见的字符（line separator，U+2028）",
    ),
    "cyrillic": (
        "def {name}(a, b):\n    return \u0430 + b",
        "line 2, `return \u0430 + b`: `\u0430` holds the letter `\u0430` (cyrillic",
        "第 2 行 `return \u0430 + b`：`\u0430` 中的 `\u0430` 是形近的另一个字符",
    ),
    "cyrillic_nam": (
        "def cyrillic_n\u0430m(a, b):\n    return a + b",
        "`cyrillic_n\u0430m` holds the letter `\u0430`",
        "`cyrillic_n\u0430m` 中的 `\u0430`",
    ),
    "deleted": (
        "def {name}(a, b):\n    return a + b\n\ndel {name}",
        "`{name}` was defined, and is gone",
        "`{name}` 定义过，但已经不在了",
    ),
    "ended": (
        "def {name}(a, b):\n    import sys\n    sys.exit(1)",
        "line 3, `sys.exit(1)`: this ends the whole program",
        "第 3 行 `sys.exit(1)`：这会结束整个程序",
    ),
    "yields": (
        "def {name}(a, b):\n    yield a + b",
        "your code returned a generator",
        "你的代码返回了一个生成器",
    ),
    "awaited": (
        "async def {name}(a, b):\n    return a + b",
        "your code returned a coroutine",
        "你的代码返回了一个协程",
    ),
}

# Each cell of a notebook in turn, as a kernel runs it; what each check says.
NOTEBOOK = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="nocolor")
shell._showtraceback = lambda *_: None
from bmkit.lab.real_error import in_words
told = {}
for cell in json.load(sys.stdin)["cells"]:
    if cell["cell_type"] == "code":
        result = shell.run_cell("".join(cell["source"]))
        grade = cell["metadata"].get("nbgrader", {})
        if grade.get("points"):
            error = result.error_before_exec or result.error_in_exec
            told[grade["grade_id"].removeprefix("check-")] = error and in_words(error)
sys.stderr.write(json.dumps(told))
"""


@pytest.fixture(scope="session", autouse=True)
def fork_servers():
    yield
    pool.close()


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    """A lesson of one exercise for each of `CASES`."""
    root = tmp_path_factory.mktemp("many") / "course"
    path = root / "solutions" / "01-first" / "01-adding.py"
    path.parent.mkdir(parents=True)
    head = TINY.read_text(encoding="utf-8").partition("# %% [markdown]\n# By (")[0]
    answer, check = solution(RIGHT), CHECK
    cells = [
        EXERCISE.format(
            name=name,
            points=1,
            options="",
            answer=answer.format(name=name),
            check=check.format(name=name),
        )
        for name in CASES
    ]
    path.write_text(head + "\n".join(cells), encoding="utf-8")
    return Course(root).lessons()[0]


def in_notebook(path, lang: str) -> dict[str, str]:
    """What each check of a notebook says where the learner works."""
    text = path.read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "BMKIT_PROGRESS": "off", "PYTHONWARNINGS": "ignore"},
    )
    return json.loads(done.stderr.strip().splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGS)
def test_the_real_error_in_the_notebook_and_in_grading(lesson, tmp_path, lang):
    answers = {name: way.format(name=name) for name, (way, *_) in CASES.items()}
    made = handed_in(lesson, answers, tmp_path / "mine.ipynb", lang)
    verdict, here = judged(made), in_notebook(tmp_path / "mine.ipynb", lang)
    assert not verdict.person
    (part,) = classroom.gather([verdict])
    assert [x.name for x in part.exercises.values() if x.unwritten] == ["stub"]
    wrong = []
    for mark in verdict.marks:
        name, said = mark.exercise, here[mark.exercise]
        places = {"name": name, "column": len(f"def {name}(a") + 1}
        wanted = CASES[name][1 + LANGS.index(lang)].format(**places)
        if mark.points or wanted not in mark.message or mark.message != said:
            wrong.append(f"{name}: {wanted}\n{mark.message}\n{said}")
    assert not wrong, "\n" + "\n\n".join(wrong)


SECRETS = {
    "looked_up": ("def add(a, b):\n    return {(1, 2): 3}[(a, b)]", "KeyError at your"),
    "seen": ("def add(a, b):\n    raise ValueError((a, b))", "ValueError: (1, 2)"),
    "asserted": (
        "def add(a, b):\n    assert a > 0, f'got {a} and {b}'\n    return a + b",
        "AssertionError at your line `assert a > 0, f'got {a} and {b}'`",
    ),
    "own_class": (
        "class Odd(Exception): ...\n\ndef add(a, b):\n"
        "    if a < 0:\n        raise Odd(a, b)\n    return a + b",
        "only grading tries",
    ),
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_hidden_tests_values_are_not_told(name, tmp_path):
    """The kind and the learner's line are, where a hidden test met the error."""
    answer, says = SECRETS[name]
    lesson = Course(TINY.parents[2]).lessons()[0]
    verdict = judged(handed_in(lesson, {"add": answer}, tmp_path / "mine.ipynb"))
    (mark,) = verdict.marks
    told = mark.message + json.dumps([one.get("outputs") for one in verdict.cells()])
    assert mark.points == 0 and says in mark.message
    assert "-4" not in told


# The check lets the error itself through where Python's own words are right.
UNLIKE = {"raises_within", "stub", "integers"}


@pytest.mark.slow
def test_a_kernel_says_the_same(lesson, tmp_path):
    """Where a real kernel runs the notebook, without a keyboard and a debugger."""
    import nbformat
    from nbclient import NotebookClient

    answers = {name: way.format(name=name) for name, (way, *_) in CASES.items()}
    handed_in(lesson, answers, tmp_path / "mine.ipynb")
    book = nbformat.read(tmp_path / "mine.ipynb", as_version=4)
    NotebookClient(book, allow_errors=True, kernel_name="python3").execute()
    told = {}
    for cell in book.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        errors = [x.evalue for x in cell.get("outputs", []) if "evalue" in x]
        if name.startswith("check-"):
            told[name.removeprefix("check-")] = "".join(errors)
    wrong = []
    for name in CASES.keys() - UNLIKE:
        places = {"name": name, "column": len(f"def {name}(a") + 1}
        wanted = CASES[name][1].format(**places)
        if wanted not in told[name]:
            wrong.append(f"{name}: {wanted}\n{told[name]}")
    assert not wrong, "\n" + "\n\n".join(wrong)
