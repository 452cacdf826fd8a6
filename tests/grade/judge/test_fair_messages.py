"""What a right or nearly right answer is told, where checks once misled or gave up."""

from __future__ import annotations

import pytest

from bmkit.course.grade.session import grade
from bmkit.course.grade.settings import Settings
from bmkit.course.kernels import forkserver_client, pool, sandbox
from bmkit.course.source.loading import source_of
from tests.course_lessons import LESSONS
from tests.known_answers import handed_in

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.skipif(not forkserver_client.supported(), reason="forks need Linux"),
]
MIXED = "the check cannot compute with what your code returned"
FAR = "class Far:\n    pass\n\n\ndef {name}(*args, **more):\n    return Far()"

# By lesson: exercise, answer, and what it is told; nothing where it is right. `work` is
# the reference.
CASES = {
    "attention": [
        ("scaled_dot_product", "return list(work(*args))", ""),
        ("scaled_dot_product", "return [x.double() for x in work(*args)]", MIXED),
        ("scaled_dot_product", "return work(*args)[0]", "return two things"),
        ("causal_mask", "return work(*args).numpy()", "a tensor of booleans"),
        ("causal_mask", "return work(*args).long()", "a tensor of booleans"),
        ("masked_weights", "return work(*args).double()", ""),
    ],
    "layers": [
        ("collapse", "return list(work(*args))", ""),
        ("collapse", "return [x.double() for x in work(*args)]", MIXED),
        ("zigzag", "return [(W.double(), b) for W, b in work(*args)]", "of float32"),
        ("zigzag", "return [[W, b] for W, b in work(*args)]", ""),
    ],
    "gradient-descent": [
        ("descend", "return list(work(*args))", "PyTorch tensor, got list"),
        (
            "steps_needed",
            "return math.log(args[1]) / math.log((args[0] - 1) / (args[0] + 1))",
            "a whole number",
        ),
        (
            "steps_needed",
            "return math.ceil(math.log(args[1]) / math.log((args[0] - 1) "
            "/ (args[0] + 1)))",
            "(at `return math.ceil(",
        ),
        (
            "finite_difference",
            "theta, h = args[1], more.get('h', *args[2:] or [1e-5])\n"
            "    return (args[0](theta + h) - args[0](theta - h)) / (2 * h)",
            "a tensor like theta: one slope for each entry",
        ),
    ],
}
# Answers that overwrite what they were given, so that a check which computes what is
# right from it afterwards would agree with them.
OVERWRITES = [
    ("layers", "collapse", "return [x.mul_(0) for x in args[0][0]]"),
    (
        "networks-as-functions",
        "affine_at",
        "[x.mul_(0) for pair in args[1] for x in pair]\n    return work(*args)",
    ),
    (
        "attention",
        "masked_weights",
        "scores = args[0]\n    scores *= 0\n    return scores",
    ),
    (
        "attention",
        "scaled_dot_product",
        "[x.mul_(0) for x in args]\n    return work(*args)",
    ),
    ("gradient-descent", "descend", "args[1].neg_()\n    return work(*args)"),
    (
        "gradient-descent",
        "descend",
        "path = work(*args)\n    args[1].copy_(path[-1])\n    return path",
    ),
    ("welcome", "softmax", "args[0].sub_(args[0])\n    return work(*args)"),
]
# These come back where a number, a tensor or a list is asked for.
ODD = {
    "welcome": ("count_parameters", "softmax"),
    "gradient-descent": ("steps_needed", "largest_stable_lr"),
    "layers": ("zigzag",),
}


@pytest.fixture(scope="session", autouse=True)
def fork_servers():
    yield
    pool.close()


def said(slug: str, name: str, answer: str, folder) -> str:
    """What an answer is told in grading; all others are right."""
    lesson = LESSONS[slug]
    answers = {c.name: c.text("en") for c in source_of(lesson).exercises()}
    if "def " not in answer:
        work = answers[name].replace(f"def {name}(", "def work(", 1)
        answer = f"{work}\n\n\ndef {name}(*args, **more):\n    {answer}"
    made = handed_in(lesson, {**answers, name: answer}, folder / "mine.ipynb")
    verdict = grade(made, Settings(unsafe=bool(sandbox.missing())))
    assert not verdict.person
    (mark,) = [mark for mark in verdict.marks if mark.exercise == name]
    assert (mark.points == mark.of) == (not mark.message)
    return mark.message


@pytest.mark.parametrize(
    ("slug", "name", "answer", "says"),
    [(slug, *case) for slug, cases in CASES.items() for case in cases],
)
def test_it_is_right_or_told_precisely(slug, name, answer, says, tmp_path):
    message = said(slug, name, answer, tmp_path)
    assert says in message if says else not message, message


@pytest.mark.parametrize(
    ("slug", "name"), [(slug, name) for slug, names in ODD.items() for name in names]
)
def test_an_odd_object_is_told_of_without_pythons_words_alone(slug, name, tmp_path):
    message = said(slug, name, FAR.format(name=name), tmp_path)
    assert not message.startswith(("TypeError", "AttributeError", "ValueError"))
    assert message


@pytest.mark.parametrize(("slug", "name", "answer"), OVERWRITES)
def test_an_argument_that_was_overwritten_is_told_of(slug, name, answer, tmp_path):
    message = said(slug, name, answer, tmp_path)
    assert message.endswith("was changed: work on a copy")
