"""System calls that no lesson needs and that reach around the walls and limits.

Memory in files without a name counts for no process; keyrings pass from one room to
the next; tracing and io_uring are doors that are opened from time to time.
"""

from __future__ import annotations

import ctypes
import platform
import struct

# The first of each pair is x86-64's number, the second 64-bit Arm's.
DENIED = {
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
}
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
X32 = 0x40000000  # x86-64's numbers over again, for 32-bit pointers
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, DENY = 0x7FFF0000, 0x00050000 | 1  # EPERM
PR_SET_SECCOMP, FILTER = 22, 2


def program(machine: str) -> bytes:
    """The filter for one kind of processor; empty where its numbers are not known."""
    if machine not in MACHINES:
        return b""
    column, architecture = MACHINES[machine]
    numbers = [both[column] for both in DENIED.values()]
    steps = [(LOAD, 0, 0, 4), (EQUAL, 0, len(numbers) + 3, architecture)]
    steps += [(LOAD, 0, 0, 0), (AT_LEAST, len(numbers) + 1, 0, X32)]
    left = range(len(numbers), 0, -1)
    steps += [(EQUAL, n, 0, number) for n, number in zip(left, numbers, strict=True)]
    steps += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, DENY)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def deny(libc: ctypes.CDLL) -> int:
    """Take these calls from this process and its children for good; 0 when done.

    It needs ``no_new_privs``.
    """
    code = program(platform.machine())
    if not code:
        return 0
    held = ctypes.create_string_buffer(code, len(code))
    sheet = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(held))
    return libc.prctl(PR_SET_SECCOMP, FILTER, sheet, 0, 0)
