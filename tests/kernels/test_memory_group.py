"""Where a memory group is made and what it is told; `test_sandbox` fills real ones."""

from __future__ import annotations

import os

import pytest

from bmkit.course.kernels import forkserver, memory_group, usage

MOUNT = "31 23 0:28 {root} {point} rw - {kind} {kind} rw{options}\n"


@pytest.fixture
def systems(tmp_path):
    """A version 1 and a version 2 tree of folders, as the kernel shows them."""
    old, new = tmp_path / "memory", tmp_path / "unified"
    for folder in (old / "job", new / "user" / "job", new / "system" / "job"):
        folder.mkdir(parents=True)
    (old / "job" / "memory.limit_in_bytes").touch()
    for folder in (new / "user", new / "system"):
        (folder / "cgroup.procs").touch()
    (new / "user" / "cgroup.subtree_control").write_text("memory pids\n")
    (new / "system" / "cgroup.subtree_control").write_text("pids\n")
    mounts = MOUNT.format(root="/", point=old, kind="cgroup", options=",memory")
    mounts += MOUNT.format(root="/", point=new, kind="cgroup2", options="")
    return old, new, mounts


def test_version_1_makes_groups_below_our_own(systems):
    old, _, mounts = systems
    assert memory_group.place_of("4:memory:/job\n0::/\n", mounts) == old / "job"


def test_version_2_makes_groups_beside_our_own_where_it_was_handed_over(systems):
    _, new, mounts = systems
    assert memory_group.place_of("0::/user/job\n", mounts) == new / "user"
    assert memory_group.place_of("0::/system/job\n", mounts) is None


def test_a_container_shows_its_own_group_as_the_root(systems):
    old, _, _ = systems
    mounts = MOUNT.format(
        root="/docker/7", point=old / "job", kind="cgroup", options=",memory"
    )
    place = memory_group.place_of("4:memory:/docker/7\n", mounts)
    assert place is not None and place.samefile(old / "job")
    assert memory_group.place_of("4:memory:/other\n", mounts) is None


def test_there_may_be_no_groups_at_all():
    assert memory_group.place_of("", "") is None


def test_a_folder_that_takes_no_limit_is_no_group(systems, monkeypatch):
    monkeypatch.setattr(memory_group, "_place", lambda: systems[1] / "user")
    monkeypatch.setattr(memory_group, "_limit", _refuse)
    assert memory_group.make(64) is None
    assert [one.name for one in (systems[1] / "user").glob("bmkit-*")] == []


def _refuse(*_):
    raise PermissionError


def test_the_limits_of_both_versions(systems):
    old, new, _ = systems
    memory_group._limit(old / "job", 64 * 2**20)
    assert (old / "job" / "memory.limit_in_bytes").read_text() == "67108864"
    memory_group._limit(new / "user" / "job", 64 * 2**20)
    told = {p.name: p.read_text() for p in (new / "user" / "job").iterdir()}
    assert told == {
        "memory.max": "67108864",
        "memory.swap.max": "0",
        "memory.oom.group": "1",
    }


@pytest.mark.parametrize("name", ["memory.events", "memory.oom_control"])
def test_what_the_kernel_ended_is_known(name, tmp_path):
    group = memory_group.MemoryGroup(tmp_path, -1)
    assert not group.exceeded()
    (tmp_path / name).write_text("low 0\noom_kill 0\n")
    assert not group.exceeded()
    (tmp_path / name).write_text("low 0\noom_kill 2\n")
    assert group.exceeded()


def test_groups_of_a_grader_that_was_killed_are_swept(tmp_path):
    for name in ("bmkit-999999999-1", f"bmkit-{os.getpid()}-1", "other"):
        (tmp_path / name).mkdir()
    memory_group._sweep(tmp_path)
    left = {one.name for one in tmp_path.iterdir()}
    assert left == {f"bmkit-{os.getpid()}-1", "other"}


class Said(forkserver.Server):
    """A fork server with children that were never forked."""

    def __init__(self, limits: dict[int, dict[str, float]]) -> None:
        self.said: list[dict[str, object]] = []
        self.children = {
            n: forkserver.Child(n, n, n, -1, one) for n, one in limits.items()
        }

    def tell(self, message):
        self.said.append(message)

    def kill(self, child):
        pass


@pytest.mark.parametrize(
    ("left", "mapped", "ended"),
    [
        (900, {1: 5_000, 2: 9_000}, []),
        (300, {1: 5_000, 2: 9_000}, [2]),
        (300, {1: 9_000, 2: 5_000}, [1]),
        (300, {1: 400, 2: 300}, []),  # it is someone else who holds the memory
    ],
)
def test_with_little_memory_left_who_may_hold_most_is_ended(
    left, mapped, ended, monkeypatch
):
    """In MiB; the reserve is 500. Nothing here is above a limit of its own."""
    limits = {"memory": 10_000, "processes": 10}
    server = Said({1: limits, 2: limits})
    monkeypatch.setattr(usage, "trees", dict)
    monkeypatch.setattr(
        usage, "of", lambda pid: usage.Usage(mapped=1024 * mapped.get(pid, 0))
    )
    monkeypatch.setattr(usage, "available", lambda: (1024 * left, 1024 * 500))
    server.watch()
    assert server.said == [{"over": n, "limit": "machine", "most": 500} for n in ended]


def test_open_sockets_are_part_of_a_claim():
    few, many = usage.Usage(files=4), usage.Usage(files=400)
    assert many.claim(few) > 80_000 > few.claim(few)
    assert usage.of(os.getpid()).files > 0
    assert usage.of(999_999_999) == usage.Usage()
