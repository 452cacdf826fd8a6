"""Downloads against a server on loopback: whatever goes wrong, the good copy stays."""

import errno
import hashlib
import importlib.util
import io
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from bmkit import data
from bmkit.course.cli import main as command
from bmkit.data import cards, network, store
from tests import ROOT

GOOD = b"BAKER:\nThe bread is true.\n" * 2000
BAD = b"<html>Please sign in to the conference network</html>"


class Server(BaseHTTPRequestHandler):
    """What it does is the first word of the path."""

    def do_GET(self):
        self.server.asked.append(self.path)
        getattr(self, self.path.split("/")[1])()

    def log_message(self, *_):
        pass

    def send(self, body, status=200, promised=None):
        self.send_response(status)
        self.send_header("Content-Length", str(promised or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def good(self):
        self.send(GOOD)

    def bad(self):
        self.send(BAD)

    def cut(self):
        self.send(GOOD[:1000], promised=len(GOOD))

    def missing(self):
        self.send(b"", status=404)

    def once(self):
        if len(self.server.asked) == 1:
            self.send(b"", status=503)
        else:
            self.send(GOOD)

    def hang(self):
        self.server.over.wait(10)

    def stall(self):
        self.send(GOOD[:1000], promised=len(GOOD))
        self.wfile.flush()
        self.server.over.wait(10)


@pytest.fixture(scope="module")
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.daemon_threads = True
    server.over, server.asked = threading.Event(), []
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def plays(server, monkeypatch, tmp_path):
    """A function: lay down the card of `plays` whose URL does so and so."""
    server.asked.clear()
    monkeypatch.delenv("BMKIT_MIRROR", raising=False)
    monkeypatch.delenv("BMKIT_OFFLINE", raising=False)
    monkeypatch.setenv("BMKIT_CACHE", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(network, "CONNECT", 0.3)
    monkeypatch.setattr(network, "READ", 0.3)
    text = (cards.FOLDER / "plays.toml").read_text(encoding="utf-8")
    real = cards.card("plays").files[0]
    (tmp_path / "cards").mkdir()
    monkeypatch.setattr(cards, "FOLDER", tmp_path / "cards")

    def lay(does, port=server.server_port, host="http://127.0.0.1"):
        fake = text.replace(real.url, f"{host}:{port}/{does}/input.txt")
        fake = fake.replace(real.sha256, hashlib.sha256(GOOD).hexdigest())
        fake = fake.replace(f"bytes = {real.bytes}", f"bytes = {len(GOOD)}")
        (tmp_path / "cards" / "plays.toml").write_text(fake, encoding="utf-8")
        return cards.card("plays")

    return lay


@pytest.fixture
def cached(tmp_path):
    path = tmp_path / "cache" / "tiny-shakespeare" / "input.txt"
    path.parent.mkdir(parents=True)
    return path


def bmkit(action, *names):
    return command.main(["data", action, *names])


def closed_port():
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as free:
        return free.server_port


def test_download_is_verified_and_kept(plays, server, cached, capsys):
    plays("good")
    for _ in range(2):
        got = data.load("plays")
        assert got.real and got.text == GOOD.decode()
    assert cached.read_bytes() == GOOD
    if os.name == "posix":  # one cache may serve several users
        assert cached.stat().st_mode & 0o444 == 0o444
    assert len(server.asked) == 1
    assert capsys.readouterr().out == ""


WRONG = {
    "bad": "gave something else than the input.txt on the card",
    "cut": "the connection broke",
    "missing": "answered 404 for input.txt",
    "hang": "does not answer",
    "stall": "the connection broke",
}


@pytest.mark.parametrize("does", WRONG)
def test_whatever_the_server_does_wrong_is_one_clear_line(plays, cached, capsys, does):
    plays(does)
    cached.write_bytes(GOOD[:500])  # half-written by someone else
    assert bmkit("get", "plays") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("plays: 127.0.0.1:") and WRONG[does] in line
    assert not data.load("plays").real
    (line,) = capsys.readouterr().out.splitlines()
    assert "stand-in" in line and WRONG[does] in line
    assert "is not the file on the card (500 bytes" in line
    assert "bmkit data get plays" in line
    assert [path.name for path in cached.parent.iterdir()] == ["input.txt"]


@pytest.mark.parametrize("does", WRONG)
def test_a_good_copy_is_not_touched(plays, server, cached, does):
    plays(does)
    cached.write_bytes(GOOD)
    before = cached.stat()
    assert bmkit("get", "plays") == 0 and data.load("plays").real
    assert (cached.stat().st_mtime_ns, cached.stat().st_ino) == (
        before.st_mtime_ns,
        before.st_ino,
    )
    assert server.asked == []


def test_no_network(plays, cached, capsys):
    plays("good", port=closed_port())
    got = data.load("plays", SimpleNamespace(profile="workshop", lang="zh", seed=0))
    (line,) = capsys.readouterr().out.splitlines()
    assert not got.real and "无法连接 127.0.0.1" in line and "替代数据" in line


def test_one_more_try_when_a_server_is_busy(plays, server, cached):
    plays("once")
    assert data.load("plays").real and len(server.asked) == 2


def test_404_is_not_tried_again(plays, server):
    plays("missing")
    data.load("plays")
    assert len(server.asked) == 1


def test_offline_asks_nobody(plays, server, monkeypatch):
    plays("good")
    monkeypatch.setenv("BMKIT_OFFLINE", "1")
    assert not data.load("plays").real
    assert bmkit("get", "plays") == 1
    assert server.asked == []


def test_half_written_cache_is_made_good(plays, cached, capsys):
    plays("good")
    cached.write_bytes(GOOD[:500])
    assert bmkit("verify") == 1
    assert "WRONG" in capsys.readouterr().out
    assert data.load("plays").real
    assert bmkit("verify") == 0
    assert cached.read_bytes() == GOOD


class FullDisk(io.BytesIO):
    def write(self, block):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_full_disk(plays, cached, monkeypatch, capsys):
    plays("good")
    cached.write_bytes(b"old")

    def full(handle, mode):
        os.close(handle)
        return FullDisk()

    monkeypatch.setattr(store.os, "fdopen", full)
    assert bmkit("get", "plays") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "the disk is full" in line and "BMKIT_CACHE" in line
    assert not data.load("plays").real
    assert "the disk is full" in capsys.readouterr().out
    assert [path.name for path in cached.parent.iterdir()] == ["input.txt"]
    assert cached.read_bytes() == b"old"


def test_cache_that_cannot_be_written(plays, tmp_path, capsys):
    plays("good")
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert bmkit("get", "plays") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "cannot be written" in line


def test_interrupted_downloads_are_swept_away(plays, cached):
    plays("good")
    old, new = cached.parent / "old.part", cached.parent / "new.part"
    old.write_bytes(b"x")
    new.write_bytes(b"x")
    os.utime(old, (0, 0))
    data.load("plays")
    assert not old.exists() and new.exists()


def test_mirror_is_used_verified_and_copied(
    plays, server, cached, monkeypatch, tmp_path, capsys
):
    plays("missing")
    monkeypatch.setenv("BMKIT_MIRROR", str(tmp_path / "mirror"))
    there = tmp_path / "mirror" / "tiny-shakespeare" / "input.txt"
    assert not data.load("plays").real
    assert (
        f"BMKIT_MIRROR names {there.parents[1]}, which is no folder"
        in capsys.readouterr().out
    )
    there.parent.mkdir(parents=True)
    there.write_bytes(GOOD)
    server.asked.clear()
    assert data.load("plays").real and not cached.exists()
    assert capsys.readouterr().out == ""
    assert bmkit("get", "plays") == 0
    assert cached.read_bytes() == GOOD and server.asked == []
    capsys.readouterr()
    there.write_bytes(BAD)
    assert data.load("plays").real  # from the cache
    (line,) = capsys.readouterr().out.splitlines()
    assert f"{there} is not the file on the card" in line
    assert bmkit("verify", "plays") == 1


def test_hashes_follow_what_a_run_would_use(plays, cached):
    plays("missing")
    without = data.hashes(["plays"], "workshop")["plays"]
    assert without == data.hashes(["plays"], "ci")["plays"]
    cached.write_bytes(GOOD)
    there = data.hashes(["plays"], "workshop")["plays"]
    assert there.startswith("real:") and without.startswith("stand-in:")
    cached.write_bytes(BAD)
    assert data.hashes(["plays"], "workshop")["plays"] == without
    with (cards.FOLDER / "plays.toml").open("a") as card:
        card.write("# changed\n")
    assert data.hashes(["plays"], "ci")["plays"] != without


def test_several_processes_at_once(plays, tmp_path, cached):
    plays("good")
    cached.write_bytes(GOOD[:500])
    program = (
        "import pathlib, sys\n"
        "from bmkit import data\n"
        "data.cards.FOLDER = pathlib.Path(sys.argv[1])\n"
        "print(data.load('plays').real)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "cards")]
    runs = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for _ in range(4)
    ]
    said = [run.communicate(timeout=30)[0].splitlines()[-1] for run in runs]
    assert said == ["True"] * 4
    assert cached.read_bytes() == GOOD
    assert [path.name for path in cached.parent.iterdir()] == ["input.txt"]


def test_list_says_where_each_set_is(plays, cached, capsys):
    plays("good")
    assert bmkit("list") == 0
    assert "not here" in capsys.readouterr().out
    cached.write_bytes(GOOD)
    assert bmkit("list") == 0
    out = capsys.readouterr().out
    assert "cache" in out and "plays" in out and "public domain" in out
    assert bmkit("get", "nonsense") == 2
    assert "there are: plays" in capsys.readouterr().err


def test_a_name_without_an_address_is_told_as_that(plays, capsys):
    plays("good", host="http://no-such-host.invalid")
    assert bmkit("get", "plays") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "no address is known for no-such-host.invalid" in line


def test_a_bundle_of_certificates_that_is_not_there_is_named(
    plays, monkeypatch, capsys, tmp_path
):
    plays("good", host="https://127.0.0.1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "no.pem"))
    assert bmkit("get", "plays") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"REQUESTS_CA_BUNDLE names {tmp_path / 'no.pem'}, which is not there" in line
    assert "BMKIT_CACHE" not in line


def test_a_certificate_that_nobody_vouches_for_is_told_as_that(
    plays, monkeypatch, capsys
):
    import requests

    def refuses(*_, **__):
        raise requests.exceptions.SSLError(
            "[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"
        )

    plays("good")
    monkeypatch.setattr(requests, "get", refuses)
    assert bmkit("get", "plays") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "a certificate that cannot be verified" in line


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_a_proxy_in_the_way_is_named_without_its_password(
    plays, monkeypatch, capsys, scheme
):
    plays("good")
    port = closed_port()
    monkeypatch.setenv("HTTP_PROXY", f"{scheme}://ann:secret@127.0.0.1:{port}")
    assert bmkit("get", "plays") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"the proxy {scheme}://127.0.0.1:{port}" in line and "secret" not in line
    if scheme == "socks5" and importlib.util.find_spec("socks") is None:
        assert "pip install PySocks" in line


def test_a_mirror_is_made_documented_and_completed(
    plays, server, cached, monkeypatch, tmp_path, capsys
):
    plays("good")
    made = tmp_path / "made"
    assert bmkit("mirror", str(made), "plays") == 0
    capsys.readouterr()
    assert (made / "tiny-shakespeare" / "input.txt").read_bytes() == GOOD
    assert not cached.exists()
    about = (made / "README.md").read_text(encoding="utf-8")
    for word in ("BMKIT_MIRROR", "public domain", "镜像", "tiny-shakespeare"):
        assert word in about
    sums = (made / "SHA256SUMS").read_text(encoding="utf-8")
    assert sums == f"{hashlib.sha256(GOOD).hexdigest()}  tiny-shakespeare/input.txt\n"
    server.asked.clear()
    monkeypatch.setenv("BMKIT_MIRROR", str(made))
    assert data.load("plays").real
    (made / "tiny-shakespeare" / "input.txt").write_bytes(BAD)
    assert bmkit("mirror", str(made)) == 0  # completed, with all sets
    assert (made / "tiny-shakespeare" / "input.txt").read_bytes() == GOOD
    assert len(server.asked) == 1
    assert bmkit("mirror") == 2
    assert "name the folder" in capsys.readouterr().err


def test_a_mirror_that_is_not_there_is_told_and_not_the_network_blamed(
    plays, monkeypatch, tmp_path, capsys
):
    plays("good", port=closed_port())
    monkeypatch.setenv("BMKIT_MIRROR", str(tmp_path / "mirror"))
    for verb in (["list"], ["get", "plays"], ["verify"]):
        assert bmkit(*verb) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert f"BMKIT_MIRROR names {tmp_path / 'mirror'}, which is no folder" in line
    for lacks in (False, True):
        if lacks:
            (tmp_path / "mirror").mkdir()
        assert not data.load("plays").real
        (line,) = capsys.readouterr().out.splitlines()
        assert str(tmp_path / "mirror") in line and "127.0.0.1" not in line


@pytest.mark.parametrize("named", ["../made", "~/made", "made/../../made"])
def test_a_mirror_may_be_named_from_here_or_from_home(
    plays, cached, monkeypatch, tmp_path, named
):
    plays("good", port=closed_port())
    there = tmp_path / "made" / "tiny-shakespeare" / "input.txt"
    there.parent.mkdir(parents=True)
    there.write_bytes(GOOD)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("BMKIT_MIRROR", named)
    assert data.load("plays").real
    monkeypatch.delenv("BMKIT_MIRROR")
    monkeypatch.setenv("BMKIT_CACHE", named)
    assert data.load("plays").real


def test_what_was_loaded_is_noted_where_somebody_asks(
    plays, cached, monkeypatch, tmp_path
):
    plays("missing")
    monkeypatch.setenv(data.USED, str(tmp_path / "used"))
    assert data.used(tmp_path / "used") == {}
    data.load("plays")
    missing = data.hashes(["plays"], "workshop")["plays"]
    assert data.used(tmp_path / "used") == {"plays": {missing}}
    cached.write_bytes(GOOD)
    data.load("plays")
    real = data.hashes(["plays"], "workshop")["plays"]
    assert data.used(tmp_path / "used") == {"plays": {missing, real}}


def test_the_shared_layout_of_mirrors_is_that_of_the_cards(mirror_of_the_course):
    """A mirror made elsewhere, with a manifest, has each file where its card says."""
    manifest = json.loads((mirror_of_the_course / "manifest.json").read_text("utf-8"))
    there = {
        f"{one['name']}/{file['file']}": file["sha256"]
        for one in manifest["datasets"]
        for file in one.get("files", [])
    }
    for card in cards.every():
        for file in card.files:
            assert there[f"{card.mirror}/{file.file}"] == file.sha256


@pytest.fixture
def mirror_of_the_course():
    named = os.environ.get("BMKIT_TEST_MIRROR") or os.environ.get("BMKIT_MIRROR")
    if not named or not (Path(named) / "manifest.json").is_file():
        pytest.skip("BMKIT_MIRROR names no mirror with a manifest")
    return Path(named)
