"""What crosses between the examiner and the learner's process, and what does not."""

from __future__ import annotations

import collections
import json
import math
import random
import socket
import struct
import threading

import numpy as np
import pytest
import torch

from bmkit.course.grade.judge import messages, serialization
from bmkit.course.grade.judge.exceptions import RemoteError
from bmkit.course.grade.judge.messages import SerializationError
from bmkit.course.grade.judge.remote_object import RemoteObject
from bmkit.course.grade.judge.rpc import Peer
from bmkit.course.grade.judge.serialization import Seen

Point = collections.namedtuple("Point", "x y")
NAN, INF = float("nan"), float("inf")


class Nobody:
    """Names nothing: whatever cannot cross is an error."""

    def name(self, value):
        raise SerializationError(f"a {type(value).__name__} cannot cross")

    named = name

    def history(self, tensor):
        return {}

    def connected(self, tensor, body):
        return tensor.requires_grad_() if body["grad"] else tensor


def over(value):
    """``value`` as it arrives."""
    text = json.dumps(serialization.pack(value, Nobody(), Seen()))
    return serialization.unpack(json.loads(text), Nobody(), Seen())


def same(one, other) -> bool:
    """Equal in value, kind, shape and type of numbers; nan equals nan."""
    if isinstance(one, tuple) and hasattr(one, "_fields"):
        return one._fields == other._fields and same(tuple(one), tuple(other))
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        one_grad = one.grad if one.is_leaf else None
        grads = (
            one_grad is None
            if other.grad is None
            else torch.equal(one_grad, other.grad)
        )
        return (
            grads
            and (
                (one.dtype, one.shape, one.requires_grad)
                == (other.dtype, other.shape, other.requires_grad)
            )
            and torch.allclose(one.detach(), other.detach(), 0, 0, equal_nan=True)
        )
    if isinstance(one, (np.ndarray, np.generic)):
        shapes = (one.dtype, np.shape(one)) == (other.dtype, np.shape(other))
        return shapes and one.tobytes() == other.tobytes()
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one.items()), list(other.items()))
    if isinstance(one, float):
        # 0.0 and -0.0 differ.
        return repr(one) == repr(other)
    return one == other


PLAIN = [
    *(None, True, False, 0, -1, 2**53, -(2**200), 10**300, ...),
    *(0.0, -0.0, 0.1, 5e-324, NAN, INF, -INF, 1 + 2j, complex(INF, -0.0)),
    *("", "多头注意力", "\0\n\"'\\ 🙂", b"", b"\x00\xff", range(3), range(9, -1, -2)),
    *([], (), {}, [[], [()]], (1,), {1: "a", "1": 2.5, (1, 2): None, None: []}),
    *({1, "a", (2, 3)}, set(), frozenset({1.5}), slice(None), slice(1, None, -2)),
    *(collections.OrderedDict(b=1, a=2), collections.Counter("abca")),
    collections.defaultdict(None, {"a": [1]}),
    *(Point(1, [2]), [Point(Point(0, 0), None)], {"list": [1]}, {"far": {"int": "1"}}),
]
ARRAYS = [
    np.array(3.5),
    np.array([]),
    np.zeros((0, 3), np.int8),
    np.arange(6).reshape(2, 3),
    np.arange(6).reshape(2, 3).T,
    np.arange(10)[::-3],
    np.array([True, False]),
    np.array([1 + 2j, NAN], np.complex64),
    np.array([1, 2], ">i4"),
    np.array([0.5, INF, -0.0], ">f8"),
    np.array(["a", "汉字", ""]),
    np.array([b"x", b"yz"]),
    np.array([1.5, NAN], np.float16),
    np.array(["2026-11-24"], "datetime64[D]"),
    np.float32(0.1),
    np.int64(-7),
    np.bool_(True),
    np.str_("词"),
    np.dtype("float32"),
    np.dtype(">u2"),
]


