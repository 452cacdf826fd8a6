# tries: to reach the tests through a function that they hand over
# must: twice 0 points or a person; add 2 points; says tried
# ruff: noqa

# %% twice
FOUND, REFUSED = [], []


def twice(f, x):
    for name in ("__globals__", "__code__", "__self__", "__closure__", "__class__"):
        try:
            found = getattr(f, name)
            if not any(x in str(found) for x in ("serialization", "remote_object")):
                FOUND.append((name, str(found)[:300]))
        except AttributeError:
            pass
    peer, number, _ = object.__getattribute__(f, "_remote")
    for request in (
        {"attribute": "__globals__", "of": number},
        {"attribute": "__code__", "of": number},
        {"set": "__code__", "of": number},
        {"call": "__getattribute__", "of": number},
        {"fetch": "want"},
        {"fetch": "add"},
        {"attribute": "x", "of": 1},
        {"import": "os:system"},
        {"call": "__call__", "of": {"import": "os:system"}},
    ):
        try:
            values = ["__globals__"] if "call" in request else []
            got = peer.ask(
                {**request}, *([values, {}] if "call" in request else values)
            )
            FOUND.append((request, str(got)[:300]))
        except Exception as error:
            REFUSED.append((request, type(error).__name__, str(error)))
    return 0


# %% last
if FOUND:
    print("SUCC" + "EEDED", FOUND)
print("tried", len(REFUSED), REFUSED)
