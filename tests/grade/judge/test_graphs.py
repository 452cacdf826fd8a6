"""Gradients flow between the examiner and the learner's process; only data crosses."""

from __future__ import annotations

import contextlib
import json
import socket
import threading

import pytest
import torch
from torch.nn import functional as F

from bmkit import expect
from bmkit.course.grade.judge import graphs, messages, serialization
from bmkit.course.grade.judge.exceptions import RemoteError
from bmkit.course.grade.judge.messages import SerializationError
from bmkit.course.grade.judge.remote_object import RemoteObject
from bmkit.course.grade.judge.rpc import Peer
from bmkit.lab.expect import CheckFailed

LEARNERS = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, d, hidden):
        super().__init__()
        self.fc, self.out = nn.Linear(d, hidden), nn.Linear(hidden, d)
        self.seen = 0
    def forward(self, x, scale=1.0):
        self.seen += 1
        return self.out(torch.tanh(self.fc(x))) * scale
    def both(self, x):
        h = self.fc(x)
        return h, {"twice": [h * 2]}

class Alone(Net):
    def forward(self, x): return x + 0.0 * self.seen

def scaled(x, w): return (x * w).sum(-1)
def cut(x): return x.detach() * 2
def partly(x, y): return x * 2
def itself(x): return x
def cell(x, h, w): return torch.tanh(x + h * w)
def through(f, x):
    y = f(x)
    return torch.autograd.grad(y.sum(), x)[0]
def steps(net, lr):
    net(torch.ones(1, 3)).sum().backward()
    with torch.no_grad():
        for p in net.parameters(): p -= lr * p.grad
def lifted(net):
    for p in net.parameters(): p.data = p.data + 1
def row_wise(net): return [net(torch.ones(1, 3)), torch.ones(2)]
def doubled(net): net.double()
def sparse(net): net.fc.weight.grad = torch.ones(4, 3).to_sparse()
def mode(): return torch.is_grad_enabled()
def quantised(): return torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)
def weight_of(net): return net.fc.weight
def add_to(p):
    with torch.no_grad(): p += 1

class Wrong(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x): return x * 2
    @staticmethod
    def backward(ctx, g): return g * 7
def wrong(x): return Wrong.apply(x)
class Fails(Wrong):
    @staticmethod
    def backward(ctx, g): raise ValueError("no way back")