def tensors():
    """Tensors of every sort that a lesson makes."""
    leaf = torch.tensor([1.0, 2.0], requires_grad=True)
    (leaf**2).sum().backward()
    weight = torch.nn.Parameter(torch.ones(2, 1))
    weight.grad = torch.full((2, 1), 0.5)
    return [
        torch.tensor(3),
        torch.tensor([]),
        torch.zeros(2, 0, 3, dtype=torch.int16),
        torch.arange(6.0).reshape(2, 3).T,
        torch.arange(8)[::2],
        torch.ones(3, 1).expand(3, 4),
        torch.tensor([True, False]),
        torch.tensor([0.1, NAN, -INF], dtype=torch.bfloat16),
        torch.tensor([0.1], dtype=torch.float16),
        torch.tensor([1 + 2j]),
        torch.tensor([1 + 2j, -1j]).conj(),
        torch.tensor([1 + 2j]).conj().imag,
        leaf,
        torch.tensor([1.0], requires_grad=True),
        torch.nn.Parameter(torch.ones(2), requires_grad=False),
        weight,
    ]


@pytest.mark.parametrize("value", PLAIN + ARRAYS, ids=lambda v: repr(v)[:40])
def test_plain_data_and_arrays_arrive_as_they_left(value):
    arrived = over(value)
    assert same(value, arrived), f"{value!r} arrived as {arrived!r}"


@pytest.mark.parametrize("number", range(len(tensors())))
def test_tensors_arrive_as_they_left(number):
    value = tensors()[number]
    arrived = over(value)
    assert same(value, arrived), f"{value!r} arrived as {arrived!r}"


def test_a_computed_tensor_arrives_without_its_graph():
    arrived = over(torch.ones(2, requires_grad=True) * 2)
    assert arrived.is_leaf
    assert arrived.requires_grad
    assert arrived.tolist() == [2, 2]


def test_types_sizes_devices_and_generators_of_torch_arrive():
    for value in (torch.float32, torch.bool, torch.device("cpu"), torch.Size([2, 0])):
        arrived = over(value)
        assert type(arrived) is type(value)
        assert arrived == value
    arrived = over(torch.Generator().manual_seed(3))
    expected = torch.rand(4, generator=torch.Generator().manual_seed(3))
    assert torch.equal(torch.rand(4, generator=arrived), expected)


def made_up(chance: random.Random, depth: int = 0):
    """A random value, deeper ones rarer."""
    kinds = ["leaf"] * 3 + ["list", "tuple", "dict", "array", "tensor"]
    kind = chance.choice(kinds if depth < 4 else ["leaf"])
    if kind in ("list", "tuple"):
        parts = [made_up(chance, depth + 1) for _ in range(chance.randrange(4))]
        return parts if kind == "list" else tuple(parts)
    if kind == "dict":
        keys = [chance.choice(["a", "键", 1, -1, 2.5, None, (1, "x")]) for _ in "123"]
        return {key: made_up(chance, depth + 1) for key in keys}
    shape = [chance.randrange(4) for _ in range(chance.randrange(4))]
    noise = np.random.default_rng(chance.randrange(2**32)).standard_normal(shape) * 9
    if kind == "array":
        letters = ["f4", ">f8", "i2", "u1", "?", "c8", "U5"]
        return noise.astype(chance.choice(letters))
    if kind == "tensor":
        types = [torch.float32, torch.bfloat16, torch.int64, torch.bool]
        return torch.tensor(noise).to(chance.choice(types))
    number = chance.uniform(-1, 1) * 10.0 ** chance.randrange(-320, 300)
    text = "".join(chr(chance.randrange(1, 0xD800)) for _ in range(5))
    whole = chance.getrandbits(chance.choice([3, 53, 54, 400]))
    return chance.choice([number, text, whole, -whole, None, True, text.encode()])


@pytest.mark.parametrize("seed", range(5))
def test_random_values_arrive_as_they_left(seed):
    chance = random.Random(seed)
    for _ in range(100):
        value = made_up(chance)
        arrived = over(value)
        assert same(value, arrived), f"{value!r} arrived as {arrived!r}"


