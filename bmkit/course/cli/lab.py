"""`bmkit lab`: JupyterLab on the lessons, in the learner's language."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from bmkit.course.cli import options
from bmkit.course.kernels import environment
from bmkit.course.source.catalog import Course
from bmkit.course.source.cells import OPTIONS
from bmkit.course.words import say
from bmkit.errors import WrongUse
from bmkit.language import language

LOCALES = {"en": "default", "zh": "zh_CN"}
# How a source is saved as text: the options of its cells, and nothing of Jupyter's own.
# Its header has no `jupyter:`, so that it comes back word for word, as a raw cell.
JUPYTEXT = {
    "notebook_metadata_filter": "-all",
    "cell_metadata_filter": ",".join(
        [*sorted(set().union(*OPTIONS.values())), "lang", "title", "-all"]
    ),
}

HOOK = "bmkit.course.source.saved.keep_letters"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments; the rest is JupyterLab's."""
    parser.usage = "bmkit lab [-h] [--lang {en,zh}] [--course DIR] [FOLDER] ..."
    options.add_lang(parser, "the language of JupyterLab and of the lessons")
    options.add_course(parser)
    parser.epilog = (
        "FOLDER is where the notebooks are (default: the course's lessons/). All that "
        "follows it goes to JupyterLab, as in: bmkit lab --no-browser --port 9123"
    )


def settings(lang: str) -> dict[str, dict[str, object]]:
    """What JupyterLab starts with: the language, sources as notebooks, no news."""
    return {
        "@jupyterlab/docmanager-extension:plugin": {
            "defaultViewers": {"python": "Jupytext Notebook"}
        },
        "@jupyterlab/apputils-extension:notification": {
            "fetchNews": "false",
            "checkForUpdates": False,
        },
        "@jupyterlab/translation-extension:plugin": {"locale": LOCALES[lang]},
    }


def main(args: argparse.Namespace) -> int:
    """Start JupyterLab and wait for it; return its exit code."""
    rest, lang = list(args.rest), language()
    # A number after --port is no folder: ours stands before all that is JupyterLab's.
    named = rest and not rest[0].startswith("-")
    folder = Path(rest.pop(0)) if named else Course.find(args.course).built
    folder = folder.resolve()
    if not folder.is_dir():
        raise WrongUse(say("lab.no_lessons", folder=folder))
    from ipykernel.kernelspec import write_kernel_spec

    start = f"/lab/tree/{lang}" if (folder / lang).is_dir() else "/lab"
    with tempfile.TemporaryDirectory() as own:
        config = Path(own) / "labconfig"
        config.mkdir()
        overrides = config / "default_setting_overrides.json"
        overrides.write_text(json.dumps(settings(lang)), encoding="utf-8")
        # A source names no kernel: jupytext takes the one whose command is this very
        # interpreter, and JupyterLab need not ask.
        write_kernel_spec(Path(own) / "kernels" / "python3")
        paths = [own, os.environ.get("JUPYTER_CONFIG_PATH", "")]
        data = [own, os.environ.get("JUPYTER_PATH", "")]
        env = {
            **os.environ,
            **environment.paths(),
            "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, paths)),
            "JUPYTER_PATH": os.pathsep.join(filter(None, data)),
        }
        command = [sys.executable, "-m", "jupyterlab"]
        # All of lessons/ is served, so that links between lessons work.
        command += [f"--ServerApp.root_dir={folder}"]
        command += [f"--LabApp.default_url={start}"]
        command += [f"--JupytextConfiguration.{k}={v}" for k, v in JUPYTEXT.items()]
        command += [f"--FileContentsManager.post_save_hook={HOOK}"]
        command += rest
        with subprocess.Popen(command, env=env) as server:
            # Who ends us means JupyterLab, and with it its kernels.
            signal.signal(signal.SIGTERM, lambda *_: server.terminate())
            try:
                return server.wait()
            except KeyboardInterrupt:
                return 0