def fails(x): return Fails.apply(x)
"""


@pytest.fixture
def peers():
    """The examiner's end; the learner's serves in a thread with the code above."""
    one, other = socket.socketpair()
    space: dict = {}
    exec(LEARNERS, space)
    learner = Peer(other, space)

    def serve():
        with contextlib.suppress(EOFError, OSError):
            while True:
                learner.serve(messages.receive(other))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    examiner = Peer(one)
    examiner.learner = learner
    yield examiner
    one.shutdown(socket.SHUT_RDWR)
    thread.join(20)


@pytest.fixture
def far(peers):
    class Names:
        def __getattr__(self, name):
            return peers.fetch(name)

    return Names()


def here(far, d=3, hidden=4):
    """A net over there and one with the same weights here."""
    theirs = far.Net(d, hidden)
    space: dict = {}
    exec(LEARNERS, space)
    ours = space["Net"](d, hidden)
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


def test_gradients_flow_back_to_what_a_call_was_given(far):
    x = torch.randn(2, 3, requires_grad=True)
    w = torch.randn(3, requires_grad=True)
    result = far.scaled(x, w)
    assert result.requires_grad
    assert not result.is_leaf
    slopes = torch.autograd.grad(result.square().sum(), [x, w])
    want = torch.autograd.grad((x * w).sum(-1).square().sum(), [x, w])
    for mine, right in zip(slopes, want, strict=True):
        torch.testing.assert_close(mine, right)
    result.sum().backward()
    torch.testing.assert_close(w.grad, x.detach().sum(0))


def test_gradients_flow_through_one_call_after_another(far):
    w, h = torch.tensor([0.5, -1.0], requires_grad=True), torch.zeros(2)
    mine, right = h, h
    for x in torch.randn(4, 2):
        mine, right = far.cell(x, mine, w), torch.tanh(x + right * w)
    a, b = (torch.autograd.grad(y.sum(), w)[0] for y in (mine, right))
    torch.testing.assert_close(a, b)


def test_parameters_are_leaves_with_gradients(far):
    theirs, ours = here(far)
    weights = dict(theirs.named_parameters())
    assert list(weights) == ["fc.weight", "fc.bias", "out.weight", "out.bias"]
    assert all(isinstance(p, torch.nn.Parameter) for p in weights.values())
    x = torch.randn(2, 3)
    theirs(x, scale=2.0).square().sum().backward()
    ours(x, scale=2.0).square().sum().backward()
    for name, right in ours.named_parameters():
        torch.testing.assert_close(weights[name].grad, right.grad)
    assert theirs.fc.weight is weights["fc.weight"], "one object is one leaf"


def test_parameters_fetched_after_the_way_back_have_their_gradients(far):
    theirs, ours = here(far)
    x = torch.randn(2, 3, requires_grad=True)
    theirs(x).sum().backward()
    slope = x.grad.clone()
    x.grad = None
    ours(x).sum().backward()
    torch.testing.assert_close(slope, x.grad)
    for mine, right in zip(theirs.parameters(), ours.parameters(), strict=True):
        torch.testing.assert_close(mine.detach(), right.detach())
        torch.testing.assert_close(mine.grad, right.grad)
    theirs.zero_grad()
    assert theirs.fc.weight.grad is None


def test_values_of_parameters_cross_when_they_are_asked_for_only(far, peers):
    theirs, _ = here(far)
    theirs(torch.ones(1, 3)).sum().backward()
    shared = peers.graphs.leaves.values()
    assert len(shared) == 4
    assert all(one.told is None for one in shared)
    bias = theirs.fc.bias
    assert [one.tensor is bias for one in shared if one.told is not None] == [True]


def test_what_is_written_into_a_parameter_is_written_there(far):
    theirs, _ = here(far)
    x = torch.randn(2, 3)
    weights = list(theirs.parameters())
    with torch.no_grad():
        for weight in weights:
            weight.fill_(0.25)
        theirs.out.bias[1] = 3.0
    hidden = torch.tanh(x.sum(1, keepdim=True) / 4 + 0.25)
    want = (hidden + torch.tensor([0.25, 3.0, 0.25])).detach()
    torch.testing.assert_close(theirs(x).detach(), want)
    weights[0].data.zero_()  # leaves no trace in its version
    assert theirs.fc.weight.count_nonzero() == 0


def test_an_optimizer_here_trains_a_model_there(far):
    theirs, ours = here(far)
    x, y = torch.randn(8, 3), torch.randn(8, 3)
    losses = []
    for net in (theirs, ours):
        way = torch.optim.Adam(net.parameters(), lr=0.1)
        for _ in range(5):
            way.zero_grad()
            loss = F.mse_loss(net(x), y)
            loss.backward()
            way.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_what_is_done_to_parameters_there_is_seen_here(far):
    theirs, ours = here(far)
    weights = list(theirs.parameters())
    far.steps(theirs, 0.1)
    ours(torch.ones(1, 3)).sum().backward()
    for mine, right in zip(weights, ours.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, right.grad)
        torch.testing.assert_close(mine.data, right.data - 0.1 * right.grad)
    before = weights[0].detach().clone()
    far.lifted(theirs)
    torch.testing.assert_close(weights[0].detach(), before + 1)


def test_a_parameter_handed_back_is_the_one_over_there(far):
    theirs, _ = here(far)
    weight = far.weight_of(theirs)
    before = weight.detach().clone()
    far.add_to(weight)
    torch.testing.assert_close(weight.detach(), before + 1)
    torch.testing.assert_close(theirs.fc.weight.detach(), before + 1)
    slope = torch.autograd.grad(far.scaled(torch.ones(4, 3), weight).sum(), weight)[0]
    torch.testing.assert_close(slope, torch.ones(4, 3))


def test_results_within_containers_are_connected(far):
    theirs, ours = here(far)
    x = torch.randn(2, 3, requires_grad=True)
    for mine, right in (theirs.both(x), ours.both(x)), (theirs.both(x),) * 2:
        total = [a.sin().sum() + b["twice"][0].sum() for a, b in (mine, right)]
        a, b = (torch.autograd.grad(one, x)[0] for one in total)
        torch.testing.assert_close(a, b)


def test_slopes_are_given_as_well_and_numbers_may_be_complex(far):
    x, w = torch.randn(2, 2, 3, dtype=torch.complex64).requires_grad_()
    x = x.detach().requires_grad_()
    slope = torch.tensor([1 - 2j, 0.5j])
    mine = torch.autograd.grad(far.scaled(x, w), [x, w], slope)
    want = torch.autograd.grad((x * w).sum(-1), [x, w], slope)
    for a, b in zip(mine, want, strict=True):
        torch.testing.assert_close(a, b)


def test_what_does_not_depend_has_no_gradient(far):
    x = torch.ones(2, requires_grad=True)
    y = torch.ones(2, requires_grad=True)
    assert not far.cut(x).requires_grad
    result = far.partly(x, y)
    slopes = torch.autograd.grad(result.sum(), [x, y], allow_unused=True)
    assert slopes[0].tolist() == [2, 2]
    assert slopes[1] is None
    assert far.itself(x) is x


def test_a_check_that_demands_gradients_tells_who_cut_them(far):
    x = torch.ones(2, requires_grad=True)
    expect.gradient(far.partly(x, x), x)
    with pytest.raises(CheckFailed):
        expect.gradient(far.cut(x), x)
    net = far.Net(3, 4)
    expect.gradient(net(torch.randn(2, 3)), net.parameters())
    with pytest.raises(CheckFailed):
        alone = far.Alone(3, 4)
        x = torch.ones(2, 3, requires_grad=True)
        expect.gradient(alone(x), [x, *alone.parameters()])


def test_gradients_flow_through_a_function_that_is_handed_over(far):
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    torch.testing.assert_close(far.through(lambda x: x**3, x), 3 * x.detach() ** 2)


def test_the_tests_own_parameters_are_not_shared(far, peers):
    secret = torch.nn.Linear(2, 2)
    x = torch.ones(1, 2, requires_grad=True)
    slope = far.through(secret, x)
    torch.testing.assert_close(slope, secret.weight.detach().sum(0, keepdim=True))
    assert not peers.learner.graphs.leaves
    assert not peers.graphs.leaves


def test_no_gradient_is_wanted_where_none_is(far):
    assert far.mode() is True
    with torch.no_grad():
        assert far.mode() is False
        assert not far.Net(3, 4)(torch.ones(1, 3)).requires_grad
    assert far.mode() is True


def test_a_wrong_gradient_is_a_wrong_answer(far):
    x = torch.ones(2, requires_grad=True)
    assert torch.autograd.grad(far.wrong(x).sum(), x)[0].tolist() == [7, 7]
    with pytest.raises(ValueError, match="no way back"):
        far.fails(x).sum().backward()


def test_second_derivatives_do_not_cross_and_say_so(far):
    x = torch.ones(2, requires_grad=True)
    (slope,) = torch.autograd.grad(far.partly(x, x).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError):
        slope.square().sum().backward()


def test_a_new_check_begins_without_graphs(far, peers):
    net = far.Net(3, 4)
    x = torch.ones(2, 3, requires_grad=True)
    result, weight = net(x), net.fc.weight
    assert weight.shape == (4, 3)
    peers.begin()
    for side in (peers, peers.learner):
        assert not side.graphs.kept
        assert not side.graphs.leaves
    with pytest.raises(RemoteError, match="not kept"):
        result.sum().backward()


def test_a_graph_is_kept_as_long_as_its_result_is_needed(far, peers):
    kept = peers.learner.graphs.kept
    x = torch.ones(2, requires_grad=True)
    total = far.partly(x, x).sum()  # needs the first, though nothing names it
    other = far.partly(x, x)
    assert len(kept) == 2
    del other
    far.mode()
    assert len(kept) == 1
    assert torch.autograd.grad(total, x)[0].tolist() == [2, 2]
    del total
    far.mode()
    assert not kept


def test_parameters_of_another_kind_are_told_of_and_end_nothing(far):
    net = far.Net(3, 4)
    assert net.fc.weight.dtype is torch.float32
    with pytest.raises(SerializationError, match="shape or kind"):
        far.doubled(net)
    other = far.Net(3, 4)
    assert other.fc.weight.grad is None
    with pytest.raises((RemoteError, RuntimeError, NotImplementedError)):
        far.sparse(other)


def test_no_more_graphs_are_kept_than_may_be(far, monkeypatch):
    monkeypatch.setattr(graphs, "MOST", 8)
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(RemoteError, match="gradients could flow"):
        _ = [far.partly(x, x) for _ in range(9)]


def test_types_that_end_a_process_do_not_cross(far):
    with pytest.raises(RemoteError, match="qint8"):
        far.quantised()


# What a hostile process may say

TENSOR = serialization.packed_tensor(torch.ones(2)) | {"grad": True}


def says(*answers):
    """An examiner to whom these messages come, whatever it asks."""
    one, other = socket.socketpair()
    for answer in answers:
        messages.send(other, answer)
    examiner = Peer(one)
    examiner.keep = other  # or the line would close
    return examiner


@pytest.mark.parametrize(
    "told",
    [
        {"graph": 0, "sources": [{"given": 99}]},
        {"graph": 0, "sources": [{"given": 0}]},  # the list of arguments
        {"graph": 0, "sources": [{}]},
        {"graph": 0, "sources": 3},
        {"graph": "x", "sources": []},
        {"graph": 0},
        {"graph": 0, "sources": [{"leaf": 1}]},
        *(
            {
                "graph": 0,
                "sources": [{"leaf": 1, "parameter": False, "type": "float32", **form}],
            }
            for form in (
                {"shape": [2**40]},
                {"shape": [-1]},
                {"shape": "ab"},
                {"shape": [2], "type": "int64"},
                {"shape": [2], "type": "qint8"},
                {"shape": [2], "type": "load"},
            )
        ),
        {"leaf": "x"},
        {"leaf": None},
        {"leaf": 1, "slope": 3},
    ],
    ids=lambda told: json.dumps(told)[:60],
)
def test_a_history_that_is_none_is_refused(told):
    examiner = says({"answer": {"tensor": TENSOR | told}})
    with pytest.raises(SerializationError):
        examiner.call(1, "__call__", [torch.ones(2, requires_grad=True)], {})


GRAPH = {"graph": 0, "sources": [{"given": 2}]}  # the arguments, the list, the tensor


@pytest.mark.parametrize(
    "slopes",
    [
        3,
        {"list": []},
        {"list": [3]},
        {"list": ["x", None]},
        {"list": [{"tensor": TENSOR | {"shape": [2, 1]}}]},
        {"list": [{"tensor": TENSOR | {"type": "qint8"}}]},
        {"list": [{"object": 3, "kind": "Tensor"}]},
    ],
    ids=json.dumps,
)
def test_a_gradient_that_is_none_is_refused(slopes):
    x = torch.ones(2, requires_grad=True)
    examiner = says({"answer": {"tensor": TENSOR | GRAPH}}, {"answer": slopes})
    result = examiner.call(1, "__call__", [[x]], {})
    with pytest.raises((SerializationError, RuntimeError)):
        result.sum().backward()
    assert x.grad is None


@pytest.mark.parametrize(
    "leaves",
    [
        3,
        [3],
        [[99, {"value": TENSOR}]],
        [[1, {"value": TENSOR | {"shape": [1, 2]}}]],
        [[1, {"value": TENSOR | {"type": "int8", "data": "AAA="}}]],
        [[1, {"slope": TENSOR | {"shape": [1, 2]}}]],
        [[1, {"slope": 3}]],
        [[[], {}]],
    ],
    ids=lambda told: json.dumps(told)[:60],
)
def test_a_change_that_is_none_is_refused(leaves):
    leaf = {"answer": {"tensor": TENSOR | {"leaf": 1}}}
    examiner = says(leaf, {"answer": 1, "leaves": leaves})
    weight = examiner.fetch("weight")
    with pytest.raises(SerializationError):
        examiner.fetch("x")
    assert weight.tolist() == [1, 1]
    assert weight.grad is None


def test_only_the_learners_own_leaves_can_be_written_by_it(peers):
    """What the tests hold themselves has no number that a message could name."""
    mine = torch.nn.Parameter(torch.ones(2))
    message = {"answer": 1, "leaves": [[id(mine), {"value": TENSOR}]]}
    with pytest.raises(SerializationError, match="not shared"):
        says(message).call(1, "__call__", [mine], {})
    assert isinstance(peers.fetch("Net"), RemoteObject)