# What is refused


def nested(depth: int):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        np.array([object()]),
        np.array([None, 1]),
        nested(serialization.DEEPEST + 1),
        object(),
    ],
    ids=["objects", "none among objects", "too deep", "no data"],
)
def test_what_cannot_cross_is_refused_where_it_is_packed(value):
    with pytest.raises(SerializationError):
        serialization.pack(value, Nobody(), Seen())


def test_one_object_stays_one_object():
    row, weight = [1], torch.ones(1)
    value = [row, weight, {"row": row}, (weight,)]
    value.append(value)
    arrived = over(value)
    assert arrived[2]["row"] is arrived[0]
    assert arrived[3][0] is arrived[1]
    assert arrived[4] is arrived


def body(data="AAAAAAAA", **changes):
    return {"type": "|i1", "shape": [6], "data": data, **changes}


def deep_message():
    message = {"list": []}
    for _ in range(serialization.DEEPEST + 2):
        message = {"list": [message]}
    return message


GARBAGE = {
    "objects": {"array": body(type="|O")},
    "records of objects": {"array": body(type="O,O")},
    "a shape too large": {"array": body(shape=[7])},
    "a shape of text": {"array": body(shape="ab")},
    "no shape": {"array": {"type": "|i1", "data": ""}},
    "no base64": {"array": body(data="é")},
    "half a number": {"array": body(type="<f8")},
    "no type": {"array": body(type="nonsense")},
    "a tensor's wrong shape": {"tensor": body(type="float32", shape=[7])},
    "a tensor of modules": {"tensor": body(type="nn")},
    "a tensor of functions": {"tensor": body(type="load")},
    "a tensor too large": {"tensor": body(type="float32", shape=[2**62], data="")},
    "a tensor without numbers": {"tensor": body(type="float32", data="")},
    "a tensor of a quantised type": {"tensor": body(type="qint8")},
    "an array of fields": {"array": body(type="i1,i1")},
    "a device of another world": {"torch": "load"},
    "a size of text": {"size": ["x"]},
    "a list that is none": {"list": 3},
    "a dictionary of singles": {"dict": [1, 2]},
    "a list as key": {"dict": [{"tuple": [{"list": []}, 1]}]},
    "an int of letters": {"int": "zz"},
    "a range without end": {"range": []},
    "fields that are no names": {"fields": ["a b"], "named": [1]},
    "fields of code": {"fields": ["__class__"], "named": [1]},
    "fields too few": {"fields": ["a"], "named": []},
    "an unknown kind": {"pickle": "gASVAAAA"},
    "nothing": {},
    "a bare list": [1, 2],
    "a bare list within": {"list": [[1]]},
    "too deep": deep_message(),
}


@pytest.mark.parametrize("message", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_refused_as_garbage(message):
    with pytest.raises(SerializationError):
        serialization.unpack(message, Nobody(), Seen())


@pytest.fixture
def line():
    ends = socket.socketpair()
    for end in ends:
        end.settimeout(20)
    yield ends
    for end in ends:
        end.close()


def test_messages_arrive_whole_and_in_order(line):
    sent = [{"n": n, "text": "汉" * n} for n in (0, 1, 70_000)]
    sender = threading.Thread(target=lambda: [messages.send(line[0], m) for m in sent])
    sender.start()
    assert [messages.receive(line[1]) for _ in sent] == sent
    sender.join()


def test_lone_surrogates_do_not_end_the_line(line):
    messages.send(line[0], "\ud800")
    assert messages.receive(line[1]) == "?"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", EOFError),
        (b"\0\0", EOFError),
        (struct.pack(">I", 9) + b"[1,", EOFError),
        (struct.pack(">I", 3) + b"[1,", SerializationError),
        (struct.pack(">I", 2) + b"\xff\xff", SerializationError),
        (struct.pack(">I", 0), SerializationError),
        (struct.pack(">I", 100_000) + b"[" * 100_000, SerializationError),
        (struct.pack(">I", messages.LARGEST + 1), SerializationError),
        (b"\xff" * 8, SerializationError),
    ],
    ids=[
        "none",
        "half",
        "cut",
        "no JSON",
        "no UTF-8",
        "empty",
        "deep",
        "large",
        "noise",
    ],
)
def test_broken_messages_are_told_from_the_end(line, data, error):
    line[0].sendall(data)
    line[0].shutdown(socket.SHUT_WR)
    with pytest.raises(error):
        messages.receive(line[1])


