"""`bmkit lab`: JupyterLab on a learner's own copies of the lessons."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from urllib.parse import quote

from bmkit.course import state
from bmkit.course.build import my_lessons, start_page
from bmkit.course.cli import lessons, options, server
from bmkit.course.kernels import environment
from bmkit.course.source.catalog import Course, NoCourse
from bmkit.course.source.cells import OPTIONS
from bmkit.course.words import say
from bmkit.errors import WrongUse
from bmkit.language import language, one_line

LOCALES = {"en": "default", "zh": "zh_CN"}
# How a source is saved as text: the options of its cells, and nothing of Jupyter's own.
# Its header has no `jupyter:`, so that it comes back word for word, as a raw cell.
JUPYTEXT = {
    "notebook_metadata_filter": "-all",
    "cell_metadata_filter": ",".join(
        [*sorted(set().union(*OPTIONS.values())), "lang", "title", "-all"]
    ),
}
# What nbgrader adds for teachers, in English alone.
TEACHERS = ("create-assignment", "course-list", "formgrader", "assignment-list", "menu")
HOOK = "bmkit.course.source.saved.keep_letters"
COURSE = "BMKIT_COURSE"  # tells a lesson's kernel which course it is of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments; the rest is JupyterLab's."""
    parser.usage = (
        "bmkit lab [-h] [--lang {en,zh}] [--course DIR] [--update SLUG] [FOLDER] ..."
    )
    parser.add_argument(
        "--update",
        metavar="SLUG",
        help="put your answers into the newest version of this lesson, keep the old "
        "file beside it, and open nothing",
    )
    options.add_lang(parser, "the language of JupyterLab and of the lessons")
    options.add_course(parser)
    parser.epilog = (
        "FOLDER is what to open (default: my-lessons/, your copies of the lessons). "
        "All other options go to JupyterLab, as in: bmkit lab --no-browser --port 9123"
    )


def main(args: argparse.Namespace) -> int:
    """Start JupyterLab and wait for it; return its exit code."""
    if args.update is not None:
        return _update(Course.find(args.course), args.update)
    names, rest = server.split(args.rest)
    if len(names) > 1:
        raise WrongUse(say("lab.one", folders=", ".join(names)))
    start, words = _open_folder(names[0]) if names else _open_lessons(args.course)
    words += [f"--JupytextConfiguration.{k}={v}" for k, v in JUPYTEXT.items()]
    words += [f"--FileContentsManager.post_save_hook={HOOK}"]
    with tempfile.TemporaryDirectory(prefix="bmkit-lab-") as folder:
        own = Path(folder)
        env = _environment(args.course, own, learner=not names)
        return server.serve(start, words + rest, env, own, _log(args.course, own))


def _open_folder(named: str) -> tuple[str, list[str]]:
    """What JupyterLab opens of a folder that the user named, and how."""
    if not named.strip() or not (folder := Path(named)).is_dir():
        raise WrongUse(say("lab.no_folder", folder=one_line(named) or "''"))
    return "lab", [f"--ServerApp.root_dir={folder.resolve()}"]


def _open_lessons(named: Path | None) -> tuple[str, list[str]]:
    """What JupyterLab opens of the learner's copies, which are brought first."""
    course, lang = Course.find(named), language()
    found, _ = lessons.readable(course)
    copies = my_lessons.bring(course, found, lang)
    page = start_page.write(course.mine / lang, copies, lang)
    start = quote(page.relative_to(course.mine).as_posix())
    # All of my-lessons/ is served, so that links between lessons work. A lesson names
    # the one kernel that is offered; those of ours are for graders.
    words = [f"--ServerApp.root_dir={course.mine.resolve()}"]
    words += ["--KernelSpecManager.allowed_kernelspecs=python3"]
    return f"lab/tree/{start}", words


def settings(lang: str, *, learner: bool) -> dict[str, dict[str, object]]:
    """What JupyterLab starts with: the language, sources as notebooks, no news."""
    viewers = {"python": "Jupytext Notebook"}
    if learner:
        viewers["markdown"] = "Markdown Preview"  # the start page
    return {
        "@jupyterlab/docmanager-extension:plugin": {"defaultViewers": viewers},
        "@jupyterlab/apputils-extension:notification": {
            "fetchNews": "false",
            "checkForUpdates": False,
        },
        "@jupyterlab/translation-extension:plugin": {"locale": LOCALES[lang]},
    }


def _environment(named: Path | None, own: Path, *, learner: bool) -> dict[str, str]:
    """JupyterLab's environment: our settings, our kernel, our bmkit."""
    from ipykernel.kernelspec import write_kernel_spec

    config = own / "labconfig"
    config.mkdir()
    text = json.dumps(settings(language(), learner=learner))
    (config / "default_setting_overrides.json").write_text(text, encoding="utf-8")
    if learner:
        off = {"disabledExtensions": {f"@jupyter/nbgrader:{x}": True for x in TEACHERS}}
        (config / "page_config.json").write_text(json.dumps(off), encoding="utf-8")
    # A source names no kernel: jupytext takes the one whose command is this very
    # interpreter, and JupyterLab need not ask.
    write_kernel_spec(own / "kernels" / "python3")
    env = {**os.environ, **environment.paths()}
    for name in ("JUPYTER_CONFIG_PATH", "JUPYTER_PATH"):
        env[name] = os.pathsep.join(filter(None, [str(own), os.environ.get(name)]))
    course = _course(named)
    return env | ({COURSE: str(course.root)} if course else {})


def _log(named: Path | None, own: Path) -> Path:
    """Where the server's log goes: to the course's, where it can be written."""
    course = _course(named)
    if course:
        try:
            return state.make(course.state / "log") / "lab.log"
        except OSError:
            pass
    return own / "lab.log"


def _course(named: Path | None) -> Course | None:
    try:
        return Course.find(named)
    except NoCourse:
        if named is not None:
            raise
    return None


def _update(course: Course, slug: str) -> int:
    """Bring one lesson up to date, and tell what was taken over."""
    (lesson,) = course.pick([slug])
    done = my_lessons.update(course, lesson, language())
    if done.old is None:
        print(say("lab.newest", path=done.path))
        return 0
    print(
        say("lab.updated", path=done.path, answers=done.answers, cells=done.cells),
        say("lab.old", path=done.old),
        sep="\n",
    )
    return 0
