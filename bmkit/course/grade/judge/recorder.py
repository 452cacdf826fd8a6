"""What a cell of a stranger's notebook prints, shows and raises, up to a limit."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from typing import Any

from bmkit.course.json_values import JsonObject


class Recorder:
    """What a cell prints, shows and raises, in order, up to a limit in all."""

    def __init__(self, limit: int) -> None:
        self.left = limit
        self.outputs: list[JsonObject] = []

    def start(self) -> None:
        """Forget the last cell's outputs."""
        self.outputs = []

    def attach(self, shell: Any) -> None:
        """Take the place of the terminal."""
        from IPython.core.displayhook import DisplayHook
        from IPython.core.displaypub import DisplayPublisher

        recorder = self

        class Publisher(DisplayPublisher):
            """Takes what `display` shows."""

            def publish(
                self, data: Any, metadata: Any = None, source: Any = None, **_: Any
            ) -> None:
                recorder.show("display_data", data, metadata or {})

            def clear_output(self, wait: bool = False) -> None:
                recorder.start()

        class Hook(DisplayHook):
            """Takes the value of a cell's last line."""

            def write_output_prompt(self) -> None: ...

            def write_format_data(self, data: Any, metadata: Any = None) -> None:
                recorder.show("execute_result", data, metadata or {})

            def finish_displayhook(self) -> None: ...

        shell.display_pub = Publisher(parent=shell)
        shell.displayhook = Hook(shell=shell, parent=shell)
        shell.display_trap.hook = shell.displayhook
        shell._showtraceback = self.raised
        sys.stdout, sys.stderr = Stream(self, "stdout"), Stream(self, "stderr")

    def show(self, kind: str, data: Any, metadata: Any) -> None:
        """Keep one rich output."""
        import base64

        plain: JsonObject = {}
        for mime, body in data.items():
            if isinstance(body, bytes):
                body = base64.b64encode(body).decode()
            plain[mime] = body
        size = sum(len(str(body)) for body in plain.values())
        if not self._spend(size):
            return
        output: JsonObject = {"output_type": kind, "data": plain}
        output["metadata"] = metadata
        if kind == "execute_result":
            output["execution_count"] = None
        self.outputs.append(output)

    def printed(self, name: str, text: str) -> None:
        """Keep what was printed."""
        if not self._spend(len(text)):
            return
        last = self.outputs[-1] if self.outputs else {}
        if last.get("name") != name:
            last = {"output_type": "stream", "name": name, "text": io.StringIO()}
            self.outputs.append(last)
        last["text"].write(text)  # adding to a string would copy it every time

    def shown(self) -> list[JsonObject]:
        """The outputs as a notebook holds them."""
        outputs = [dict(output) for output in self.outputs]
        for output in outputs:
            if isinstance(output.get("text"), io.StringIO):
                output["text"] = output["text"].getvalue()
        return outputs

    def raised(self, kind: object, value: object, lines: list[str]) -> None:
        """Keep an error, as IPython would print it."""
        output = {"output_type": "error", "ename": getattr(kind, "__name__", "Error")}
        output |= {"evalue": str(value)[:4000], "traceback": [str(x) for x in lines]}
        if self._spend(sum(map(len, output["traceback"]))):
            self.outputs.append(output)

    def _spend(self, size: int) -> bool:
        if self.left < 0:
            return False
        self.left -= size
        if self.left < 0:
            text = "… more than may be shown; the rest is left out\n"
            self.outputs.append(
                {"output_type": "stream", "name": "stderr", "text": text}
            )
            return False
        return True


class Stream:
    """A text file that the recorder reads; nothing below it."""

    encoding, errors = "utf-8", "replace"

    def __init__(self, recorder: Recorder, name: str) -> None:
        self._recorder, self.name = recorder, name

    def write(self, text: str) -> int:
        self._recorder.printed(self.name, str(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None: ...

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return 1 if self.name == "stdout" else 2