def test_a_message_too_large_is_not_sent(line, monkeypatch):
    monkeypatch.setattr(messages, "LARGEST", 1000)
    with pytest.raises(SerializationError, match="MiB"):
        messages.send(line[0], "x" * 1000)


def test_silence_is_no_message(line):
    line[1].settimeout(0.01)
    with pytest.raises(TimeoutError):
        messages.receive(line[1])


# Peers

LEARNERS = """
import collections, math, numpy as np, torch

def add(a, b=1): return a + b
def call(f, *args, **kwargs): return f(*args, **kwargs)
def same(x): return x
def put(things, where, what): things[where] = what
def add_one_(x): x += 1
def fill_(x):
    with torch.no_grad(): x.fill_(7)
def set_grad(x): x.grad = torch.full_like(x, 3)
def backward(x): (x ** 2).sum().backward()
def step(params):
    for param in params: param -= 1
def append(rows, item): rows.append(item)
def each_append(rows):
    for row in rows: row.append(0)
def append_and_fail(rows): rows.append(1); raise ValueError("after")
def dig(depth): return [dig(depth - 1)] if depth else []
def large(): return "x" * 10_000
def fail(kind): raise kind("so it is")
def divide(a, b): return a / b
class Odd(ValueError): pass
class Odder(Exception):
    def __str__(self): return "odd"
def odd(): raise Odd("odd")
def odder(): raise Odder
def leave(): raise SystemExit(3)
def countdown(n):
    while n: yield n; n -= 1
def forever():
    while True: yield 1
class Box:
    size = 3
    def __init__(self, value=0): self.value = value
    def get(self): return self.value
    def __len__(self): return 3
    def __getitem__(self, i):
        if i > 2: raise IndexError(i)
        return i * 10
    def __add__(self, other): return ("added", other)
    def __radd__(self, other): return ("radded", other)
    def __eq__(self, other): return True
    def __hash__(self): return 1
    def __enter__(self): return "in"
    def __exit__(self, *_): self.value = "out"
    def __float__(self): return 2.5
    def __contains__(self, x): return x == 1
class Nothing:
    def __bool__(self): return False
box = Box(5)
everything = Box()
def peek(f, name): return getattr(f, name)
def poke(f, name): setattr(f, name, 1)
def pull(f, i): return f[i]
def draw(rng): return rng.random(), rng.normal()
def shuffled(rng, n):
    items = list(range(n)); rng.shuffle(items); return items
def flip(g): return torch.rand(2, generator=g)
words = {"a": [1, 2]}
_private = 4
"""


@pytest.fixture
def peers(line):
    """The examiner's end; the learner's serves in a thread with the code above."""
    space: dict = {}
    exec(LEARNERS, space)
    learner = Peer(line[1], space)

    def serve():
        try:
            while True:
                learner.serve(messages.receive(line[1]))
        except (EOFError, OSError):
            pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    examiner = Peer(line[0])
    examiner.learner = learner
    yield examiner
    line[0].shutdown(socket.SHUT_RDWR)
    thread.join(20)


@pytest.fixture
def far(peers):
    """The learner's names by name."""

    class Names:
        def __getattr__(self, name):
            return peers.fetch(name)

    return Names()


def test_calls_take_data_and_give_data(far):
    assert far.add(1, b=2) == 3
    assert far.add("汉", "字") == "汉字"
    assert far.words == {"a": [1, 2]}
    assert same(far.add(torch.ones(2), 1), torch.full((2,), 2.0))


def test_functions_handed_over_are_called_back(far):
    seen = []
    assert far.call(lambda *a, **k: seen.append((a, k)) or 7, 1, x=[2]) == 7
    assert seen == [((1,), {"x": [2]})]
    # There and back again: each calls the other.
    assert far.call(lambda f: f(3), far.add) == 4


def test_a_librarys_own_function_is_theirs_not_ours(peers, far):
    assert far.call(math.sqrt, 9.0) == 3
    assert same(far.call(torch.relu, torch.tensor([-1.0])), torch.zeros(1))
    assert (
        far.call(np.random.default_rng, 0).random() == np.random.default_rng(0).random()
    )
    assert peers.mine == {}, "a library's function was handed over as an object"


def test_what_comes_back_is_what_was_handed_over(far):
    def ours():
        return 1

    assert far.same(ours) is ours
    assert far.same(far.box) is far.box


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: [1, 2], "list"),
        (lambda: {"a": 1}, "dict"),
        (lambda: np.arange(3.0), "array"),
        (lambda: np.arange(6.0).reshape(2, 3).T, "transposed array"),
        (lambda: torch.arange(3.0), "tensor"),
        (lambda: torch.arange(6.0)[::2], "view"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_arguments_changed_in_place_change(far, make, name):
    value, expected = make(), make()
    key = next(iter(value)) if isinstance(value, dict) else 0
    far.put(value, key, 9)
    expected[key] = 9
    assert same(value, expected), f"a {name} kept its old value"
    far.same(value)
    assert same(value, expected), f"a {name} that nobody changed did change"


def test_changes_through_views_and_attributes_change(far):
    base = torch.zeros(4)
    far.fill_(base[1:3])
    assert base.tolist() == [0, 7, 7, 0]
    weight = torch.nn.Parameter(torch.zeros(2))
    far.fill_(weight)
    assert weight.tolist() == [7, 7]
    assert isinstance(weight, torch.nn.Parameter)
    far.set_grad(weight)
    assert weight.grad.tolist() == [3, 3]
    leaf = torch.tensor([2.0], requires_grad=True)
    far.backward(leaf)
    assert leaf.grad.tolist() == [4]


def test_lists_grow_and_shrink_in_place(far):
    rows = [[1], [2]]
    far.append(rows, 3)
    far.each_append(inner := [[1], []])
    assert rows == [[1], [2], 3]
    assert inner == [[1, 0], [0]]


def test_what_is_within_a_changed_list_stays_the_same_object(far):
    weight, array, row = torch.zeros(2), np.zeros(2), []
    params = [weight, array]
    far.step(params)
    far.step(params)
    assert weight.tolist() == [-2, -2], "the second step changed a copy"
    assert array.tolist() == [-2, -2], "the second step changed a copy"
    rows = [row, row]
    far.append(rows, row)
    assert rows[2] is row


def test_a_generator_of_torch_moves_on(far):
    ours, expected = (torch.Generator().manual_seed(1) for _ in range(2))
    for _ in range(2):
        drawn = far.flip(ours)
        assert torch.equal(drawn, torch.rand(2, generator=expected))


@pytest.mark.parametrize(
    "kind", [ValueError, KeyError, AssertionError, NotImplementedError]
)
def test_built_in_exceptions_arrive_as_themselves(far, kind):
    with pytest.raises(kind, match="so it is"):
        far.fail(kind)


def test_an_answer_cannot_end_a_loop_over_the_tests(far):
    with pytest.raises(RuntimeError, match="StopIteration"):
        far.fail(StopIteration)


def test_other_exceptions_arrive_as_the_nearest(far):
    with pytest.raises(ZeroDivisionError, match="division"):
        far.divide(1, 0)
    with pytest.raises(ValueError, match="odd") as caught:
        far.odd()
    assert type(caught.value) is ValueError
    with pytest.raises(RemoteError, match="Odder: odd"):
        far.odder()
    with pytest.raises(RemoteError, match="SystemExit: 3"):
        far.leave()
    with pytest.raises(NameError, match="'missing' is not defined"):
        _ = far.missing


def test_our_exceptions_reach_the_learner_and_come_back(far):
    def ours():
        raise IndexError("ours")

    with pytest.raises(IndexError, match="ours"):
        far.call(ours)


def test_the_line_lives_on_after_an_exception(far, monkeypatch):
    monkeypatch.setattr(messages, "LARGEST", 10_000)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            far.divide(1, 0)
        with pytest.raises(RemoteError, match="MiB"):
            far.large()
        with pytest.raises(RemoteError, match="deep"):
            far.dig(serialization.DEEPEST + 1)
        assert far.divide(6, 3) == 2


def test_changes_before_an_exception_change_too(far):
    rows: list[int] = []
    with pytest.raises(ValueError, match="after"):
        far.append_and_fail(rows)
    assert rows == [1]


def test_generators_and_objects_are_used_from_afar(far):
    assert list(far.countdown(3)) == [3, 2, 1]
    steps = far.countdown(1)
    assert next(steps) == 1
    with pytest.raises(StopIteration):
        next(steps)
    with pytest.raises(RemoteError, match="items"):
        list(far.forever())
    box = far.box
    assert (len(box), box[1], box.get(), box.value, float(box)) == (3, 10, 5, 5, 2.5)
    assert (1 in box, 2 in box) == (True, False)
    assert box + 1 == ("added", 1)
    assert 1 + box == ("radded", 1)
    box.value = [1]
    assert box.get() == [1]
    with box as inside:
        assert inside == "in"
    assert box.value == "out"
    assert far.Box(9).get() == 9
    with pytest.raises(AttributeError):
        _ = box.nothing


def test_an_object_equal_to_everything_equals_itself_alone(far):
    one = far.everything
    assert isinstance(one, RemoteObject)
    assert one == far.everything
    for other in (0, True, None, far.box, [one][1:]):
        assert one != other
        assert other != one
    with pytest.raises(TypeError):
        _ = one < 1


def test_objects_and_functions_are_true_or_false_as_over_there(far):
    assert far.box
    assert far.add
    assert not far.Nothing()


def test_pythons_own_questions_are_not_asked_there(far):
    assert isinstance(far.box, RemoteObject)
    assert far.box.__class__.__name__ == "Box"
    for name in ("__dict__", "__globals__", "__array__", "__eq__", "__hash__"):
        asked = getattr(RemoteObject, name, None)
        assert not getattr(asked, "__qualname__", "").startswith("_relayed"), name
    with pytest.raises(AttributeError):
        _ = far.add.__globals__
    assert bool(far.box)


def test_what_an_object_cannot_do_python_says_by_its_own_name(far):
    nothing = far.Nothing()
    for use, says in (
        (lambda: nothing + 1, "for \\+: 'Nothing' and 'int'"),
        (lambda: 1.5 * nothing, "for \\*: 'float' and 'Nothing'"),
        (lambda: nothing < 3, "between instances of 'Nothing' and 'int'"),
        (lambda: 1 in nothing, "Nothing"),
        (lambda: -nothing, "Nothing"),
    ):
        with pytest.raises(TypeError, match=says):
            use()
    assert far.box + 1 == ("added", 1)


# What the examiner's side does not grant


@pytest.mark.parametrize(
    "name",
    ["__globals__", "__code__", "__closure__", "__self__", "__wrapped__", "func"],
)
def test_the_learner_cannot_look_into_what_is_handed_over(far, name):
    def handed(x=1):
        return x

    class Handed:
        def method(self): ...

    for one in (handed, Handed, Handed().method, lambda: 0):
        with pytest.raises(AttributeError):
            far.peek(one, name)
        with pytest.raises(AttributeError):
            far.poke(one, name)
        with pytest.raises((AttributeError, TypeError)):
            far.pull(one, 0)


@pytest.mark.parametrize(
    "request_",
    [
        {"fetch": "ours"},
        {"fetch": "__builtins__"},
        {"attribute": "__globals__", "of": "F"},
        {"attribute": "func_code", "of": "F"},
        {"set": "__code__", "of": "F"},
        {"call": "__getattribute__", "of": "F"},
        {"call": "__reduce__", "of": "F"},
        {"call": "__iter__", "of": "F"},
        {"call": "__setitem__", "of": "F"},
        {"call": "__call__", "of": 1},
        {"call": "__call__", "of": [1]},
        {"call": "__call__"},
        {"attribute": "bit_generator.__class__", "of": "R"},
        {"attribute": "_bit_generator", "of": "R"},
        {"attribute": "__class__", "of": "R"},
        {"set": "seed", "of": "R"},
        {"call": "__str__", "of": "R"},
        {},
    ],
    ids=lambda r: json.dumps(r),
)
def test_no_message_reaches_more_than_calls(line, request_):
    examiner = Peer(line[0])
    called = []

    def handed(*args):
        called.append(args)

    numbers = {
        "F": examiner.name(handed)["object"],
        "R": examiner.name(random.Random(0))["object"],
    }
    if request_.get("of") in ("F", "R"):
        request_ = {**request_, "of": numbers[request_["of"]]}
    empty = serialization.pack([[], {}], Nobody(), Seen())["list"]
    examiner.serve({**request_, "values": empty})
    answer = messages.receive(line[1])
    assert "raised" in answer, f"it answered {answer}"
    assert called == []


@pytest.mark.parametrize(
    "named",
    [
        {"import": "os:system"},
        {"import": "bmkit.lab.expect:close"},
        {"yours": 12345},
        {"object": "x", "kind": "f"},
    ],
    ids=lambda n: next(iter(n)),
)
def test_the_learner_cannot_name_what_it_was_not_given(line, named):
    examiner = Peer(line[0])
    with pytest.raises(SerializationError):
        serialization.unpack(named, examiner, Seen())


@pytest.mark.parametrize(
    "answer",
    [
        [],
        "x",
        {"answer": {"nonsense": 1}},
        {"answer": 1, "changed": [[7, 1]]},
        {"answer": 1, "changed": [[-1, 1]]},
        {"answer": {"again": 99}},
        {"answer": 1, "changed": [[1, {"list": [1]}]]},
        {"answer": 1, "changed": [[1, {"array": body(type="|O")}]]},
        {"answer": 1, "changed": [[1, {"array": body(shape=[3, 2])}]]},
    ],
    ids=lambda a: json.dumps(a)[:40],
)
def test_an_answer_that_is_none_is_refused(line, answer):
    examiner = Peer(line[0])
    value = np.zeros(2)
    messages.send(line[1], answer)
    with pytest.raises(SerializationError):
        examiner.call(1, "__call__", [value], {})
    assert value.tolist() == [0, 0]


def test_a_changed_argument_keeps_shape_and_kind(line):
    examiner = Peer(line[0])
    for given, became in (
        (torch.zeros(2), torch.zeros(3)),
        ([1], {"a": 1}),
        ({1}, [1]),
        (np.zeros(2), np.zeros(5)),
    ):
        # Position 0 is the list of all arguments.
        changed = [[1, serialization.pack(became, Nobody(), Seen())]]
        messages.send(line[1], {"answer": 1, "changed": changed})
        with pytest.raises(SerializationError, match="changed its shape or kind"):
            examiner.call(1, "__call__", [given], {})


def test_random_generators_are_handed_over_and_move_on(far):
    for kind, named in (
        (np.random.default_rng, "generator"),
        (np.random.RandomState, "old generator"),
    ):
        ours, expected = kind(3), kind(3)
        for _ in range(2):
            drawn = far.draw(ours)
            assert drawn == (expected.random(), expected.normal()), named
    assert far.shuffled(np.random.default_rng(1), 5) != list(range(5))


def test_only_functions_generators_and_data_are_handed_over(far):
    class Ours:
        """A class of the tests' own."""

    with pytest.raises(SerializationError, match=r"hands over a Ours.*or a function"):
        far.same(Ours())
